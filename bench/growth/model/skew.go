package model

import (
	"math"
	"math/rand/v2"
	"slices"
)

// HottestUniform returns the share of the hottest of so many shards when all
// targets are equally popular: balls into bins. The fullest bin holds some
// n/s + sqrt(2·n/s·ln s) of n balls where n is well above s·ln s (Raab and Steger,
// "Balls into Bins – A Simple and Tight Analysis", 1998).
func HottestUniform(targets, shards int) float64 {
	mean := float64(targets) / float64(shards)
	most := mean + math.Sqrt(2*mean*math.Log(float64(shards)))
	return min(1, most/float64(targets))
}

// hashes is how many random placings a share is the mean of.
const hashes = 32

// HottestZipf returns the same where the target of rank k is drawn with a
// probability proportional to 1/k^exponent, by placing the targets at random.
func HottestZipf(targets int, exponent float64, shards int) float64 {
	weights := make([]float64, targets)
	total := 0.0
	for k := range weights {
		weights[k] = math.Pow(float64(k+1), -exponent)
		total += weights[k]
	}
	return placed(weights, shards) / total
}

// placed returns the mean weight of the heaviest bin. It is the same every time.
func placed(weights []float64, bins int) float64 {
	rng := rand.New(rand.NewPCG(1, 2))
	sum := 0.0
	for range hashes {
		loads := make([]float64, bins)
		for _, w := range weights {
			loads[rng.IntN(bins)] += w
		}
		sum += slices.Max(loads)
	}
	return sum / hashes
}

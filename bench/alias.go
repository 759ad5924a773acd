package bench

import (
	"math"
	"math/bits"
)

// alias draws from weighted choices in constant time, by Walker's method: it
// has as many columns of equal width as there are choices, and each column
// belongs in its lower part to its own choice and above to one other. Immutable.
//
// The weights are integers, so that a choice of weight 0 is never drawn:
// fractions leave columns over that rounding has neither filled nor emptied.
type alias []column

type column struct {
	own   uint64 // draws below this, out of 2^64, are the column's own choice
	other uint32
}

// newAlias makes the columns for the given weights. It panics unless their sum
// is positive, and their largest times their number is below 2^64.
func newAlias(weights []uint64) alias {
	n := uint64(len(weights))
	full := uint64(0) // a column's height in units of 1/n of a weight
	for _, w := range weights {
		full += w
	}
	if full == 0 {
		panic("bench: the weights are all 0")
	}
	height := make([]uint64, n) // what of a choice is not in columns yet
	var short, tall []uint32
	for i, w := range weights {
		if height[i] = w * n; height[i] < full {
			short = append(short, uint32(i))
		} else {
			tall = append(tall, uint32(i))
		}
	}
	a := make(alias, n)
	for len(short) > 0 { // then there is one that is taller than full, as the mean is full
		s, t := short[len(short)-1], tall[len(tall)-1]
		short = short[:len(short)-1]
		own, _ := bits.Div64(height[s], 0, full)
		a[s] = column{own: own, other: t}
		if height[t] -= full - height[s]; height[t] < full {
			tall = tall[:len(tall)-1]
			short = append(short, t)
		}
	}
	for _, t := range tall { // exactly full
		a[t] = column{own: math.MaxUint64, other: t}
	}
	return a
}

// pick turns a random word into a choice. It does not branch on the word: a
// branch taken at random costs more than the rest.
func (a alias) pick(word uint64) uint64 {
	i, within := bits.Mul64(word, uint64(len(a)))
	c := a[i]
	_, own := bits.Sub64(within, c.own, 0) // 1 if within < c.own
	other := uint64(c.other)
	return other ^ (i^other)&-own
}

// newZipf makes an alias of n choices in which the k-th, from 1, has a
// probability proportional to 1/k^exponent. Weights are rounded to 1/2^32 of
// the first one's; what comes out as 0 is not drawn.
//
// math/rand/v2 has a generator without a table, but only for exponents above
// 1, while measured systems lie around and below it.
func newZipf(n int, exponent float64) alias {
	weights := make([]uint64, n)
	for k := range weights {
		weights[k] = uint64(math.Round(math.Pow(float64(k+1), -exponent) * (1 << 32)))
	}
	return newAlias(weights)
}

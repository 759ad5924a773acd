package fuzz

import (
	"context"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Adversaries see the public face only, and use it against others.

var background = context.Background()

// startEngine makes an engine that ends with the test.
func startEngine(t testing.TB, config engine.Config) *engine.Engine {
	t.Helper()
	e, err := engine.New(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Stop(background)) })
	return e
}

// abandon stops an engine without waiting for windows.
func abandon(e *engine.Engine) {
	ctx, cancel := context.WithCancel(background)
	cancel()
	_ = e.Stop(ctx)
}

// numbered returns the nth target of a kind.
func numbered(kind byte, n uint64) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[8:], n)
	id[0] = kind
	return id
}

const spreadShards = 8

// chosen returns target IDs that meet in the first of eight shards if the hash of a
// target has no secret, whether shards are told apart by the remainder of the hash
// or by its upper bits. That takes 64 trials each.
func chosen(n int) (ids []uuid.UUID) {
	for i := uint64(0); len(ids) < n; i++ {
		id := numbered(0xad, i)
		sum := xxhash.Sum64(id[:])
		if high, _ := bits.Mul64(sum, spreadShards); high == 0 && sum%spreadShards == 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

// loads stages an operation for each target and returns how many came to each shard.
func loads(t *testing.T, seed uint64, ids []uuid.UUID) []int {
	t.Helper()
	e, err := engine.New(engine.Config{Shards: spreadShards, HashSeed: seed, Window: time.Hour})
	require.NoError(t, err)
	defer abandon(e)
	counts := make([]int, spreadShards)
	for _, id := range ids {
		op, err := e.Stage(&engine.Bid{Target: id})
		require.NoError(t, err)
		counts[op.Shard]++
	}
	return counts
}

// chiSquare measures how far counts are from equal ones.
func chiSquare(counts []int) (sum float64) {
	total := 0
	for _, n := range counts {
		total += n
	}
	want := float64(total) / float64(len(counts))
	for _, n := range counts {
		sum += (float64(n) - want) * (float64(n) - want) / want
	}
	return sum
}

// spreadLimit is exceeded by the chi-square of an even distribution over eight shards
// (seven degrees of freedom) once in 7.3 million times. Seeds are fixed, so that it is
// exceeded now or never.
const spreadLimit = 45

// 30,000 target IDs that somebody chose to meet in one shard, or that are numbered,
// or that differ in a few bits only, are spread over all of them by each of many
// seeds.
func TestChosenTargetsSpread(t *testing.T) {
	const targets = 30_000
	families := map[string][]uuid.UUID{"chosen": chosen(targets)}
	for i := range uint64(targets) {
		var low, high, sparse uuid.UUID
		binary.BigEndian.PutUint64(low[8:], i+1)
		binary.LittleEndian.PutUint64(high[:], i<<48)
		high[15] = 1
		for bit := range 15 { // 15 bits far apart
			if i>>bit&1 == 1 {
				sparse[bit] = 0x80
			}
		}
		sparse[15] = 1
		families["numbered"] = append(families["numbered"], low)
		families["upper bits"] = append(families["upper bits"], high)
		families["one bit a byte"] = append(families["one bit a byte"], sparse)
	}
	for name, ids := range families {
		rng, worst := rand.New(rand.NewPCG(1, 1)), 0.0
		for range 3 {
			seed := rng.Uint64()
			counts := loads(t, seed, ids)
			worst = max(worst, chiSquare(counts))
			require.LessOrEqual(t, chiSquare(counts), float64(spreadLimit), "%s, seed %d: %v", name, seed, counts)
		}
		t.Logf("%s: chi-square at most %.1f", name, worst)
	}
}

// Without a seed an engine has a secret of its own: what somebody has learnt about
// one engine's shards does not hold for another one. That two agree about 200
// targets by chance happens once in 8^200 times.
func TestSecretsDiffer(t *testing.T) {
	e, other := startEngine(t, engine.Config{Shards: spreadShards}), startEngine(t, engine.Config{Shards: spreadShards})
	same := 0
	for i := range uint64(200) {
		a, err := e.Stage(&engine.Bid{Target: numbered(1, i), Window: 1})
		require.NoError(t, err)
		b, err := other.Stage(&engine.Bid{Target: numbered(1, i), Window: 1})
		require.NoError(t, err)
		if a.Shard == b.Shard {
			same++
		}
	}
	require.Less(t, same, 200)
}

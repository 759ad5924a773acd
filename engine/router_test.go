package engine_test

import (
	"testing"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// shardsOf returns where an engine with a hash seed puts some targets.
func shardsOf(t *testing.T, seed uint64, targets []uuid.UUID) (shards []uint32) {
	e := newEngine(t, engine.Config{Shards: 4, HashSeed: seed})
	for _, id := range targets {
		op, err := e.Stage(&engine.Bid{Target: id})
		require.NoError(t, err)
		shards = append(shards, op.Shard)
	}
	return shards
}

// Whoever knows where targets go under one seed, and picks those that meet in one
// shard, must not have them meet under another: neither of two seeds, nor of the
// random one of an engine without.
func TestRoutingDependsOnTheSeed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var targets []uuid.UUID
		for n := range 400 {
			targets = append(targets, target(n))
		}
		shards := shardsOf(t, 1, targets)
		require.Equal(t, shards, shardsOf(t, 1, targets), "a seed makes routing repeatable")
		var chosen []uuid.UUID
		for i, shard := range shards {
			if shard == 0 {
				chosen = append(chosen, targets[i])
			}
		}
		require.Greater(t, len(chosen), 50)
		for _, seed := range []uint64{2, 1 << 63, 0} {
			meet := map[uint32]int{}
			for _, shard := range shardsOf(t, seed, chosen) {
				meet[shard]++
			}
			for shard := range uint32(4) {
				require.Greater(t, meet[shard], len(chosen)/16, "shard %d, seed %d: %v", shard, seed, meet)
			}
		}
	})
}

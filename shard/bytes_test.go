package shard

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// Bytes is the sum of what a core holds, and a plain window holds nothing that
// only rules need.
func TestCoreBytes(t *testing.T) {
	stage := func(core *Core, n int, rules uint8) int {
		for i := range n {
			core.Stage(&Op{Target: target(1), At: unstamped, Terms: NewTerms(1, rules)}, uint64(i), 0)
		}
		return core.Bytes()
	}
	groups, chunks := int(unsafe.Sizeof(page[group]{})), int(unsafe.Sizeof(page[chunk]{}))
	mores, table := int(unsafe.Sizeof([pageItems]more{})), 8*tableMin

	require.Zero(t, NewCore(CoreConfig{}).Bytes())
	require.Equal(t, groups+table, stage(NewCore(CoreConfig{}), chunkItems, 0))
	require.Equal(t, groups+table+chunks, stage(NewCore(CoreConfig{}), chunkItems+1, 0))
	require.Equal(t, groups+table+mores, stage(NewCore(CoreConfig{Rules: []Rules{{Size: 5}}}), 1, 1))
	limited := NewCore(CoreConfig{Limit: 5})
	bytes := stage(limited, 1, 0)
	require.Equal(t, groups+table+mores+cap(limited.ranks.heap)*int(unsafe.Sizeof(rank{})), bytes)
	require.NotZero(t, cap(limited.ranks.heap))
}

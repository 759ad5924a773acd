package shard

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A group is a list of its operations, whatever chunks and rows they lie in: held
// against a slice.
func TestGroupsAgainstSlices(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		core := NewCore(CoreConfig{})
		groups := [][]uint64{{}, {}, {}}
		indices := make([]uint32, len(groups))
		for i := range indices {
			indices[i], _ = core.groups.alloc()
		}
		id := uint64(0)
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			n := rapid.IntRange(0, len(groups)-1).Draw(rt, "group")
			g := core.groups.at(indices[n])
			if len(groups[n]) > 0 && rapid.Bool().Draw(rt, "remove") {
				// Those that are withdrawn are left behind the others first, as gather
				// leaves them.
				lost := rapid.IntRange(0, len(groups[n])-1).Draw(rt, "lost")
				groups[n] = groups[n][:len(groups[n])-lost]
				g.count -= uint32(lost)
				for range rapid.IntRange(1, min(30, len(groups[n]))).Draw(rt, "removals") {
					k := rapid.IntRange(0, len(groups[n])-1).Draw(rt, "which")
					m := core.membersOf(g)
					for range k {
						m.advance()
					}
					core.remove(g, m.place)
					groups[n] = slices.Delete(groups[n], k, k+1)
				}
			} else {
				for range rapid.IntRange(1, 60).Draw(rt, "appended") {
					id++
					at := core.append(g, nil, id, int32(id))
					require.Equal(rt, id, core.at(g, at).ID)
					groups[n] = append(groups[n], id)
				}
			}
			for i := range groups {
				require.Equal(rt, groups[i], idsOf(core, core.groups.at(indices[i])))
			}
		}
		for _, i := range indices {
			core.release(i, core.groups.at(i))
		}
		require.Zero(rt, core.groups.live+core.chunks.singles.live+core.chunks.rows.live)
	})
}

func idsOf(c *Core, g *group) (ids []uint64) {
	ids = []uint64{}
	for m := c.membersOf(g); m.left > 0; m.advance() {
		s := m.standing()
		if uint64(s.Priority) != s.ID {
			panic(fmt.Sprintf("priority %d beside ID %d", s.Priority, s.ID))
		}
		ids = append(ids, s.ID)
	}
	return ids
}

// Rows are for large groups: they begin behind some single chunks and lie side by
// side.
func TestLargeGroupsLieInRows(t *testing.T) {
	core := NewCore(CoreConfig{})
	index, g := core.groups.alloc()
	for i := range rowsFrom {
		core.append(g, nil, uint64(i), 0)
	}
	require.Zero(t, core.chunks.rows.live)
	before := core.chunks.singles.live
	core.append(g, nil, 0, 0)
	first := core.chunks.at(g.last - 1)
	for range (rowChunks - 1) * chunkItems {
		core.append(g, nil, 0, 0)
	}
	require.Equal(t, 1, core.chunks.rows.live)
	require.Equal(t, before, core.chunks.singles.live)
	last := core.chunks.at(g.last - 1)
	require.Equal(t, uintptr(rowChunks-1)*unsafe.Sizeof(chunk{}), uintptr(unsafe.Pointer(last))-uintptr(unsafe.Pointer(first)))
	core.release(index, g)
}

// How the owner looks ahead decides nothing: neither the operations of a run nor
// the contenders of a batch need be such that there is something to look at.
func TestLookingAheadIsHarmless(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var now int64
	told := map[uint64]int{}
	s := New(Config{RingSize: 1 << 12, Now: func() int64 { return now }})
	var tickets [3000]countedTicket
	for i := range tickets {
		k := rng.Uint64N(1 + uint64(i))
		op := Op{Target: target(k), Hash: uint32(k) << 8, Terms: NewTerms(1, 0)}
		if i%3 > 0 {
			tickets[i] = countedTicket{id: uint64(i), told: told}
			tickets[i].To = &tickets[i]
			op.Ticket = &tickets[i].Ticket
		}
		_, err := s.Stage(&op)
		require.NoError(t, err)
		if i%700 == 0 {
			s.look()
		}
	}
	s.look()
	now += int64(Tick)
	s.look()
	require.Len(t, told, 2000)
	for id, n := range told {
		require.Equal(t, 1, n, id)
	}
	require.Zero(t, s.owner.core.Staged())
}

type countedTicket struct {
	Ticket
	id   uint64
	told map[uint64]int
}

func (c *countedTicket) Decided(*Verdict) { c.told[c.id]++ }

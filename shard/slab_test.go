package shard

import (
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// The layouts that the costs in the comments rest on.
func TestSizes(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("sizes of 64-bit machines")
	}
	require.Equal(t, 40, newIntake(1, 0).Bytes(), "a slot of the ring")
	require.EqualValues(t, 128, unsafe.Sizeof(group{}))
	require.EqualValues(t, 64, unsafe.Sizeof(chunk{}))
	require.EqualValues(t, 64, unsafe.Offsetof(group{}.first), "the second cache line")
}

// slabRun is a slab of numbers beside its oracle, a map.
type slabRun struct {
	t       failer
	slab    slab[uint64]
	want    map[uint32]uint64
	indices []uint32 // keys of want
	made    uint64
}

func newSlabRun(t failer) *slabRun { return &slabRun{t: t, want: map[uint32]uint64{}} }

func (r *slabRun) alloc() {
	i, v := r.slab.alloc()
	if _, taken := r.want[i]; taken || *v != 0 || v != r.slab.at(i) {
		r.t.Fatalf("record %d: handed out twice %t, holds %d", i, taken, *v)
	}
	r.made++
	*v, r.want[i] = r.made, r.made
	r.indices = append(r.indices, i)
}

// release takes the nth of the live records back.
func (r *slabRun) release(n int) {
	i := r.indices[n]
	r.indices[n] = r.indices[len(r.indices)-1]
	r.indices = r.indices[:len(r.indices)-1]
	if got := *r.slab.at(i); got != r.want[i] {
		r.t.Fatalf("record %d holds %d, want %d", i, got, r.want[i])
	}
	delete(r.want, i)
	r.slab.release(i)
}

// check compares all there is, and that memory is in proportion to use.
func (r *slabRun) check() {
	for i, v := range r.want {
		if got := *r.slab.at(i); got != v {
			r.t.Fatalf("record %d holds %d, want %d", i, got, v)
		}
	}
	require.Equal(r.t, len(r.want), r.slab.live)
	r.slab.age()
	r.slab.age()
	used, spare := 0, 0
	for n, p := range r.slab.pages {
		switch {
		case p == nil:
		case r.slab.usages[n].live > 0:
			used++
		default:
			spare++
		}
	}
	require.Equal(r.t, used, r.slab.used)
	require.Equal(r.t, spare, r.slab.spare)
	require.LessOrEqual(r.t, spare, 1+used/4, "spare pages beside %d in use", used)
}

func TestSlabAgainstMap(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		run := newSlabRun(t)
		for range 20 {
			goal := rng.IntN(6 * pageItems) // grow or shrink to there, unevenly
			for len(run.indices) != goal {
				if grow := len(run.indices) < goal; grow != (rng.IntN(4) == 0) {
					run.alloc()
				} else if len(run.indices) > 0 {
					run.release(rng.IntN(len(run.indices)))
				}
			}
			run.check()
		}
	}
}

// After a burst the memory goes back, in whatever order its records do.
func TestSlabGivesMemoryBack(t *testing.T) {
	const pages = 300
	for name, arrange := range map[string]func([]uint32){
		"first to last": func([]uint32) {},
		"last to first": slices.Reverse[[]uint32],
		"shuffled": func(s []uint32) {
			rand.New(rand.NewPCG(1, 2)).Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
		},
	} {
		t.Run(name, func(t *testing.T) {
			var s slab[uint64]
			indices := make([]uint32, 0, pages*pageItems)
			for range pages * pageItems {
				i, _ := s.alloc()
				indices = append(indices, i)
			}
			require.Equal(t, pages, s.used)
			arrange(indices)
			for _, i := range indices {
				s.release(i)
			}
			s.age()
			s.age()
			held := 0
			for _, p := range s.pages {
				if p != nil {
					held++
				}
			}
			require.LessOrEqual(t, held, 1, "pages held by an empty slab")
			require.LessOrEqual(t, cap(s.usages), 2*keptPages, "and what is known of them")
			require.Zero(t, s.live)
		})
	}
}

// Records made one after another lie side by side: the open page is filled
// first, then the lowest one with room.
func TestSlabFillsFromBelow(t *testing.T) {
	var s slab[uint64]
	for want := range uint32(3 * pageItems) {
		i, _ := s.alloc()
		require.Equal(t, want, i)
	}
	s.release(7)
	s.release(pageItems + 1)
	s.release(2*pageItems + 1)
	for _, want := range []uint32{2*pageItems + 1, 7, pageItems + 1, 3 * pageItems} {
		i, _ := s.alloc()
		require.Equal(t, want, i)
	}
}

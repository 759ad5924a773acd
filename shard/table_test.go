package shard

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// tableRun is a table beside its oracle, a map.
type tableRun struct {
	t      failer
	groups slab[group]
	table  table
	want   map[uuid.UUID]uint32
	hash   func(n uint64) uint32
}

func newTableRun(t failer, hash func(uint64) uint32) *tableRun {
	return &tableRun{t: t, want: map[uuid.UUID]uint32{}, hash: hash}
}

// target makes the nth target; the 0th is the zero UUID.
func target(n uint64) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[8:], n)
	return id
}

// toggle inserts the nth target, or removes it if it is there.
func (r *tableRun) toggle(n uint64) {
	id, hash := target(n), r.hash(n)&^hashFlags
	index, ok := r.table.find(&id, hash, &r.groups)
	want, exists := r.want[id]
	if ok != exists || index != want {
		r.t.Fatalf("target %d: found %t at %d, want %t at %d", n, ok, index, exists, want)
	}
	if exists {
		r.table.remove(hash, index)
		r.groups.release(index)
		delete(r.want, id)
		return
	}
	index, g := r.groups.alloc()
	g.target = id
	r.table.insert(hash, index)
	r.want[id] = index
}

// check looks up targets 0 to n-1 and the table's fill.
func (r *tableRun) check(n uint64) {
	for i := range n {
		id := target(i)
		index, ok := r.table.find(&id, r.hash(i)&^hashFlags, &r.groups)
		if want, exists := r.want[id]; ok != exists || index != want {
			r.t.Fatalf("target %d: found %t at %d, want %t at %d", i, ok, index, exists, want)
		}
	}
	r.table.age()
	r.table.age()
	live, cells := len(r.want), len(r.table.cells)
	require.Equal(r.t, live, r.table.live)
	require.LessOrEqual(r.t, 4*live, 3*cells, "fuller than three quarters")
	if cells > tableMin {
		require.GreaterOrEqual(r.t, 8*live, cells, "emptier than an eighth")
	}
}

// tableHashes go from good to the worst an attacker could choose.
var tableHashes = map[string]func(uint64) uint32{
	"spread":        func(n uint64) uint32 { return uint32(n * 0x9e3779b97f4a7c15 >> 32) },
	"runs":          func(n uint64) uint32 { return uint32(n/4) << 1 },
	"across end":    func(n uint64) uint32 { return -uint32(n%5) << 1 },
	"few":           func(n uint64) uint32 { return uint32(n%3) << 6 },
	"all in one":    func(uint64) uint32 { return 0xfffffffe },
	"only the flag": func(n uint64) uint32 { return uint32(n % 2) },
}

func TestTableAgainstMap(t *testing.T) {
	for name, hash := range tableHashes {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(5) {
				rng := rand.New(rand.NewPCG(seed, 2))
				run := newTableRun(t, hash)
				for range 40 {
					targets := 1 + rng.Uint64N(300) // few: mostly removed again
					for range 100 {
						run.toggle(rng.Uint64N(targets))
					}
					run.check(300)
				}
			}
		})
	}
}

// After a burst the memory goes back.
func TestTableShrinks(t *testing.T) {
	const targets = 100_000
	run := newTableRun(t, tableHashes["spread"])
	for n := range uint64(targets) {
		run.toggle(n)
	}
	run.check(targets)
	for n := range uint64(targets) {
		run.toggle(n)
	}
	run.check(10)
	require.Len(t, run.table.cells, tableMin)
}

// FuzzTable toggles one target per byte; the first byte chooses how many hash
// values there are.
func FuzzTable(f *testing.F) {
	f.Add([]byte{3, 1, 2, 3, 2, 1, 3})
	f.Add([]byte{0, 10, 20, 30, 40, 10, 30, 20, 40})
	f.Add([]byte{255, 0, 0, 255, 255})
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) == 0 {
			return
		}
		mask := uint32(program[0])
		run := newTableRun(t, func(n uint64) uint32 { return -(uint32(n) & mask) << 1 })
		for _, n := range program[1:] {
			run.toggle(uint64(n))
		}
		run.check(256)
	})
}

package engine_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// begin begins and must be accepted.
func begin(t *testing.T, l *engine.Lineage, id uuid.UUID, own engine.Priority, parents ...uuid.UUID) engine.Priority {
	t.Helper()
	p, err := l.Begin(id, own, parents...)
	require.NoError(t, err)
	return p
}

// cyclic begins and must be refused with the given cycle, leaving nothing behind.
func cyclic(t *testing.T, l *engine.Lineage, path []uuid.UUID, parents ...uuid.UUID) error {
	t.Helper()
	before := l.Len()
	_, err := l.Begin(path[0], engine.Critical, parents...)
	var cycle *engine.CycleError
	require.ErrorAs(t, err, &cycle)
	require.ErrorIs(t, err, engine.ErrInvalid)
	require.Equal(t, path, cycle.Path)
	require.Equal(t, before, l.Len(), "nothing stays behind")
	return err
}

func TestInheritance(t *testing.T) {
	a, b, c, d, unknown := target(1), target(2), target(3), target(4), target(5)
	l := new(engine.Lineage)
	require.Equal(t, engine.High, begin(t, l, a, engine.High))
	require.Equal(t, engine.High, begin(t, l, b, engine.Low, a), "from its parent")
	require.Equal(t, engine.High, begin(t, l, c, engine.Background, b), "from its grandparent, through its parent")
	require.Equal(t, engine.Critical, begin(t, l, d, engine.Critical, a, b), "its own is higher")
	require.Equal(t, engine.Critical, begin(t, l, target(6), engine.Low, c, d, a), "the highest of all")
	require.Equal(t, engine.Low, begin(t, l, target(7), engine.Low, unknown), "unknown passes nothing on")
	require.Equal(t, engine.Priority(math.MinInt32), begin(t, l, target(8), math.MinInt32, unknown))
	require.Equal(t, engine.High, begin(t, l, target(9), -1, unknown, a, a, uuid.Nil))
}

// A parent that comes later or ends changes nothing about its child.
func TestInheritanceIsAtBegin(t *testing.T) {
	parent, child := target(1), target(2)
	l := new(engine.Lineage)
	begin(t, l, child, engine.Low, parent)
	begin(t, l, parent, engine.Critical)
	require.Equal(t, engine.Low, begin(t, l, target(3), 0, child), "not raised afterwards")

	heir := target(4)
	require.Equal(t, engine.Critical, begin(t, l, heir, engine.Low, parent))
	l.End(parent)
	require.Equal(t, engine.Critical, begin(t, l, target(5), 0, heir), "not lowered afterwards")
	require.Zero(t, begin(t, l, target(6), 0, parent), "what has ended passes nothing on")
	require.Equal(t, engine.Normal, begin(t, l, parent, engine.Normal), "and can begin again")
	require.Equal(t, engine.Normal, begin(t, l, target(7), 0, parent))
}

func TestCycles(t *testing.T) {
	a, b, c, d := target(1), target(2), target(3), target(4)
	l := new(engine.Lineage)
	cyclic(t, l, []uuid.UUID{a}, a)
	cyclic(t, l, []uuid.UUID{a}, b, a)
	require.Zero(t, l.Len())

	begin(t, l, a, 0, b)
	cyclic(t, l, []uuid.UUID{b, a}, a)
	begin(t, l, b, 0, c)
	begin(t, l, d, 0, a, b)
	cyclic(t, l, []uuid.UUID{c, a, b}, a)
	cyclic(t, l, []uuid.UUID{c, b}, a, b) // the shorter one
	err := cyclic(t, l, []uuid.UUID{c, d, b}, target(5), d)
	require.EqualError(t, err, fmt.Sprintf(
		"contend: invalid Op.Parents: a cycle, each a child of the next: %v, %v, %v, %v", c, d, b, c))
	begin(t, l, c, 0, target(5)) // without the cycle it may

	l.End(b) // a is no descendant of c any more
	l.End(c)
	begin(t, l, c, 0, a)
	cyclic(t, l, []uuid.UUID{b, c, a}, c)
	l.End(a)
	begin(t, l, b, 0, c)
	require.Equal(t, "contend: invalid Op.Parents: a cycle, each a child of the next: ", (&engine.CycleError{}).Error())
}

func TestIDInUse(t *testing.T) {
	l := new(engine.Lineage)
	begin(t, l, target(1), engine.High)
	for _, parents := range [][]uuid.UUID{nil, {target(2)}, {target(1)}} {
		_, err := l.Begin(target(1), engine.Critical, parents...)
		invalid(t, err, "Op.ID")
	}
	require.Equal(t, 1, l.Len(), "nothing stays behind")
	require.Equal(t, engine.High, begin(t, l, target(3), 0, target(1)), "nor has it changed")
	l.End(target(1))
	begin(t, l, target(1), engine.Low)
}

func TestZeroIDOnlyInherits(t *testing.T) {
	l := new(engine.Lineage)
	begin(t, l, target(1), engine.High)
	for range 2 {
		require.Equal(t, engine.High, begin(t, l, uuid.Nil, engine.Low, target(1), target(2)))
		require.Equal(t, engine.Low, begin(t, l, uuid.Nil, engine.Low, uuid.Nil), "nobody's child")
	}
	require.Equal(t, engine.Low, begin(t, l, target(3), engine.Low, uuid.Nil), "nobody's parent")
	require.Equal(t, 2, l.Len())
	l.End(uuid.Nil)
	require.Equal(t, 2, l.Len())
}

func TestEndLeavesNothing(t *testing.T) {
	a, b, c := target(1), target(2), target(3)
	l := new(engine.Lineage)
	l.End(a)
	begin(t, l, a, 0, b, b, c)
	begin(t, l, c, 0, b)
	require.Equal(t, 3, l.Len())
	l.End(b) // only named, not live
	require.Equal(t, 3, l.Len())
	l.End(c)
	l.End(c) // not live any more
	require.Equal(t, 3, l.Len(), "named by a")
	l.End(a)
	require.Zero(t, l.Len())
}

// Parents are copied: the caller may reuse the slice.
func TestParentsAreTheCallersOwn(t *testing.T) {
	l := new(engine.Lineage)
	parents := []uuid.UUID{target(2)}
	begin(t, l, target(1), 0, parents...)
	parents[0] = target(3)
	cyclic(t, l, []uuid.UUID{target(2), target(1)}, target(1))
	l.End(target(1))
	require.Zero(t, l.Len())
}

// R10: after a burst the memory goes back, that of the edges too.
func TestBurstOfLineage(t *testing.T) {
	l := new(engine.Lineage)
	begin(t, l, uuid.Max, 0)
	before := heap()
	for i := range burstSize / 4 {
		begin(t, l, target(i), 0, target(i+1_000_000), target(i+2_000_000), uuid.Max)
	}
	during := heap() - before
	for i := range burstSize / 4 {
		l.End(target(i))
	}
	after := heap() - before
	t.Logf("%d KiB during the burst, %d KiB after it", during>>10, after>>10)
	require.Equal(t, 1, l.Len())
	require.Greater(t, during, int64(4<<20), "no burst")
	require.Less(t, after, during/100)
	require.Equal(t, engine.High, begin(t, l, target(1), engine.High, uuid.Max)) // it is in use still
}

// Giving memory back is for once after a burst, not for every End from then on.
func TestShrinkingIsRare(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	l := new(engine.Lineage)
	for i := range 1000 {
		begin(t, l, target(i), 0)
	}
	for i := range 900 {
		l.End(target(i))
	}
	id := target(0)
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() {
		if _, err := l.Begin(id, 0); err != nil {
			t.Error(err)
		}
		l.End(id)
	}), 1.0, "no map is made")
}

// The number of ancestors costs nothing if nobody has named the ID before. What
// a walk would need is seen in what it allocates.
func TestBeginDoesNotWalk(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	const generations = 1000
	l := new(engine.Lineage)
	begin(t, l, target(0), 0)
	for i := range generations {
		begin(t, l, target(i+1), 0, target(i))
	}
	child, grandchild := target(generations+1), target(generations+2)
	allocs := func(parent uuid.UUID) float64 {
		parents := []uuid.UUID{parent}
		return testing.AllocsPerRun(100, func() {
			if _, err := l.Begin(child, 0, parents...); err != nil {
				t.Error(err)
			}
			l.End(child)
		})
	}
	require.Equal(t, allocs(target(0)), allocs(target(generations)))
	begin(t, l, grandchild, 0, child)
	require.Less(t, allocs(target(0))+3, allocs(target(generations)), "with a child it has to")
}

// family is a random ancestry: the parents of each have lower numbers.
type family struct {
	own     []engine.Priority
	parents [][]int
}

func newFamily(r *rand.Rand, size int) *family {
	f := &family{make([]engine.Priority, size), make([][]int, size)}
	for i := range size {
		f.own[i] = engine.Priority(r.Uint32())
		for range min(i, r.IntN(4)) {
			f.parents[i] = append(f.parents[i], r.IntN(i))
		}
	}
	return f
}

// priority is the oracle: the highest of somebody and all ancestors.
func (f *family) priority(i int) engine.Priority {
	p := f.own[i]
	for _, parent := range f.parents[i] {
		p = max(p, f.priority(parent))
	}
	return p
}

func (f *family) begin(l *engine.Lineage, i int) (engine.Priority, error) {
	var parents []uuid.UUID
	for _, p := range f.parents[i] {
		parents = append(parents, target(p))
	}
	return l.Begin(target(i), f.own[i], parents...)
}

func TestInheritanceOfFamilies(t *testing.T) {
	for seed := range uint64(300) {
		f := newFamily(rand.New(rand.NewPCG(seed, 1)), 20)
		l := new(engine.Lineage)
		for i := range f.own {
			p, err := f.begin(l, i)
			require.NoError(t, err, "seed %d", seed)
			require.Equal(t, f.priority(i), p, "seed %d, number %d", seed, i)
		}
		require.Equal(t, len(f.own), l.Len())
		for _, i := range rand.New(rand.NewPCG(seed, 2)).Perm(len(f.own)) {
			l.End(target(i))
		}
		require.Zero(t, l.Len())
	}
}

// A family begins from its last to its first: all edges are there before the
// parents, so nobody inherits, and every Begin looks for a cycle that is not
// there. The first as a child of anybody descended from it would be one.
func TestFamiliesBackwards(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 3))
		f := newFamily(r, 20)
		l := new(engine.Lineage)
		for i := len(f.own) - 1; i > 0; i-- {
			p, err := f.begin(l, i)
			require.NoError(t, err, "seed %d", seed)
			require.Equal(t, f.own[i], p, "seed %d", seed)
		}
		child := 1 + r.IntN(len(f.own)-1)
		_, err := l.Begin(target(0), 0, target(child))
		var cycle *engine.CycleError
		require.Equal(t, f.descends(child, 0), errors.As(err, &cycle), "seed %d", seed)
	}
}

func (f *family) descends(i, from int) bool {
	return i == from || slices.ContainsFunc(f.parents[i], func(p int) bool { return f.descends(p, from) })
}

// genealogy is the oracle for any sequence of Begin and End: who lives, with
// what priority and whose child. It is not clever.
type genealogy map[uuid.UUID]alive

type alive struct {
	priority engine.Priority
	parents  []uuid.UUID
}

func (g genealogy) priority(own engine.Priority, parents []uuid.UUID) engine.Priority {
	for _, p := range parents {
		if a, ok := g[p]; ok {
			own = max(own, a.priority)
		}
	}
	return own
}

// reaches reports whether the ancestor is found among the parents, going up
// that many generations at most.
func (g genealogy) reaches(ancestor uuid.UUID, parents []uuid.UUID, generations int) bool {
	return generations > 0 && slices.ContainsFunc(parents, func(p uuid.UUID) bool {
		return p == ancestor || g.reaches(ancestor, g[p].parents, generations-1)
	})
}

// shortest returns how many are in the shortest cycle through the ID, 0 if it
// would be in none.
func (g genealogy) shortest(id uuid.UUID, parents []uuid.UUID) int {
	for n := 1; n <= len(g)+1; n++ {
		if g.reaches(id, parents, n) {
			return n
		}
	}
	return 0
}

func (g genealogy) remembered() int {
	all := map[uuid.UUID]bool{}
	for id, a := range g {
		all[id] = true
		for _, p := range a.parents {
			all[p] = true
		}
	}
	return len(all)
}

// Any order of Begin and End, cycles and IDs in use included.
func TestLineageAgainstGenealogy(t *testing.T) {
	var begun, cycles, used, longest int
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 4))
		l, g := new(engine.Lineage), genealogy{}
		for step := range 150 {
			where := fmt.Sprintf("seed %d, step %d", seed, step)
			id := target(r.IntN(9))
			if r.IntN(3) == 0 {
				l.End(id)
				delete(g, id)
				require.Equal(t, g.remembered(), l.Len(), where)
				continue
			}
			own := engine.Priority(r.IntN(10))
			parents := make([]uuid.UUID, r.IntN(3))
			for i := range parents {
				parents[i] = target(r.IntN(9))
			}
			p, err := l.Begin(id, own, parents...)
			_, live := g[id]
			size := g.shortest(id, parents)
			var cycle *engine.CycleError
			switch {
			case live:
				used++
				invalid(t, err, "Op.ID")
			case size > 0:
				cycles++
				longest = max(longest, size)
				require.ErrorAs(t, err, &cycle, where)
				requireCycle(t, g, id, parents, cycle.Path)
				require.Len(t, cycle.Path, size, where)
			default:
				begun++
				require.NoError(t, err, where)
				require.Equal(t, g.priority(own, parents), p, where)
				g[id] = alive{p, parents}
			}
			require.Equal(t, g.remembered(), l.Len(), where)
		}
		for i := range 9 {
			l.End(target(i))
		}
		require.Zero(t, l.Len(), "seed %d", seed)
	}
	t.Logf("%d begun, %d IDs in use, %d cycles of up to %d", begun, used, cycles, longest)
	require.Greater(t, min(begun, cycles, used), 500)
	require.Greater(t, longest, 4)
}

// requireCycle checks that each is a child of the next and the last one's parent
// the first.
func requireCycle(t *testing.T, g genealogy, id uuid.UUID, parents, path []uuid.UUID) {
	t.Helper()
	for i, child := range path {
		if i > 0 {
			require.NotEqual(t, id, child)
			parents = g[child].parents
		} else {
			require.Equal(t, id, child)
		}
		require.Contains(t, parents, path[(i+1)%len(path)])
	}
}

// Of the edges that make a ring together the last one is refused, whoever comes
// last; of those who want the same ID all but one.
func TestConcurrentBegins(t *testing.T) {
	const size = 8
	for range 200 {
		var l engine.Lineage
		var wg sync.WaitGroup
		ring, same := make([]error, size), make([]error, size)
		for i := range size {
			wg.Go(func() { _, ring[i] = l.Begin(target(i), 0, target((i+1)%size)) })
			wg.Go(func() { _, same[i] = l.Begin(target(100), 0, target(i)) })
		}
		wg.Wait()
		var cycle *engine.CycleError
		refused := 0
		for i, err := range ring {
			if err != nil {
				refused++
				require.ErrorAs(t, err, &cycle)
				require.Len(t, cycle.Path, size)
				require.Equal(t, target(i), cycle.Path[0])
			}
		}
		require.Equal(t, 1, refused)
		for _, err := range same {
			if err != nil {
				refused++
				invalid(t, err, "Op.ID")
			}
		}
		require.Equal(t, size, refused)
	}
}

// A family begins and ends concurrently, everybody as soon as the parents have
// begun; each parent ends when its children have begun.
func TestConcurrentFamilies(t *testing.T) {
	for seed := range uint64(50) {
		f := newFamily(rand.New(rand.NewPCG(seed, 5)), 60)
		var l engine.Lineage
		var everybody sync.WaitGroup
		hasBegun := make([]chan struct{}, len(f.own))
		unborn := make([]sync.WaitGroup, len(f.own))
		for i, parents := range f.parents {
			hasBegun[i] = make(chan struct{})
			for _, p := range parents {
				unborn[p].Add(1)
			}
		}
		for i, parents := range f.parents {
			everybody.Go(func() {
				for _, p := range parents {
					<-hasBegun[p]
				}
				p, err := f.begin(&l, i)
				if err != nil || p != f.priority(i) {
					t.Errorf("seed %d, number %d: %v, %v", seed, i, p, err)
				}
				close(hasBegun[i])
				for _, p := range parents {
					unborn[p].Done()
				}
				unborn[i].Wait()
				l.End(target(i))
			})
		}
		everybody.Wait()
		require.Zero(t, l.Len())
	}
}

// Anything at once: whoever has begun has the ID alone, until End.
func TestConcurrentLineage(t *testing.T) {
	const ids = 6
	var l engine.Lineage
	var owners [ids]sync.Mutex
	var wg sync.WaitGroup
	for seed := range uint64(8) {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, 6))
			for range 2000 {
				i, own := r.IntN(ids), engine.Priority(r.IntN(10))
				p, err := l.Begin(target(i), own, target(r.IntN(ids)), target(r.IntN(ids)))
				var cycle *engine.CycleError
				var used *engine.InvalidError
				switch {
				case errors.As(err, &cycle), errors.As(err, &used):
					continue
				case err != nil || p < own || p > 9:
					t.Errorf("%v of %v, %v", p, own, err)
				}
				if !owners[i].TryLock() {
					t.Error("begun twice")
					continue
				}
				runtime.Gosched()
				owners[i].Unlock()
				l.End(target(i))
			}
		})
	}
	wg.Wait()
	require.Zero(t, l.Len())
}

func BenchmarkLineage(b *testing.B) {
	var l engine.Lineage
	for i := range 10 {
		if _, err := l.Begin(target(i), engine.Normal, target(i+1000)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		id, parents := uuid.New(), []uuid.UUID{target(1), target(2)}
		for pb.Next() {
			if _, err := l.Begin(id, engine.Low, parents...); err != nil {
				b.Error(err)
			}
			l.End(id)
		}
	})
}

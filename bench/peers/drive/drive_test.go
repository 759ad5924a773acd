package drive

import (
	"strings"
	"testing"
	"time"

	"example.com/contend/bench"
	"example.com/contend/bench/peers"
	"example.com/contend/engine"
	"example.com/contend/ring"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/perf/benchfmt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// short is a measurement that takes no time.
func short(kind, by string) Spec {
	return Spec{
		Kind: kind, By: by, Targets: 100, Skew: bench.Uniform, Rate: bench.FlatOut, Producers: 1, Shards: 1,
		InFlight: 300, Window: 20 * time.Millisecond, Duration: 20 * time.Millisecond,
	}
}

func units(r *Result) (all []string) {
	for _, v := range r.Values {
		all = append(all, v.Unit)
	}
	return all
}

// Every contestant can be measured in every way, tells everybody, and what is
// printed is a line of a benchmark.
func TestEveryMeasurement(t *testing.T) {
	for kind, unit := range map[string]string{
		Callback: "cpu-ns/op", Channel: "cpu-ns/op", Blocking: "cpu-ns/op",
		Staged: "B/in-flight", Accept: "accept-ns/op",
	} {
		for _, entry := range peers.Roster() {
			if kind == Staged && entry.Windowless {
				continue // its window may close while operations are being submitted
			}
			t.Run(kind+"/"+entry.Name, func(t *testing.T) {
				s := short(kind, entry.Name)
				if kind == Staged {
					s.Window = time.Second // on a machine as busy as may be
				}
				requireMeasured(t, s, unit)
			})
		}
	}
	for kind, unit := range map[string]string{Batch: "cpu-ns/op", Handles: "cpu-ns/op", Idle: "switches/s"} {
		t.Run(kind, func(t *testing.T) { requireMeasured(t, short(kind, peers.Contend), unit) })
	}
	t.Run(peers.BatchedName, func(t *testing.T) { requireMeasured(t, short(Batch, peers.BatchedName), "cpu-ns/op") })
	for _, name := range Parts {
		t.Run(name, func(t *testing.T) { requireMeasured(t, short(Part, name), "cpu-ns/op") })
	}
	for _, name := range Queues {
		t.Run(name, func(t *testing.T) { requireMeasured(t, short(Queue, name), "ns/op") })
	}
}

func requireMeasured(t *testing.T, s Spec, unit string) {
	t.Helper()
	result, err := Measure(s)
	require.NoError(t, err)
	require.Empty(t, result.Faults)
	require.Positive(t, result.Operations)
	require.Contains(t, units(result), unit)

	reader := benchfmt.NewReader(strings.NewReader(result.Line(s.Name())+"\n"), "")
	require.True(t, reader.Scan())
	parsed, ok := reader.Result().(*benchfmt.Result)
	require.True(t, ok, "%v", reader.Result())
	require.EqualValues(t, result.Operations, parsed.Iters)
	require.Len(t, parsed.Values, len(result.Values))
}

// Those that decide nothing can be measured where they stand beside the others, and what
// wakes in time says how late it was.
func TestThoseThatDecideNothing(t *testing.T) {
	requireMeasured(t, short(Callback, Nobody), "cpu-ns/op")
	requireMeasured(t, short(Blocking, Waits), "cpu-ns/op")
	requireMeasured(t, short(Callback, Wakes), "cpu-ns/op")
	s := short(Callback, Wakes)
	s.Rate = 100_000
	requireMeasured(t, s, "p99-late-ns")
}

// Producers share the work and all of it is told, also open loop.
func TestManyProducers(t *testing.T) {
	for _, rate := range []bench.Rate{bench.FlatOut, 100_000} {
		s := short(Callback, peers.Contend)
		s.Producers, s.Rate = 8, rate
		requireMeasured(t, s, "cpu-ns/op")
	}
	s := short(Queue, "ring")
	s.Producers = 8
	requireMeasured(t, s, "ns/op")
}

func TestWhatCannotBeMeasured(t *testing.T) {
	for _, s := range []Spec{
		{Kind: "Nothing"}, short(Callback, "somebody"), short(Channel, "somebody"), short(Blocking, "somebody"),
		short(Queue, "heap"), short(Batch, "scan"), short(Part, "heart"), {Kind: Callback, By: peers.Contend, Targets: -1},
		{Kind: Queue, By: "xsync-spsc", Producers: 2}, {Kind: Callback, By: peers.Contend, Trace: "/nowhere"},
	} {
		_, err := Measure(s)
		require.Error(t, err, "%+v", s)
	}
}

// forgetful does not tell every hundredth operation.
type forgetful struct {
	peers.Nobody
	n int
}

func (f *forgetful) Submit(target uuid.UUID, priority int32, op *peers.Op) {
	if f.n++; f.n%100 != 0 {
		f.Nobody.Submit(target, priority, op)
	}
}

// The driver notices who was not told.
func TestUntoldIsAFault(t *testing.T) {
	r, err := newRun(short(Callback, Nobody), 0)
	require.NoError(t, err)
	r.contestant = &forgetful{}
	r.producers[0].submit(10_000)
	result := &Result{}
	r.settle(result)
	require.Len(t, result.Faults, 1)
	require.Contains(t, result.Faults[0], "10000 operations were submitted, 9900 told, 100 not")
}

// In a part's core and memory are as many operations as are asked for.
func TestPartsInFlight(t *testing.T) {
	s := short(Part, "core")
	s.Targets, s.Skew, s.Window = 10_000, bench.Threes, 100*time.Millisecond
	w, err := s.workload()
	require.NoError(t, err)
	const inFlight = 12_000
	p := newParts(w, inFlight)
	for range 5 {
		p.pass(inParts["core"])
		p.pass(inParts["delivery"])
	}
	require.Positive(t, p.decided)
	require.InEpsilon(t, inFlight, p.core.Staged(), 0.05) // and what a millisecond brings
	require.InEpsilon(t, inFlight, len(p.lines), 0.2)     // made by the slab
}

// Memory is used again once it was told, and more is made while it is not.
func TestLines(t *testing.T) {
	l := newLines(1)
	slab := len(l.slab.ops)
	seen := make(map[*peers.Op]bool)
	for range 3 * slab {
		op := l.take()
		op.Prepare(0, false)
		require.False(t, seen[op], "memory in use was given again")
		seen[op] = true
	}
	require.Equal(t, 3, l.slabs)
	for op := range seen {
		peers.Nobody{}.Submit(uuid.UUID{}, 5, op)
	}
	for range 3 * slab {
		op := l.take()
		require.True(t, seen[op], "memory that is free was not used")
		delete(seen, op)
		op.Prepare(0, false)
	}
	require.Equal(t, 3, l.slabs)
	require.EqualValues(t, 3*slab, l.won)
	require.EqualValues(t, 3*slab, l.settle())
}

// The parts' ring has slots as large as a shard's.
func TestPartsAreAsLarge(t *testing.T) {
	e, err := engine.New(engine.Config{Shards: 1, RingSize: 1})
	require.NoError(t, err)
	e.Start()
	defer e.Stop(t.Context())
	require.Equal(t, e.Stats().Bytes, ring.New[packed](1).Bytes())
}

package bench

import (
	"encoding/binary"

	"github.com/google/uuid"
)

// Trace is a recorded sequence of targets. It has no times and no priorities;
// the workload that plays it adds them. Immutable, safe for concurrent use.
type Trace struct {
	name     string
	sequence []uint32    // per operation, an index into targets
	targets  []uuid.UUID // distinct, in order of appearance
}

// KeySpace is the namespace in which a trace's keys become targets: the
// version-5 UUID of the URL https://example.com/contend/bench/trace in the
// standard namespace for URLs.
var KeySpace = uuid.MustParse("e7cef80f-b746-5f1c-8218-b2a353122051")

// KeyTarget returns the target of a trace's key: the version-5 UUID of its
// eight bytes, the most significant first, in KeySpace.
func KeyTarget(key uint64) uuid.UUID {
	var name [8]byte
	binary.BigEndian.PutUint64(name[:], key)
	return uuid.NewSHA1(KeySpace, name[:])
}

// Name returns the name of the file that the trace was read from.
func (t *Trace) Name() string { return t.name }

// Len returns the number of operations.
func (t *Trace) Len() int { return len(t.sequence) }

// Distinct returns the number of different targets.
func (t *Trace) Distinct() int { return len(t.targets) }

// At returns the target of the i-th operation, from 0.
func (t *Trace) At(i int) uuid.UUID { return t.targets[t.sequence[i]] }

// Hottest counts the operations of every target.
func (t *Trace) Hottest() *Hottest {
	counts := make([]int64, len(t.targets))
	for _, target := range t.sequence {
		counts[target]++
	}
	h := new(Hottest)
	for i, n := range counts {
		h.Add(t.targets[i], n)
	}
	return h
}

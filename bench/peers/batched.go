package peers

import (
	"sync"
	"time"

	"github.com/google/uuid"
)

// Batched is the nearest that common parts come to contend's batches with verdicts by
// group: slices of sixteen operations go through a channel to one goroutine with a map
// of groups and a queue of deadlines. An operation is a tag; nothing is kept of it but
// what its group needs: unlike contend it cannot say who has lost.
//
// It costs a sixteenth of a channel for each operation, and the map. Add belongs to
// one goroutine.
type Batched struct {
	window  time.Duration
	decided func(GroupVerdict)
	pending []Tagged
	in      chan []Tagged
	free    chan []Tagged // slices to be used again
	ended   chan struct{}

	clock clock // what follows is the goroutine's
	open  map[uuid.UUID]*taggedGroup
	first *taggedGroup
	last  *taggedGroup
	pool  sync.Pool
}

// BatchedName is its name in the report.
const BatchedName = "slices"

// Tagged is an operation without memory of its own.
type Tagged struct {
	Target   uuid.UUID
	Tag      uint64
	Priority int32
}

// GroupVerdict is what is told about a group.
type GroupVerdict struct {
	Target     uuid.UUID
	Winner     uint64 // its tag
	Priority   int32  // the winner's
	Contenders int
}

type taggedGroup struct {
	GroupVerdict
	due  int64
	next *taggedGroup
}

// BatchSize is how many operations go together.
const BatchSize = 16

// NewBatched starts the goroutine, which calls decided for each group.
func NewBatched(window time.Duration, decided func(GroupVerdict)) *Batched {
	b := &Batched{
		window: window, decided: decided, clock: newClock(), open: make(map[uuid.UUID]*taggedGroup),
		in: make(chan []Tagged, channelRooms/BatchSize), free: make(chan []Tagged, channelRooms/BatchSize),
		ended: make(chan struct{}),
	}
	b.pool.New = func() any { return new(taggedGroup) }
	go b.run()
	return b
}

// Add adds an operation. It is submitted with those that fill its batch, or by Close.
func (b *Batched) Add(op *Tagged) {
	if b.pending == nil {
		select {
		case b.pending = <-b.free:
		default:
			b.pending = make([]Tagged, 0, BatchSize)
		}
	}
	if b.pending = append(b.pending, *op); len(b.pending) == BatchSize {
		b.in <- b.pending
		b.pending = nil
	}
}

// Close submits what was added and returns when everything was decided.
func (b *Batched) Close() {
	b.in <- b.pending
	close(b.in)
	<-b.ended
}

func (b *Batched) run() {
	defer close(b.ended)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for in := b.in; in != nil || b.first != nil; {
		idle := b.first == nil
		select {
		case ops, ok := <-in:
			if !ok {
				in = nil
				continue
			}
			b.stage(ops)
			if idle && b.first != nil {
				timer.Reset(b.window)
			}
		case <-timer.C:
			b.sweep(in)
			if b.first != nil {
				timer.Reset(max(coarse, time.Duration(b.first.due-b.clock.now())))
			}
		}
	}
}

// stage takes a batch in, with one look at the clock.
func (b *Batched) stage(ops []Tagged) {
	due := b.clock.now() + int64(b.window)
	for i := range ops {
		op := &ops[i]
		g := b.open[op.Target]
		if g == nil {
			g = b.begin(op, due)
		}
		if g.Contenders == 0 || op.Priority > g.Priority {
			g.Winner, g.Priority = op.Tag, op.Priority
		}
		g.Contenders++
	}
	select {
	case b.free <- ops[:0]:
	default:
	}
}

func (b *Batched) begin(op *Tagged, due int64) *taggedGroup {
	g := b.pool.Get().(*taggedGroup)
	*g = taggedGroup{GroupVerdict: GroupVerdict{Target: op.Target}, due: due}
	b.open[op.Target] = g
	if b.first == nil {
		b.first = g
	} else {
		b.last.next = g
	}
	b.last = g
	return g
}

// sweep decides what is due, once everything that was submitted before is in.
func (b *Batched) sweep(in chan []Tagged) {
	now := b.clock.now()
	for range len(in) {
		if ops, ok := <-in; ok {
			b.stage(ops)
		}
	}
	for g := b.first; g != nil && g.due <= now; g = b.first {
		b.first = g.next
		delete(b.open, g.Target)
		b.decided(g.GroupVerdict)
		b.pool.Put(g)
	}
}

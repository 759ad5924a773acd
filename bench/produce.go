package bench

import (
	"context"
	"errors"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

// Burst is the grid of the arrival process: an open loop submits what is due
// in bursts, one every millisecond, as a game server does at its tick. An
// operation's intended time is its burst's.
const Burst = time.Millisecond

// flatOutBurst is how many operations a producer that runs flat out submits
// between two looks at the clock.
const flatOutBurst = 256

// maxBacklog is how many unverified operations make a producer that runs flat
// out wait.
const maxBacklog = 1 << 19

// producer submits the operations of one stream, on its own goroutine.
type producer struct {
	runner *runner
	number int
	stream *Stream
	submit submitter
	op     operation // the one being submitted

	lag      *Lateness // of submissions behind their intended time; nil when flat out
	accepted []staged
	outcomes []told
	refused  int64
	withdrew int64
	late     []withdrawal // to be withdrawn at the next burst
	ended    int64        // when the last one was submitted
}

// withdrawal is an operation that is to be withdrawn.
type withdrawal struct {
	key      key
	withdraw func() bool
}

// operation is what a stream hands out, with its time.
type operation struct {
	index    int64
	target   uuid.UUID
	priority int32
	withdraw bool
	begun    int64 // intended, or actual when flat out
}

// submitter is a rung of the ladder: it submits an operation and returns its
// key and order, or an error.
type submitter interface {
	submit(p *producer, op *operation) error
	// flush submits what was collected; close also waits for the outcomes.
	flush(p *producer) error
	close(p *producer)
}

func (p *producer) run(ctx context.Context) {
	r := p.runner
	sleeper := NewSleeper()
	defer sleeper.Close()
	for p.stream.Left() > 0 && ctx.Err() == nil {
		now := r.clock()
		if r.expired(now) {
			break
		}
		p.burst(now)
		if r.workload.Rate == FlatOut {
			for r.feed != nil && r.feed.behind(maxBacklog) {
				time.Sleep(Burst)
			}
			continue
		}
		if p.stream.Left() > 0 {
			sleeper.Sleep(time.Duration(r.due(p.stream.Index()) - r.clock()))
		}
	}
	p.ended = r.clock()
	p.withdrawLate()
	p.submit.close(p)
	p.report(1<<63 - 1)
}

// burst submits everything that is due.
func (p *producer) burst(now int64) {
	r := p.runner
	p.withdrawLate()
	for n := 0; p.stream.Left() > 0; n++ {
		op := &p.op
		*op = operation{index: p.stream.Index(), begun: now}
		if r.workload.Rate == FlatOut {
			if n == flatOutBurst {
				break
			}
		} else if op.begun = r.due(op.index); op.begun > now {
			break
		}
		if p.lag != nil {
			p.lag.Record(time.Duration(now - op.begun))
		}
		op.target, op.priority, op.withdraw = p.stream.Next()
		if !r.options.Dry {
			p.refuse(p.submit.submit(p, op))
		}
	}
	p.refuse(p.submit.flush(p))
	p.report(r.clock())
}

// refuse counts a refused submission. Anything else than overload is a fault of
// the runner's.
func (p *producer) refuse(err error) {
	if err == nil {
		return
	}
	if !errors.Is(err, engine.ErrOverloaded) {
		panic(err)
	}
	p.refused++
}

// staged notes an accepted operation for the verifier.
func (p *producer) staged(op *operation, k key, order uint64) {
	if p.runner.feed != nil {
		p.accepted = append(p.accepted, staged{
			key: k, order: order, target: op.target, priority: op.priority,
			begun: op.begun, returned: p.runner.clock(),
		})
	}
}

func (p *producer) told(k key, o outcome) {
	if p.runner.feed != nil {
		p.outcomes = append(p.outcomes, told{k, o})
	}
}

// withdrawLate withdraws what the burst before has marked.
func (p *producer) withdrawLate() {
	for _, w := range p.late {
		if w.withdraw() {
			p.withdrew++
			p.told(w.key, toldWithdrawn)
		}
	}
	clear(p.late)
	p.late = p.late[:0]
}

// report hands over what happened until the given time.
func (p *producer) report(until int64) {
	if f := p.runner.feed; f != nil {
		f.reportAccepted(p.number, p.accepted, p.outcomes, until)
		p.accepted, p.outcomes = p.accepted[:0], p.outcomes[:0]
	}
}

package fuzz

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/atomic"

	"example.com/contend/fuzz/model"
	"example.com/contend/shard"
	"github.com/cespare/xxhash/v2"
)

// lone runs a program against the core alone while somebody withdraws
// operations in between. The model does not know when, so that what is checked
// is what holds whenever it happens: who is withdrawn is told nothing, everybody
// else one thing.
type lone struct {
	match
	ops       []shard.Op
	withdrawn []atomic.Bool // by ID; whoever withdraws
	early     int           // told Lost apart from a decision, of which no decision tells yet
}

func newLone(p *Program, asked func(*lone)) *lone {
	l := &lone{match: match{program: p, folds: [3]*shard.Fold{nil, new(shard.Fold), new(shard.Fold)}}}
	config := shard.CoreConfig{Limit: p.Limit, Fence: p.Fence}
	for i := range p.Rules {
		config.Rules = append(config.Rules, p.Rules[i].shard(func() { asked(l) }))
	}
	l.core = shard.NewCore(config)
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Kind == Stage {
			l.ops = append(l.ops, l.op(s))
			l.tickets = append(l.tickets, l.ops[len(l.ops)-1].Ticket)
		}
	}
	l.told, l.gone = make([]model.Outcome, len(l.ops)), make([]bool, len(l.ops))
	l.withdrawn = make([]atomic.Bool, len(l.ops))
	return l
}

// withdraw tries to take back one of the operations.
func (l *lone) withdraw(rng *rand.Rand) {
	if len(l.ops) == 0 {
		return
	}
	id := rng.IntN(len(l.ops))
	if t := l.tickets[id]; t != nil && t.Withdraw() {
		l.withdrawn[id].Store(true)
	}
}

func (l *lone) run() {
	for i := range l.program.Steps {
		l.step(&l.program.Steps[i])
		l.decide()
	}
	l.core.Abandon()
	l.decide()
	l.require(l.core.Staged() == 0, "%d operations stay", l.core.Staged())
}

func (l *lone) step(s *Step) {
	switch s.Kind {
	case Stage:
		op := l.ops[s.Op.ID]
		l.require(op.Begin(), "Begin")
		returns(func() { l.core.Stage(&op, s.Op.ID, s.Now) })
	case Advance:
		l.core.Advance(s.Now)
	case End:
		if held := l.core.Holds(); len(held) > 0 {
			slices.SortFunc(held, func(a, b shard.Hold) int { return bytes.Compare(a.Target[:], b.Target[:]) })
			h := held[s.Held%len(held)]
			l.require(l.core.Ended(h.Target, h.Token), "Ended")
		}
	case Lock:
		l.core.Lock(shard.Lock(s.Lock))
	case Unlock:
		l.core.Unlock(s.ID)
	case Clear:
		l.core.Clear(&s.Target, uint32(xxhash.Sum64(s.Target[:]))&0x1c)
	case Close:
		l.core.Close()
	}
}

// returns reports whether a function returns. If not, it ended its goroutine.
func returns(f func()) (returned bool) {
	var failure any
	var wg sync.WaitGroup
	wg.Go(func() {
		defer func() { failure = recover() }()
		f()
		returned = true
	})
	wg.Wait()
	if failure != nil {
		panic(failure)
	}
	return returned
}

// batch asks the core for the next batch, for as long as the user's code
// keeps ending the goroutine.
func (l *lone) batch() (batch []shard.Decision) {
	for !returns(func() { batch = l.core.Decide() }) {
	}
	return batch
}

func (l *lone) decide() {
	for batch := l.batch(); len(batch)+len(l.core.Dismissed())+len(l.core.Preempted()) > 0; batch = l.batch() {
		for _, d := range l.core.Dismissed() {
			if d.Outcome == shard.Lost {
				l.early++
			}
			l.tell(&model.Told{Standing: l.standing(d.Op), Outcome: model.Outcome(d.Outcome)})
		}
		for i := range batch {
			l.checkDecision(&batch[i])
		}
		l.core.Release()
	}
}

func (l *lone) checkDecision(d *shard.Decision) {
	told, won := 0, 0
	for s := range d.All() {
		o := d.OutcomeOf(s)
		l.tell(&model.Told{Standing: l.standing(s), Outcome: model.Outcome(o)})
		told++
		if o == shard.Won {
			won++
			l.require(s == d.Winner, "%+v won, not %+v", s, d.Winner)
		}
	}
	winners := 1
	if d.Abandoned || d.Fault() != nil {
		winners = 0
	}
	l.require(won == winners, "%d winners", won)
	l.require(told+d.Retried+d.Early == d.Contenders, "%d contenders: %d told, %d try again, %d told early",
		d.Contenders, told, d.Retried, d.Early)
	l.early -= d.Early
	l.require(l.early >= 0, "%d more told early than were", -l.early)
	l.decided++
}

// check checks that everybody was told or is withdrawn. Nobody withdraws any
// more.
func (l *lone) check(t *testing.T) {
	withdrawn := 0
	for id, o := range l.told {
		require.Equal(t, l.withdrawn[id].Load(), o == 0, "operation %d, told %v, of\n%s", id, o, l.program)
		if o == 0 {
			withdrawn++
		}
	}
	require.EqualValues(t, withdrawn, l.core.Withdrawn())
}

// The user's code withdraws operations while it is asked about others, and ends
// the goroutine at times.
func TestWithdrawnByPolicy(t *testing.T) {
	decided := 0
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		l := newLone(Decode(randomCode(seed)), func(l *lone) {
			for range 3 {
				l.withdraw(rng)
			}
			if rng.IntN(20) == 0 {
				runtime.Goexit()
			}
		})
		require.NotPanics(t, l.run, "%s", l.program)
		l.check(t)
		decided += l.decided
	}
	require.Greater(t, decided, 20_000)
}

// Another goroutine withdraws operations all the time.
func TestWithdrawnMeanwhile(t *testing.T) {
	for seed := range uint64(500) {
		l := newLone(Decode(randomCode(seed)), func(*lone) {})
		var done atomic.Bool
		var wg sync.WaitGroup
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, 2))
			for !done.Load() {
				l.withdraw(rng)
			}
		})
		require.NotPanics(t, l.run, "%s", l.program)
		done.Store(true)
		wg.Wait()
		l.check(t)
	}
}

package engine

import (
	"fmt"
	"time"

	"example.com/contend/shard"
	"github.com/google/uuid"
)

// Bid is an operation on the lean path: nothing is allocated for it. It is told
// its verdict through its Ticket, in memory of the submitter's, or has only a
// Tag and appears in the decisions that Config.Decided gets. The engine does
// not execute it: that is up to whoever is told.
type Bid struct {
	// Target is what is contended for; unlike Op.Target it must be given.
	Target   uuid.UUID
	Priority Priority
	// Window is as in Op.
	Window time.Duration
	// Ticket must not be changed or staged again before its verdict was told: one that is
	// Withdrawable is refused then, of others nobody notices. Its
	// Extra holds a deadline, a retry and the like.
	Ticket *Ticket
	// Tag is any number; it is used if there is no ticket. Operations with the same
	// tag cannot be told apart in a decision. Without Config.Decided nobody learns what
	// became of them.
	Tag uint64
}

// Stage submits a bid and returns when it is accepted. It fails with an
// InvalidError, an OverloadedError or a StoppedError, and then has done nothing.
// While a ring is full it parks, unless Config.WhenFull is Refuse. The bid is read and not
// kept: it is the caller's again when Stage returns. (It is a pointer since a copy is read
// right behind the writing of its parts, for which the processor would wait some 4 ns.)
func (e *Engine) Stage(bid *Bid) (OpID, error) {
	g, err := e.live()
	if err != nil {
		return OpID{}, e.refused(err)
	}
	var op shard.Op
	index, err := e.prepare(&op, bid)
	if err != nil {
		return OpID{}, e.refused(err)
	}
	sequence, err := e.push(g.shards[index], &op, nil)
	if err != nil {
		return OpID{}, e.refused(e.explain(err, g.shards[index], index))
	}
	return OpID{Shard: uint32(index), Sequence: sequence}, nil
}

// prepare checks a bid and makes it a submission to a shard.
func (e *Engine) prepare(op *shard.Op, bid *Bid) (index int, err error) {
	terms, err := e.terms(bid)
	if err != nil {
		return 0, err
	}
	index, hash := e.router.route(&bid.Target)
	fill(op, bid, terms, hash)
	return index, nil
}

// place makes an operation that was validated a submission to a shard.
func (e *Engine) place(staged *shard.Op, op *Op, t *Ticket) (index int, err error) {
	terms := e.plainTerms
	if terms == 0 || op.Window != 0 {
		if terms, err = e.ownTermsOf(op, t); err != nil {
			return 0, err
		}
	}
	index, hash := e.router.route(&op.Target)
	staged.Target, staged.Ticket, staged.Terms = op.Target, t, terms
	staged.Priority, staged.Hash = int32(op.Priority), hash
	return index, nil
}

//go:noinline
func (e *Engine) ownTermsOf(op *Op, t *Ticket) (shard.Terms, error) {
	return e.ownTerms(&Bid{Target: op.Target, Window: op.Window, Ticket: t})
}

// fill makes a submission of a bid.
func fill(op *shard.Op, bid *Bid, terms shard.Terms, hash uint32) {
	op.Target, op.Ticket, op.Tag = bid.Target, bid.Ticket, bid.Tag
	op.At, op.Terms = 0, terms
	op.Priority, op.Hash = int32(bid.Priority), hash
}

// terms checks a bid and returns the terms of the window that it opens, if it does.
func (e *Engine) terms(bid *Bid) (shard.Terms, error) {
	if bid.Target == uuid.Nil {
		return 0, &InvalidError{"Bid.Target", bid.Target, "a target: only Do, Submit and Wrap execute without"}
	}
	if t := bid.Ticket; t != nil {
		if t.To == nil {
			return 0, &InvalidError{"Bid.Ticket.To", nil, "somebody to tell the verdict"}
		}
		if t.Polled {
			return 0, &InvalidError{"Bid.Ticket.Polled", true, "false: it is for the engine's own"}
		}
		if t.Extra != nil {
			if err := validateRetry("Bid.Ticket.Extra.Retry", &t.Extra.Retry); err != nil {
				return 0, err
			}
		}
	}
	if bid.Window == 0 && e.plainTerms != 0 {
		return e.plainTerms, nil
	}
	return e.ownTerms(bid)
}

// sameTerms returns the terms of all bids without a window of their own, 0 if they
// differ or more has to be checked.
func (e *Engine) sameTerms() shard.Terms {
	c := &e.config
	if c.WindowOf != nil || c.RulesOf != nil || e.rulebook.exclusive {
		return 0
	}
	return shard.NewTerms(c.Window, e.rulebook.index[0])
}

// ownTerms returns the terms of a bid where they depend on the target or the bid.
func (e *Engine) ownTerms(bid *Bid) (shard.Terms, error) {
	window, err := e.window(bid.Target, bid.Window)
	if err != nil {
		return 0, err
	}
	if window > soon && !e.longWindows.Load() {
		e.longWindows.Store(true)
	}
	rules, err := e.rulesOf(bid.Target)
	if err != nil {
		return 0, err
	}
	if bid.Ticket == nil && rules != 0 && e.rulebook.rules[rules-1].Exclusive && e.config.Decided == nil {
		return 0, &InvalidError{"Bid.Ticket", nil, "a ticket, or Config.Decided: nobody would learn the token to release the exclusive target with"}
	}
	return shard.NewTerms(window, rules), nil
}

// atMostWindow is what is wanted of a window that is too long.
var atMostWindow = fmt.Sprintf("at most %v, 2.28 years", shard.MaxWindow)

// window returns the length of the window that an operation would open.
func (e *Engine) window(target uuid.UUID, own time.Duration) (time.Duration, error) {
	if own < 0 {
		return 0, &InvalidError{"Bid.Window", own, "a positive duration, or 0 for the engine's window"}
	}
	field := "Bid.Window"
	if own == 0 && e.config.WindowOf != nil {
		field = "window from Config.WindowOf"
		if own = e.config.WindowOf(target); own < 0 {
			return 0, &InvalidError{field, own, "a positive duration, or 0 for Config.Window"}
		}
	}
	switch {
	case own == 0:
		return e.config.Window, nil
	case own > shard.MaxWindow:
		return 0, &InvalidError{field, own, atMostWindow}
	}
	return own, nil
}

// push submits to a shard, parking while its ring is full if so configured.
func (e *Engine) push(s *shard.Shard, op *shard.Op, done <-chan struct{}) (uint64, error) {
	sequence, err := s.Stage(op)
	if err == shard.ErrFull && e.parks() {
		return s.StageWait(op, done)
	}
	return sequence, err
}

// parks reports whether a submission that finds the ring full waits. On a
// shard's own goroutine nobody else would make room.
func (e *Engine) parks() bool { return e.config.WhenFull == Park && !onShard() }

// explain turns a shard's refusal into the engine's.
func (e *Engine) explain(err error, s *shard.Shard, index int) error {
	switch err {
	case shard.ErrClosed:
		return &StoppedError{Cause: s.Failure()}
	case shard.ErrOverloaded:
		return &OverloadedError{Shard: index, Staged: s.Stats().Staged, Limit: e.config.MaxStaged}
	case shard.ErrFull:
		return &OverloadedError{Shard: index, Staged: s.Stats().Staged, Limit: e.config.MaxStaged, Ring: true}
	case shard.ErrGaveUp:
		return &WithdrawnError{}
	case shard.ErrInUse:
		return &InvalidError{"Bid.Ticket", "in use", "a ticket whose verdict was told, or whose window closed after it was withdrawn"}
	}
	return err
}

func (e *Engine) refused(err error) error {
	e.counts.refused.Inc()
	if _, ok := err.(*OverloadedError); ok {
		e.counts.overloaded.Inc()
	}
	return err
}

package main

import (
	"errors"
	"strconv"
	"sync"

	"example.com/contend/engine"
	"example.com/contend/fuzz/model"
	"github.com/google/uuid"
)

// recorder writes down what happens on targets without rules, for the referee. An
// operation's name is the number of its attempt.
type recorder struct {
	now func() int64

	mu       sync.Mutex
	attempts []*model.Attempt // by ID, from 1 on
	history  model.History
	entries  map[uuid.UUID]int // index of the history's
}

func newRecorder(now func() int64) *recorder {
	return &recorder{now: now, entries: map[uuid.UUID]int{}}
}

// begin writes down that a submission begins.
func (r *recorder) begin(op *engine.Op) *model.Attempt {
	a := &model.Attempt{Target: op.Target, Priority: int32(op.Priority), Window: int64(op.Window), Begun: r.now()}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attempts = append(r.attempts, a)
	a.ID = uint64(len(r.attempts))
	op.Name = strconv.FormatUint(a.ID, 10)
	return a
}

// submitted writes down how a submission that does not wait for its outcome ended.
func (r *recorder) submitted(a *model.Attempt, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle(a, err == nil)
}

func (r *recorder) settle(a *model.Attempt, accepted bool) {
	if a.State != model.Pending {
		return
	}
	a.State, a.Returned = model.Refused, r.now()
	if accepted {
		a.State = model.Accepted
	}
}

// answered writes down an outcome; for a blocking call also that it was accepted.
func (r *recorder) answered(a *model.Attempt, err error, contended bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ending, accepted := endingOf(err, contended)
	r.settle(a, accepted)
	if !accepted {
		return
	}
	answer := model.Answer{Ending: ending, At: r.now()}
	var lost *engine.RejectedError
	if errors.As(err, &lost) {
		answer.Winner, _ = strconv.ParseUint(lost.Winner.Name, 10, 64)
		answer.Entry = lost.Winner.EntryID
	}
	if ending == model.EndWithdrawn {
		a.Withdrawn = &model.Interval{From: a.Begun, To: answer.At}
	}
	a.Answers = append(a.Answers, answer)
}

// endingOf says what an error means, and whether the operation had been accepted.
func endingOf(err error, contended bool) (e model.Ending, accepted bool) {
	var withdrawn *engine.WithdrawnError
	var stopped *engine.StoppedError
	switch {
	case err == nil && contended:
		return model.EndWon, true
	case err == nil:
		return model.EndCompleted, true
	case errors.Is(err, engine.ErrFailed):
		return model.EndFailed, true
	case errors.Is(err, engine.ErrRejected):
		return model.EndRejected, true
	case errors.As(err, &withdrawn):
		return model.EndWithdrawn, withdrawn.Accepted
	case errors.As(err, &stopped):
		return model.EndStopped, stopped.Accepted
	}
	return 0, false
}

// told writes down a verdict that came by callback.
func (r *recorder) told(a *model.Attempt, v *engine.Verdict) {
	r.mu.Lock()
	defer r.mu.Unlock()
	answer := model.Answer{At: r.now()}
	switch v.Outcome {
	case engine.Won:
		answer.Ending = model.EndWon
	case engine.Lost:
		answer.Ending, answer.Entry = model.EndRejected, v.EntryID()
		answer.Winner, _ = strconv.ParseUint(v.WinnerName, 10, 64)
	case engine.Stopped:
		answer.Ending = model.EndStopped
	}
	a.Answers = append(a.Answers, answer)
}

// withdrawn writes down that a ticket was taken back.
func (r *recorder) withdrawn(a *model.Attempt, from int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a.Withdrawn = &model.Interval{From: from, To: r.now()}
}

// ruled writes down a decision, on its shard's goroutine.
func (r *recorder) ruled(d *engine.Decision) {
	ruling := model.Ruling{Target: d.Target, Opened: d.Opened, Due: d.Due, Closed: d.Closed, Seen: r.now(), Abandoned: d.Abandoned}
	for s := range d.All() {
		id, _ := strconv.ParseUint(s.Name(), 10, 64)
		ruling.Members = append(ruling.Members, model.Standing{ID: id, Priority: s.Priority})
		if s == d.Winner && !d.Abandoned {
			ruling.Winner = id
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history.Rulings = append(r.history.Rulings, ruling)
}

// registered writes down that a winner is in the registry.
func (r *recorder) registered(e *engine.Entry) {
	id, _ := strconv.ParseUint(e.Name, 10, 64)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries[e.ID] = len(r.history.Entries)
	r.history.Entries = append(r.history.Entries, model.Entry{ID: e.ID, Attempt: id, Registered: r.now()})
}

// finished writes down that it is not any more.
func (r *recorder) finished(id uuid.UUID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, ok := r.entries[id]; ok {
		r.history.Entries[at].Finished = r.now()
	}
}

// executing writes down that a function begins, and returns how it says that it ends.
func (r *recorder) executing(a *model.Attempt) (ended func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := len(r.history.Executions)
	r.history.Executions = append(r.history.Executions, model.Execution{Attempt: a.ID, Start: r.now()})
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.history.Executions[at].End = r.now()
	}
}

// end returns the history, which ends now.
func (r *recorder) end(tick, late int64) *model.History {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.attempts {
		r.history.Attempts = append(r.history.Attempts, *a)
	}
	r.history.End, r.history.Tick, r.history.Late = r.now(), tick, late
	return &r.history
}

// forget drops everything, so that what is left is not the recorder's.
func (r *recorder) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attempts, r.history, r.entries = nil, model.History{}, map[uuid.UUID]int{}
}

package fuzz

import (
	"errors"
	"strconv"
	"sync"

	"example.com/contend/engine"
	"example.com/contend/fuzz/model"
	"github.com/google/uuid"
)

// witness notes what an engine decides and whom it registers, as a history for
// the referee. Operations are known by the numbers of their attempts: it is the
// tag or, where there is a ticket, the name. Its methods are safe for concurrent
// use.
type witness struct {
	now func() int64 // the engine's clock; set before the first submission

	mu      sync.Mutex
	rulings []model.Ruling
	entries []model.Entry
	byEntry map[uuid.UUID]int
	told    map[uint64][]model.Answer // those with a tag, by the decision
}

func newWitness() *witness {
	return &witness{byEntry: make(map[uuid.UUID]int), told: make(map[uint64][]model.Answer)}
}

// witnessed makes an engine that is watched.
func witnessed(config engine.Config) (*engine.Engine, *witness) {
	w := newWitness()
	config.Decided, config.Registry = w.decided, w
	e, err := engine.New(config)
	if err != nil {
		panic(err)
	}
	w.now = e.Now
	return e, w
}

// decided is the hook.
func (w *witness) decided(batch []engine.Decision) {
	seen := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range batch {
		d := &batch[i]
		r := model.Ruling{
			Target: d.Target, Opened: d.Opened, Due: d.Due, Closed: d.Closed, Seen: seen, Abandoned: d.Abandoned,
			Members: make([]model.Standing, 0, d.Contenders),
		}
		for s := range d.All() {
			number := attemptNumber(s.Name(), s.ID)
			r.Members = append(r.Members, model.Standing{ID: number, Priority: s.Priority})
			ending := model.EndRejected
			switch d.OutcomeOf(s) {
			case engine.Won:
				r.Winner, ending = number, model.EndWon
			case engine.Stopped:
				ending = model.EndStopped
			}
			if s.Ticket == nil {
				w.told[number] = append(w.told[number], model.Answer{Ending: ending, At: seen})
			}
		}
		w.rulings = append(w.rulings, r)
	}
}

// Register is the registry's.
func (w *witness) Register(e engine.Entry) error {
	at := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.byEntry[e.ID] = len(w.entries)
	w.entries = append(w.entries, model.Entry{ID: e.ID, Attempt: attemptNumber(e.Name, 0), Registered: at})
	return nil
}

// Finish is the registry's.
func (w *witness) Finish(id uuid.UUID, _ error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.entries[w.byEntry[id]].Finished = w.now()
}

// history puts what was seen together with what the submitters know.
func (w *witness) history(attempts []model.Attempt, executions []model.Execution) *model.History {
	w.mu.Lock()
	defer w.mu.Unlock()
	return &model.History{
		Attempts: attempts, Rulings: w.rulings, Entries: w.entries, Executions: executions, End: w.now(),
	}
}

func attemptName(number uint64) string { return strconv.FormatUint(number, 10) }

// attemptNumber is the inverse of attemptName, or the tag where there is no name.
func attemptNumber(name string, tag uint64) uint64 {
	if name == "" {
		return tag
	}
	number, err := strconv.ParseUint(name, 10, 64)
	if err != nil {
		panic(err)
	}
	return number
}

// answerOf makes a history's answer of an error of Do, Submit or Contend. It is
// not accepted if the submission was refused.
func answerOf(err error, at int64) (answer model.Answer, accepted bool) {
	answer = model.Answer{At: at}
	var (
		rejected  *engine.RejectedError
		withdrawn *engine.WithdrawnError
		stopped   *engine.StoppedError
	)
	switch {
	case err == nil:
		answer.Ending = model.EndCompleted
	case errors.As(err, &rejected):
		answer.Ending = model.EndRejected
		answer.Winner = attemptNumber(rejected.Winner.Name, rejected.Winner.ID.Sequence)
		answer.Entry = rejected.Winner.EntryID
	case errors.As(err, &withdrawn):
		answer.Ending, accepted = model.EndWithdrawn, withdrawn.Accepted
		return answer, accepted
	case errors.As(err, &stopped):
		answer.Ending = model.EndStopped
		return answer, stopped.Accepted
	case errors.Is(err, engine.ErrFailed):
		answer.Ending = model.EndFailed
	default:
		return answer, false
	}
	return answer, true
}

// ticketHolder is a contender that remembers what it was told, for the attempt
// whose number its ticket has as a name.
type ticketHolder struct {
	engine.Ticket
	now  func() int64
	told chan struct{} // closed after the first answer

	mu      sync.Mutex
	answers []model.Answer
}

func newTicketHolder(number uint64, now func() int64) *ticketHolder {
	t := &ticketHolder{now: now, told: make(chan struct{})}
	t.To, t.Name, t.Withdrawable = t, attemptName(number), true
	return t
}

// Decided takes the verdict.
func (t *ticketHolder) Decided(v *engine.Verdict) {
	t.mu.Lock()
	defer t.mu.Unlock()
	answer := model.Answer{At: t.now()}
	switch v.Outcome {
	case engine.Won:
		answer.Ending = model.EndWon
	case engine.Lost:
		answer.Ending = model.EndRejected
		answer.Winner, answer.Entry = attemptNumber(v.WinnerName, v.Winner.Sequence), v.EntryID()
	case engine.Stopped:
		answer.Ending = model.EndStopped
	}
	if t.answers = append(t.answers, answer); len(t.answers) == 1 {
		close(t.told)
	}
}

// withdraw takes the attempt back, as the referee wants to know it.
func (t *ticketHolder) withdraw() *model.Interval {
	from := t.now()
	if !t.Withdraw() {
		return nil
	}
	return &model.Interval{From: from, To: t.now()}
}

// given returns what the contender was told.
func (t *ticketHolder) given() []model.Answer {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.answers
}

// conflicts counts the windows with more than one member.
func conflicts(h *model.History) (n int) {
	for i := range h.Rulings {
		if len(h.Rulings[i].Members) > 1 {
			n++
		}
	}
	return n
}

// somewhere is the n-th target.
func somewhere(n int) uuid.UUID { return uuid.UUID{0: 1, 14: byte(n >> 8), 15: byte(n)} }

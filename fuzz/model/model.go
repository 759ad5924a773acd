package model

import "github.com/google/uuid"

// Config is what a model is made of.
type Config struct {
	Tick  int64   // windows close at multiples of it
	Rules []Rules // of index 1 and on; the first are the zero Rules
	Limit int     // operations that may be staged; 0: any number
	Fence uint64  // added to a decision's number to make its token
}

// entry is an operation that has no outcome yet.
type entry struct {
	Op
	priority  int32   // aged, while Op.Priority stays
	retries   int     // so far
	window    *window // nil while it pauses
	withdrawn bool
}

func (e *entry) standing() Standing { return Standing{ID: e.ID, Priority: e.priority} }

func (e *entry) told(o Outcome) Told { return Told{e.standing(), o, e.retries} }

// window is an undecided window of a target.
type window struct {
	target       uuid.UUID
	rules        *Rules
	index        int   // of the rules
	opened, last int64 // when it opened and when something arrived last
	end          int64 // when it closes at the latest
	arrived      int   // operations, whatever became of them

	contenders []*entry
	deferred   []*entry // beaten early, but not told
	early      int      // told early
	best       *entry   // so far, unless that is found out at the close
	broken     bool     // a contender left: who is best has to be found again
	fault      bool

	closed  bool  // before its time, and thus no longer its target's
	due     int64 // if closed, or when it is decided
	waiting bool  // for its target's winner
	ready   bool  // has waited
	notes   Notes
}

// Model holds what is undecided.
type Model struct {
	Config
	now    int64 // of the last Advance
	number uint64

	staged []*entry  // without an outcome, in the order in which they came to where they are
	open   []*window // one a target at most
	turns  []turn    // to come, in the order in which they were set
	fired  []turn    // whose time has come
	again  []*entry  // retried without a pause, about to enter
	holds  []*hold
	locks  []Lock

	closing, abandoned bool

	withdrawn  int
	dismissals []Dismissal
	preempted  []Preemption
}

// New makes a model.
func New(config Config) *Model {
	config.Rules = append([]Rules{{}}, config.Rules...)
	return &Model{Config: config}
}

// Staged returns how many operations have no outcome, withdrawn ones included
// that were not found.
func (m *Model) Staged() int { return len(m.staged) }

// Withdrawn returns how many operations were found withdrawn.
func (m *Model) Withdrawn() int { return m.withdrawn }

// Dismissed returns what was told apart from decisions since the last call.
func (m *Model) Dismissed() []Dismissal {
	defer func() { m.dismissals = nil }()
	return m.dismissals
}

// Preempted returns the winners that are to make way, since the last call.
func (m *Model) Preempted() []Preemption {
	defer func() { m.preempted = nil }()
	return m.preempted
}

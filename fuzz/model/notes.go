package model

// Notes are what happened in the life of a window, for whoever wants to know
// what a run has exercised. They decide nothing.
type Notes uint32

const (
	// Waited: for its target's winner.
	Waited Notes = 1 << iota
	// Held: its winner holds the target.
	Held
	// Preempted: one of its operations asked the winner to make way.
	Preempted
	// ClosedByIdle: because nothing arrived any more.
	ClosedByIdle
	// PutOff: something arrived meanwhile.
	PutOff
	// ClosedBySize: because enough arrived.
	ClosedBySize
	// ClosedByPriority: because a decisive operation arrived.
	ClosedByPriority
	// LostEarly: somebody was told early.
	LostEarly
	// Deferred: somebody was beaten early but not told.
	Deferred
	// Retried: a loser tried again.
	Retried
	// CameBack: somebody had lost before and entered again at once.
	CameBack
	// Paused: somebody had lost before and entered again after a pause.
	Paused
	// Aged: somebody entered with a changed priority.
	Aged
	// FoldedIn: a loser was folded into the winner.
	FoldedIn
	// MaskedOut: a lock kept somebody from it.
	MaskedOut
	// MadeRoom: somebody was displaced from it or kept out.
	MadeRoom
	// Withdrawn: somebody was found withdrawn.
	Withdrawn
	// Emptied: its target was cleared.
	Emptied
	// AtFault: the user's policy failed.
	AtFault
)

// noteEntry notes what an operation has been through that enters a window.
func (w *window) noteEntry(e *entry) {
	if e.retries > 0 && e.Retry.Backoff > 0 {
		w.notes |= Paused
	} else if e.retries > 0 {
		w.notes |= CameBack
	}
	if e.priority != e.Priority {
		w.notes |= Aged
	}
}

func (w *window) noteDismissal(o Outcome) {
	switch o {
	case Lost:
		w.notes |= LostEarly
	case Masked:
		w.notes |= MaskedOut
	case Displaced:
		w.notes |= MadeRoom
	case Cleared:
		w.notes |= Emptied
	}
}

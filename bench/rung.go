package bench

import "fmt"

// Rung is how operations learn their verdict: a rung of the engine's ladder of
// completion.
type Rung uint8

const (
	// Callback stages operations with a ticket in memory of their own, told on
	// the shard's goroutine.
	Callback Rung = iota
	// Decisions stages operations with a tag and learns of all verdicts in
	// batches.
	Decisions
	// Handles uses Submit and waits for each handle on one goroutine.
	Handles
	// Blocking uses Do on a goroutine for each operation.
	Blocking
)

const rungNames = "callback, decisions, handles or blocking"

func (r Rung) known() bool { return r <= Blocking }

// String returns the name of the rung as UnmarshalText reads it.
func (r Rung) String() string {
	switch r {
	case Callback:
		return "callback"
	case Decisions:
		return "decisions"
	case Handles:
		return "handles"
	case Blocking:
		return "blocking"
	}
	return fmt.Sprintf("Rung(%d)", uint8(r))
}

// MarshalText returns the name; it fails for a rung without one.
func (r Rung) MarshalText() ([]byte, error) {
	if !r.known() {
		return nil, fmt.Errorf("bench: rung %d is not known: use %s", uint8(r), rungNames)
	}
	return []byte(r.String()), nil
}

// UnmarshalText reads a name; r is unchanged on error.
func (r *Rung) UnmarshalText(text []byte) error {
	for known := Callback; known.known(); known++ {
		if known.String() == string(text) {
			*r = known
			return nil
		}
	}
	return fmt.Errorf("bench: rung %s is not known: use %s", quote(string(text)), rungNames)
}

package shard

import "math"

// Standing is one operation's place in a group.
type Standing struct {
	// Ticket is nil for an operation that was staged with a tag.
	Ticket *Ticket
	// ID is the operation's sequence, or its tag if it has no ticket.
	ID       uint64
	Priority int32
}

// Name returns the ticket's name.
func (s Standing) Name() string {
	if s.Ticket == nil {
		return ""
	}
	return s.Ticket.Name
}

// Deadline returns Extra.Deadline, 0 if there is none.
func (s Standing) Deadline() int64 {
	if x := s.extra(); x != nil {
		return x.Deadline
	}
	return 0
}

// Value returns Extra.Value.
func (s Standing) Value() any {
	if x := s.extra(); x != nil {
		return x.Value
	}
	return nil
}

// Retries returns how often the operation has tried again.
func (s Standing) Retries() int {
	if x := s.extra(); x != nil && s.Ticket.heeded() {
		return int(x.retries)
	}
	return 0
}

func (s Standing) extra() *Extra {
	if s.Ticket == nil {
		return nil
	}
	return s.Ticket.Extra
}

func (s Standing) fold() *Fold {
	if x := s.extra(); x != nil {
		return x.Fold
	}
	return nil
}

// own returns the operation's priority before ageing.
func (s Standing) own() int32 {
	if x := s.extra(); x != nil && s.Ticket.heeded() {
		return x.own
	}
	return s.Priority
}

// latestDeadline returns the deadline, or a time later than any.
func (s Standing) latestDeadline() int64 {
	if at := s.Deadline(); at != 0 {
		return at
	}
	return math.MaxInt64
}

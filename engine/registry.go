package engine

import (
	"iter"

	"github.com/google/uuid"
)

// Entry is what the registry learns about a winner: values only, nothing that
// keeps the operation's function or arguments alive.
type Entry struct {
	ID         uuid.UUID // the entry ID, made for this winner
	Op         OpID
	Key        uuid.UUID // Op.ID, the user's
	Target     uuid.UUID
	Name       string
	Type       string
	Priority   Priority
	Contenders int // operations of its group, itself included
	Retries    int // losses before it won
	// Token grows from winner to winner of a target; see FencingToken.
	Token uint64
}

// decide fills in what a verdict says of its winner.
func (e *Entry) decide(v *Verdict) {
	e.ID, e.Op, e.Target = v.EntryID(), v.Op, v.Target
	e.Priority, e.Contenders, e.Retries, e.Token = Priority(v.Priority), v.Contenders, v.Retries, v.Token
}

// name fills in the rest, which its submitter knows.
func (e *Entry) name(name, class string, key uuid.UUID) {
	e.Name, e.Type, e.Key = name, class, key
}

// Registry is the hook through which winners, and only winners, get into the
// system that they act on. Its methods are called on the winner's goroutine,
// before and after its function, concurrently for different winners.
type Registry interface {
	// Register is called before the winner executes. An error keeps it from
	// executing: the operation has failed with it.
	Register(Entry) error
	// Finish is called when a winner that was registered has executed, with the
	// operation's final error.
	Finish(id uuid.UUID, err error)
}

// Discard is a Registry that keeps nothing.
var Discard Registry = discard{}

type discard struct{}

func (discard) Register(Entry) error    { return nil }
func (discard) Finish(uuid.UUID, error) {}

// defaultKept is how many finished entries an engine's own registry keeps.
const defaultKept = 1024

// Memory is the embedded Registry: it holds the winners that execute and the
// last ones that finished. It is safe for concurrent use.
type Memory struct {
	stripes [16]stripe
	kept    int // finished entries per stripe
}

// stripe is the part of the entries whose ID ends in its number.
type stripe struct {
	mu       mutex
	book     book[uuid.UUID, Entry]
	finished []uuid.UUID // a ring of the last ones, oldest at next
	next     int
}

// NewMemory makes a registry that keeps about the given number of finished
// entries.
func NewMemory(kept int) *Memory {
	m := &Memory{}
	m.kept = (max(0, kept) + len(m.stripes) - 1) / len(m.stripes)
	return m
}

func (m *Memory) stripe(id uuid.UUID) *stripe { return &m.stripes[int(id[15])%len(m.stripes)] }

// Register adds an entry.
func (m *Memory) Register(e Entry) error {
	m.add(&e)
	return nil
}

func (m *Memory) add(e *Entry) {
	s := m.stripe(e.ID)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.book.set(e.ID, *e)
}

// Finish makes an entry a finished one, pushing out the oldest.
func (m *Memory) Finish(id uuid.UUID, _ error) {
	s := m.stripe(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case m.kept == 0:
		s.book.delete(id)
	case len(s.finished) < m.kept:
		s.finished = append(s.finished, id)
	default:
		s.book.delete(s.finished[s.next])
		s.finished[s.next] = id
		s.next = (s.next + 1) % m.kept
	}
}

// Get returns the entry with the given ID.
func (m *Memory) Get(id uuid.UUID) (Entry, bool) {
	s := m.stripe(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.book.entries[id]
	return e, ok
}

// Len returns the number of entries.
func (m *Memory) Len() (n int) {
	for i := range m.stripes {
		s := &m.stripes[i]
		s.mu.Lock()
		n += len(s.book.entries)
		s.mu.Unlock()
	}
	return n
}

// All iterates over the entries, in no order. It works on a copy: entries come
// and go meanwhile.
func (m *Memory) All() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for i := range m.stripes {
			for _, e := range m.stripes[i].copied() {
				if !yield(e) {
					return
				}
			}
		}
	}
}

func (s *stripe) copied() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Entry, 0, len(s.book.entries))
	for _, e := range s.book.entries {
		all = append(all, e)
	}
	return all
}

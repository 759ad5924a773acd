package engine

import (
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Lineage lets operations inherit: a child has at least the priority of each of
// its parents, whatever its own is. It tracks live operations by the user's ID,
// from Begin to End, and refuses parents that would be their own descendants.
//
// What a parent passes on is what it has inherited itself, so that priority goes
// down all generations. It goes at Begin only: a parent that begins after its
// child does not raise it, and one that ends does not lower it.
//
// The zero value is ready for use; it must not be copied after. A Lineage is
// safe for concurrent use: one lock, held for as long as it takes to look at the
// parents. Only a Begin of an ID that a live operation has already named as its
// parent walks further, over all ancestors, since only that can close a cycle.
type Lineage struct {
	mu  mutex
	kin book[uuid.UUID, *kin] // who lives, and who is a parent of one who does
}

// kin is what is remembered of one ID: because its operation lives, because a
// live one has named it as parent, or both. All of it is guarded by Lineage.mu.
type kin struct {
	id       uuid.UUID
	children int // edges from live operations
	// Of a live operation only:
	live     bool
	priority Priority // inherited
	parents  []*kin
}

// Begin makes an operation live and returns its priority: the highest of its own
// and its live parents' inherited ones. A parent that is not live passes nothing
// on, but is remembered as the parent for as long as the child lives. The zero
// UUID among the parents is nobody.
//
// An operation whose ID is the zero UUID inherits like any other, but is not
// tracked: it cannot be a parent and needs no End.
//
// Begin fails with a CycleError if the operation would be its own ancestor, and
// with an InvalidError if the ID is live already. A Begin that failed has changed
// nothing, and must not be followed by an End, which would be another's.
func (l *Lineage) Begin(id uuid.UUID, own Priority, parents ...uuid.UUID) (Priority, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id != uuid.Nil {
		if k := l.kin.entries[id]; k != nil && k.live {
			return 0, &InvalidError{"Op.ID", id, "one that no live operation has"}
		}
		if cycle := l.cycle(id, parents); cycle != nil {
			return 0, &CycleError{Path: cycle}
		}
	}
	inherited := own
	for _, p := range parents {
		if k := l.kin.entries[p]; k != nil && k.live {
			inherited = max(inherited, k.priority)
		}
	}
	if id != uuid.Nil {
		l.add(id, inherited, parents)
	}
	return inherited, nil
}

// End forgets a live operation and its edges to its parents. What it passed on
// stays with its children. An ID that is not live is ignored.
func (l *Lineage) End(id uuid.UUID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.kin.entries[id]
	if k == nil { // if only named, it stays so
		return
	}
	for _, p := range k.parents {
		p.children--
		l.release(p)
	}
	k.live, k.parents = false, nil
	l.release(k)
}

// Len returns how many IDs are remembered: those of live operations and those
// of the parents that these have named. It is 0 when everything has ended.
func (l *Lineage) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.kin.entries)
}

// add makes an ID live, and remembers its parents.
func (l *Lineage) add(id uuid.UUID, inherited Priority, parents []uuid.UUID) {
	k := l.remember(id)
	k.live, k.priority = true, inherited
	for _, p := range parents {
		if p == uuid.Nil {
			continue
		}
		parent := l.remember(p)
		parent.children++
		k.parents = append(k.parents, parent)
	}
}

// remember returns what is known of an ID, from now on at least that there is
// one.
func (l *Lineage) remember(id uuid.UUID) *kin {
	k := l.kin.entries[id]
	if k == nil {
		k = &kin{id: id}
		l.kin.set(id, k)
	}
	return k
}

// release lets go of an ID that there is no reason to remember any more.
func (l *Lineage) release(k *kin) {
	if !k.live && k.children == 0 {
		l.kin.delete(k.id)
	}
}

// cycle returns the shortest cycle that an operation with these parents would
// close, nil if there is none.
func (l *Lineage) cycle(id uuid.UUID, parents []uuid.UUID) []uuid.UUID {
	if slices.Contains(parents, id) {
		return []uuid.UUID{id}
	}
	self := l.kin.entries[id]
	if self == nil {
		return nil // no live operation has named it: nobody's ancestor
	}
	// Breadth first, upwards, noting who led to each: nil for the parents.
	childOf := make(map[*kin]*kin)
	var next []*kin
	reach := func(k, child *kin) {
		if _, seen := childOf[k]; !seen {
			childOf[k] = child
			next = append(next, k)
		}
	}
	for _, p := range parents {
		if k := l.kin.entries[p]; k != nil {
			reach(k, nil)
		}
	}
	for len(next) > 0 {
		k := next[0]
		next = next[1:]
		if k == self {
			return descent(k, childOf)
		}
		for _, p := range k.parents {
			reach(p, k)
		}
	}
	return nil
}

// descent returns the way by which an operation was found to be its own
// ancestor, from it upwards, each once.
func descent(self *kin, childOf map[*kin]*kin) []uuid.UUID {
	var path []uuid.UUID
	for k := childOf[self]; k != nil; k = childOf[k] {
		path = append(path, k.id)
	}
	path = append(path, self.id)
	slices.Reverse(path)
	return path
}

// CycleError refuses an operation that would be its own ancestor. Nothing was
// staged. It is an ErrInvalid.
type CycleError struct {
	// Path is the shortest such cycle: each is a child of the next, the last a
	// child of the first, which is the refused operation. An operation that is
	// its own parent is a cycle of one.
	Path []uuid.UUID
}

func (e *CycleError) Error() string {
	var b strings.Builder
	b.WriteString("contend: invalid Op.Parents: a cycle, each a child of the next: ")
	for _, id := range e.Path {
		b.WriteString(id.String() + ", ")
	}
	if len(e.Path) > 0 {
		b.WriteString(e.Path[0].String())
	}
	return b.String()
}

// Is makes errors.Is(err, ErrInvalid) true.
func (e *CycleError) Is(target error) bool { return target == ErrInvalid }

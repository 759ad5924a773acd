package shard

import (
	"github.com/google/uuid"
)

// inbox takes what the owner is told besides submissions: locks, winners of
// exclusive targets that have ended, and what is asked of it. None of it is
// refused, also after Close.
//
// The owner looks into it after it has read the ring's tail and before it
// drains up to there. So whatever was put in before an operation was submitted
// is known to the core before that operation is.
type inbox struct {
	mu    mutex
	mail  []control
	locks map[uint64]int // in the mail: where the last setting of each lock is
	taken bool           // by Carry: nothing is taken in any more
	full  atomicBool     // publishes to the owner that there is mail
}

// muchMail is how much may lie in an inbox while its owner sleeps.
const muchMail = 256

// control is one thing that the owner is told.
type control struct {
	kind    controlKind
	lock    Lock          // setLock; for unsetLock its ID
	hold    Hold          // endHold, holdTarget
	applied chan struct{} // closed when it is in force; nil if nobody waits

	// Of a request, which the owner answers when all is in the core that was submitted
	// before it: everything below a position of the ring.
	clearing *clearing // clearTarget
	view     *view     // viewWindows
	below    uint64    // the owner's
}

type controlKind uint8

const (
	endHold controlKind = iota
	holdTarget
	setLock
	unsetLock
	clearTarget
	viewWindows
)

// put reports false if the shard has ended and its state was carried on. It also
// reports whether so much mail is there that the owner should come for it.
func (b *inbox) put(c control) (ok, much bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken {
		return false, false
	}
	b.add(c)
	return true, len(b.mail)%muchMail == 0
}

// putLock does so for a lock. One that is in the mail is set to what it is now: nobody
// comes for what is sent to a shard that has ended, until there is another. It returns
// what is closed when the lock is in force.
func (b *inbox) putLock(l Lock) (applied <-chan struct{}, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if at, there := b.locks[l.ID]; there {
		b.mail[at].lock = l
		return b.mail[at].applied, true
	}
	c := control{kind: setLock, lock: l, applied: make(chan struct{})}
	if b.taken {
		return c.applied, false
	}
	if b.locks == nil {
		b.locks = make(map[uint64]int)
	}
	b.locks[l.ID] = len(b.mail)
	b.add(c)
	return c.applied, true
}

func (b *inbox) add(c control) {
	if c.kind == unsetLock {
		delete(b.locks, c.lock.ID) // what comes behind it is another
	}
	b.mail = append(b.mail, c)
	b.full.Store(true)
}

// take empties the inbox.
func (b *inbox) take() []control {
	if !b.full.Load() {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	mail := b.mail
	b.mail, b.locks = nil, nil
	b.full.Store(false)
	return mail
}

// takeMail tells the core what the inbox holds.
func (s *Shard) takeMail() {
	o := &s.owner
	if len(o.mail) == 0 {
		o.mail = s.inbox.take()
	}
	for len(o.mail) > 0 {
		m := o.mail[0]
		o.mail = o.mail[1:]
		s.apply(&m)
	}
	o.mail = nil
}

// apply tells the core one thing, and writes it down. What has to know all
// submissions before it is put aside until they are in the core.
func (s *Shard) apply(m *control) {
	switch o := &s.owner; m.kind {
	case clearTarget:
		m.below = s.ring.Tail() // which may be beyond what this look drains
		o.clearings = append(o.clearings, *m)
		return
	case viewWindows:
		m.below = s.ring.Tail()
		o.views = append(o.views, *m)
		return
	}
	c, journal := s.owner.core, s.owner.journal
	if journal != nil {
		journal.control(m)
	}
	switch m.kind {
	case endHold:
		c.Ended(m.hold.Target, m.hold.Token)
	case holdTarget:
		c.Hold(m.hold)
	case setLock:
		c.Lock(m.lock)
	case unsetLock:
		c.Unlock(m.lock.ID)
	}
	s.strict.Store(c.Strict())
	if m.applied != nil {
		close(m.applied)
	}
}

// Ended frees an exclusive target: the winner with that token has ended. It
// reports false if the shard has ended and its state was carried on: then it is
// to be told to the shard that carries it. Safe for concurrent use.
func (s *Shard) Ended(target uuid.UUID, token uint64) bool {
	ok, much := s.inbox.put(control{kind: endHold, hold: Hold{Target: target, Token: token}})
	if much || s.waits.Load() {
		s.bell.Ring()
	}
	return ok
}

// Lock puts a lock into force, or replaces the one with its ID. The channel is
// closed when it is in force; see Ended for the result. Safe for concurrent use.
func (s *Shard) Lock(l Lock) (applied <-chan struct{}, ok bool) {
	applied, ok = s.inbox.putLock(l)
	s.bell.Ring()
	return applied, ok
}

// Unlock ends a lock, likewise.
func (s *Shard) Unlock(id uint64) (applied <-chan struct{}, ok bool) {
	return s.control(control{kind: unsetLock, lock: Lock{ID: id}})
}

func (s *Shard) control(m control) (applied <-chan struct{}, ok bool) {
	m.applied = make(chan struct{})
	ok, _ = s.inbox.put(m)
	s.bell.Ring()
	return m.applied, ok
}

// Carried is what outlives a shard: the targets whose winners run, locks, and
// the greatest fencing token.
type Carried struct {
	Holds []Hold
	Locks []Lock
	Token uint64
}

// Carry returns what the shard that takes over has to know. The shard must have
// ended.
func (s *Shard) Carry() Carried {
	s.takeMail()
	s.inbox.mu.Lock()
	late := s.inbox.mail
	s.inbox.mail, s.inbox.locks, s.inbox.taken = nil, nil, true
	s.inbox.mu.Unlock()
	for _, m := range late {
		s.apply(&m)
	}
	c := s.owner.core
	return Carried{Holds: c.Holds(), Locks: c.Locks(), Token: c.config.Fence + c.number}
}

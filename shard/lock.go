package shard

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/google/uuid"
)

// Lock keeps operations below a priority from a target, or from all.
type Lock struct {
	// ID identifies the lock: setting one again replaces it.
	ID   uint64
	Name string // what masked operations are told
	// Target is what is locked, unless All targets are.
	Target uuid.UUID
	All    bool
	// Below is the priority from which on operations pass. Ageing does not
	// count.
	Below int32
	// Expires is when the lock ends by itself, in nanoseconds of the shard's
	// clock; with Stay it does not.
	Expires int64
	Stay    bool
}

// locks are a core's locks. The cost of a check depends on how many locks one
// target has, not on how many there are.
type locks struct {
	all     []Lock // the ones for all targets, the strictest first
	targets map[uuid.UUID][]Lock
	where   map[uint64]uuid.UUID // of the locks in targets, by ID
	most    int                  // length of where since the maps were made
	soonest int64                // no lock ends by itself before
}

// stricter orders locks by what they let pass.
func stricter(a, b Lock) int {
	return cmp.Or(cmp.Compare(b.Below, a.Below), cmp.Compare(a.ID, b.ID))
}

func (l *locks) any() bool { return len(l.all)+len(l.targets) > 0 }

func (l *locks) set(lock Lock) {
	l.remove(lock.ID)
	if !lock.Stay {
		l.soonest = min(l.soonest, lock.Expires)
	}
	if lock.All {
		l.all = append(l.all, lock)
		slices.SortFunc(l.all, stricter)
		return
	}
	if l.targets == nil {
		l.targets, l.where = make(map[uuid.UUID][]Lock), make(map[uint64]uuid.UUID)
	}
	own := append(l.targets[lock.Target], lock)
	slices.SortFunc(own, stricter)
	l.targets[lock.Target], l.where[lock.ID] = own, lock.Target
	l.most = max(l.most, len(l.where))
}

func (l *locks) remove(id uint64) {
	hasID := func(lock Lock) bool { return lock.ID == id }
	l.all = slices.DeleteFunc(l.all, hasID)
	target, ok := l.where[id]
	if !ok {
		return
	}
	delete(l.where, id)
	if own := slices.DeleteFunc(l.targets[target], hasID); len(own) > 0 {
		l.targets[target] = own
	} else {
		delete(l.targets, target)
	}
	l.shrink()
}

// shrink gives a burst's memory back, which maps keep.
func (l *locks) shrink() {
	if l.most > minHolds && len(l.where) < l.most/4 {
		targets, where := l.targets, l.where
		l.targets, l.where = make(map[uuid.UUID][]Lock, len(targets)), make(map[uint64]uuid.UUID, len(where))
		maps.Copy(l.targets, targets)
		maps.Copy(l.where, where)
		l.most = len(where)
	}
}

// masking returns the strictest lock that keeps a priority from a target at a
// time, or nil.
func (l *locks) masking(target *uuid.UUID, priority int32, at int64) *Lock {
	if !l.any() {
		return nil
	}
	a := first(l.all, priority, at)
	b := first(l.targets[*target], priority, at)
	if a == nil || b != nil && stricter(*b, *a) < 0 {
		return b
	}
	return a
}

// first returns the first of a target's locks that is in force and masks the
// priority.
func first(locks []Lock, priority int32, at int64) *Lock {
	for i := range locks {
		l := &locks[i]
		if priority >= l.Below {
			return nil // nor do those behind
		}
		if l.Stay || at < l.Expires {
			return l
		}
	}
	return nil
}

// sweepPause is for how many nanoseconds after a sweep there is none, per lock:
// so that sweeping costs some percent of the owner's time at most.
const sweepPause = 10_000

// expire removes the locks that have ended by themselves.
func (l *locks) expire(now int64) {
	l.soonest = math.MaxInt64
	all := l.list()
	defer func() { // they mask nobody any more: it is only memory, and may wait
		l.soonest = max(l.soonest, saturatingAdd(now, int64(len(all))*sweepPause))
	}()
	for _, lock := range all {
		switch {
		case lock.Stay:
		case lock.Expires <= now:
			l.remove(lock.ID)
		default:
			l.soonest = min(l.soonest, lock.Expires)
		}
	}
}

// list returns all locks by their IDs.
func (l *locks) list() []Lock {
	all := slices.Clone(l.all)
	for _, own := range l.targets {
		all = append(all, own...)
	}
	slices.SortFunc(all, func(a, b Lock) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Lock puts a lock into force, or replaces the one with its ID. It masks
// whatever is not decided yet.
func (c *Core) Lock(lock Lock) {
	c.locks.set(lock)
	c.special = true
}

// Unlock ends a lock.
func (c *Core) Unlock(id uint64) {
	c.locks.remove(id)
	c.locked()
}

// expireLocks ends the locks whose time is over.
func (c *Core) expireLocks() {
	c.locks.expire(c.now)
	c.locked()
}

// locked looks whether locks have to be heeded.
func (c *Core) locked() { c.special = c.config.Limit > 0 || c.locks.any() || c.abandoned }

// Locks returns the locks that are set, by their IDs.
func (c *Core) Locks() []Lock { return c.locks.list() }

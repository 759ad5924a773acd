package shard

import (
	"time"

	"github.com/google/uuid"
)

// Window is a target's open window, as it was at one moment.
type Window struct {
	Target uuid.UUID
	Shard  uint32
	// Opened and Due are nanoseconds of the shard's clock. Rules may close it
	// before it is due, or leave it open.
	Opened, Due int64
	// Waiting means that it is overdue, since the winner of its exclusive target
	// runs.
	Waiting bool
	// Contenders is how many operations are staged for it. Withdrawn ones are
	// counted until they are found.
	Contenders int
	// Leader is who would win if it closed now, without ticket. Led is false if
	// that is not known before the close: with Early or Choose rules, or if the
	// leader was withdrawn or displaced.
	Led        bool
	Leader     Standing
	LeaderName string
}

// Age returns for how long the window has been open at a time.
func (w *Window) Age(now int64) time.Duration { return time.Duration(now - w.Opened) }

// Windows appends open windows to a list: those in the core's memory from a
// position on, until the list is full. It returns from where to go on, and false
// if there are none left. Between two calls windows may open and close. One that
// is open all the time is seen once.
func (c *Core) Windows(from uint32, to []Window) (windows []Window, next uint32, more bool) {
	pages := uint32(len(c.groups.pages))
	for i := from; i/pageItems < pages; i++ {
		if len(to) == cap(to) {
			return to, i, true
		}
		i = c.groups.nextUsed(i)
		if i/pageItems >= pages {
			break
		}
		if g := c.groups.at(i); g.flags&(parked|closed|aside) == 0 {
			to = append(to, c.window(i, g))
		}
	}
	return to, 0, false
}

// window describes an open window.
func (c *Core) window(index uint32, g *group) Window {
	w := Window{
		Target: g.target, Shard: c.config.Shard, Opened: g.opened, Due: g.due,
		Waiting: g.flags&overdue != 0, Contenders: int(g.count),
	}
	if x := c.mores.at(index); x != nil {
		w.Due = x.dueBy(&c.rules[g.rules])
		w.Contenders -= int(x.gone)
		if x.deferred != 0 {
			d := x.deferred - 1
			w.Contenders += int(c.groups.at(d).count)
			if y := c.mores.at(d); y != nil {
				w.Contenders -= int(y.gone)
			}
		}
	}
	if r := &c.rules[g.rules]; r.Early || r.Choose != nil || g.best == nowhere {
		return w
	}
	leader := c.at(g, g.best)
	if t := leader.Ticket; t != nil {
		if t.Withdrawable && t.isWithdrawn() {
			return w // unless found before, who is next is not known
		}
		w.LeaderName = t.Name
	}
	w.Led, w.Leader = true, Standing{ID: leader.ID, Priority: leader.Priority}
	return w
}

// windowsAtATime bounds for how long a view keeps the owner: some microseconds.
const windowsAtATime = 128

// view is a request for some open windows.
type view struct {
	from    uint32
	windows []Window
	next    uint32
	more    bool
}

// Windows calls yield with the open windows, until that returns false, done closes
// or the shard ends. The owner copies some at a time, between two looks, and waits
// for nobody; yield is called on the caller's goroutine.
//
// A window that is open from the call to its end appears exactly once, provided
// that a submission to it had returned before the call; one that opens or closes
// meanwhile appears at most once. Each is shown as it was at one moment, but not
// all at the same. It must not be called on the owner goroutine, which it waits
// for.
func (s *Shard) Windows(done <-chan struct{}, yield func(*Window) bool) (finished bool) {
	page := view{windows: make([]Window, 0, windowsAtATime), more: true}
	for page.more {
		asked := &view{from: page.next, windows: page.windows[:0]}
		if !s.ask(control{kind: viewWindows, view: asked}, done) {
			return false // the owner may be writing it yet
		}
		page = *asked
		for i := range page.windows {
			if !yield(&page.windows[i]) {
				return false
			}
		}
	}
	return true
}

// Clear takes everything staged for a target out, and tells it Cleared, and returns
// how many operations that were: all whose submission had returned, and which were
// not decided before. If done closes first, or the shard ends, it reports false,
// and the clearing may happen yet. It must not be called on the owner goroutine,
// which it waits for.
func (s *Shard) Clear(target uuid.UUID, hash uint32, done <-chan struct{}) (n int, ok bool) {
	c := &clearing{target: target, hash: hash}
	if !s.ask(control{kind: clearTarget, clearing: c}, done) {
		return 0, false // the owner may be at it yet
	}
	return c.n, true
}

// clearing is a request to clear a target.
type clearing struct {
	target uuid.UUID
	hash   uint32
	n      int // how many operations were
}

// ask puts a request to the owner and waits until it was met.
func (s *Shard) ask(m control, done <-chan struct{}) bool {
	if reachedYet(s.done) {
		return false // it would stay in the mail until the next start
	}
	met, ok := s.control(m)
	if !ok {
		return false
	}
	select {
	case <-met:
		return true
	case <-s.done:
		return reachedYet(met)
	case <-done:
		return reachedYet(met)
	}
}

func reachedYet(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// clear meets the requests to clear targets, each once: when all that was
// submitted before them is in the core, before anything is decided.
func (s *Shard) clear() {
	o := &s.owner
	for len(o.clearings) > 0 && s.knows(&o.clearings[0]) {
		m := o.clearings[0]
		o.clearings = o.clearings[1:]
		if o.journal != nil {
			o.journal.clear(&m.clearing.target)
		}
		o.cleared = append(o.cleared, m)
		m.clearing.n = o.core.Clear(&m.clearing.target, m.clearing.hash)
	}
}

// knows reports whether all that was submitted before a request is in the core. If not,
// the next look comes at once: the bell was rung after the request was put.
func (s *Shard) knows(m *control) bool { return s.ring.Drained() >= m.below }

// answer tells who asked: views are made now, when everything is told that is due.
func (s *Shard) answer() {
	o := &s.owner
	for _, m := range o.cleared {
		close(m.applied)
	}
	o.cleared = nil
	if len(o.clearings) == 0 {
		o.clearings = nil
	}
	for len(o.views) > 0 && s.knows(&o.views[0]) {
		m := o.views[0]
		o.views = o.views[1:]
		m.show(o.core)
	}
	if len(o.views) == 0 {
		o.views = nil
	}
}

// show copies some windows. The view ends here should that fail.
func (m *control) show(c *Core) {
	defer close(m.applied)
	v := m.view
	v.windows, v.next, v.more = c.Windows(v.from, v.windows)
}

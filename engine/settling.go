package engine

import "context"

// settling is how Stop learns that winners have ended and were told, of whatever
// generation.
type settling struct {
	mu      mutex
	changed chan struct{}  // closed when that may be; nil if nobody waits
	inStop  map[uint64]int // winners that wait in Stop themselves, by generation.number
}

// now returns what is closed at the next change, and how many winners wait in a Stop
// that began not later than in the generation of that number.
func (s *settling) now(number uint64) (changed <-chan struct{}, inStop int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	for at, winners := range s.inStop {
		if at <= number {
			inStop += winners
		}
	}
	return s.changed, inStop
}

// change wakes who waits.
func (s *settling) change() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wake()
}

func (s *settling) wake() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// enter counts winners that begin to wait in Stop, or do not any more.
func (s *settling) enter(number uint64, winners int) {
	if winners == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inStop == nil {
		s.inStop = make(map[uint64]int)
	}
	if s.inStop[number] += winners; s.inStop[number] == 0 {
		delete(s.inStop, number)
	}
	s.wake()
}

// awaitRuns waits until all winners have ended and have their outcome. If the
// caller is inside of winners, so many, it does not wait for them nor for others
// that wait here: they would wait for each other. It does wait for those that came here
// after a later Start, and may be none of its own: they do not wait for it.
func (e *Engine) awaitRuns(ctx context.Context, all []*generation, inside int) bool {
	number := all[len(all)-1].number
	e.settling.enter(number, inside)
	defer e.settling.enter(number, -inside)
	for {
		changed, spared := e.settling.now(number)
		if inside == 0 {
			spared = 0
		}
		unsettled := 0
		for _, g := range all {
			unsettled += g.unsettled()
		}
		if unsettled <= spared {
			return true
		}
		if !reached(changed, ctx.Done()) {
			return false
		}
	}
}

// awaitTold waits until nobody who ended, or was given up on, is owed an outcome:
// by another Stop, perhaps. No code of the user's is waited for.
func (e *Engine) awaitTold(all []*generation) {
	for {
		changed, _ := e.settling.now(0)
		owed := 0
		for _, g := range all {
			owed += g.owes()
		}
		if owed == 0 {
			return
		}
		<-changed
	}
}

// settled is called when winners of a generation have ended and were told.
func (e *Engine) settled(g *generation) {
	if g.stopping.Load() {
		e.settling.change()
		e.forgetSettled()
	}
}

//go:build explore

package loom

// search is a strategy that tells when it has tried all there is.
type search interface {
	strategy
	// end is told that an execution has ended, and reports whether there is
	// another one to try.
	end() (more bool)
}

// node is a choice on the path of a depth-first search.
type node struct {
	choice int
	able   mask // who could go on
	rest   mask // who has not been tried
	sleep  mask // sleepSets: whose turn here would lead to what was seen
}

// path is the choices of the execution that a depth-first search is at. A search
// keeps no states: it repeats the choices.
type path struct {
	nodes []node
	depth int
}

// at returns the choice that it is the turn of, made if it is new.
func (p *path) at(usual int, able, candidates, sleep mask) *node {
	if p.depth == len(p.nodes) {
		p.nodes = append(p.nodes, node{usual, able, candidates.without(usual), sleep})
	}
	n := &p.nodes[p.depth]
	if p.depth++; n.able != able {
		panic("loom: the scenario is not deterministic")
	}
	return n
}

// end goes on to the next path.
func (p *path) end() (more bool) {
	p.depth = 0
	for len(p.nodes) > 0 {
		n := &p.nodes[len(p.nodes)-1]
		if n.rest != 0 {
			n.sleep |= bit(n.choice)
			n.choice = n.rest.first()
			n.rest = n.rest.without(n.choice)
			return true
		}
		p.nodes = p.nodes[:len(p.nodes)-1]
	}
	return false
}

func usual(w *World, stays bool, able mask) int {
	if stays {
		return w.current
	}
	return able.first()
}

// bounded tries all executions with at most a number of preemptions (Musuvathi
// and Qadeer 2007): that one thread goes on instead of another that could have.
// When a thread sleeps or ends, any other one can go on for nothing.
//
// With World.reduce it does not preempt in front of an access to a word that
// nobody else touches. That loses nothing: the access can as well be made before
// the preemption, which nobody notices, and there are not more preemptions then.
// Words count as private as long as no execution shows otherwise; if one does, the
// search begins anew. The first access that would show it is not missed: up to
// there the argument holds.
type bounded struct {
	path
	bound   int
	used    int
	limited bool // the bound has kept it from trying something

	// Only the first preemptions at a step of this remainder are tried; the
	// others are for other processes.
	part, parts int
}

func (b *bounded) begin(*World) { b.used = 0 }

func (b *bounded) pick(w *World, stays bool, able mask) int {
	if stays {
		if b.used == b.bound {
			b.limited = b.limited || w.able().several()
			return w.current
		}
		able = w.able()
	}
	if !able.several() {
		return able.first()
	}
	candidates := able
	if stays && b.used == 0 && b.parts > 1 && w.steps%b.parts != b.part {
		candidates = bit(w.current)
	}
	choice := b.at(usual(w, stays, able), able, candidates, 0).choice
	if stays && choice != w.current {
		b.used++
	}
	return choice
}

// sleepSets tries all executions, but of those that differ only in the order of
// steps that do not concern each other one (Godefroid 1996). A thread that was
// tried at a choice sleeps in what is tried there afterwards, until somebody
// makes a step that concerns its own.
//
// It is for scenarios in which threads see nothing of each other but words: no
// World.Happened, no channels. Then two steps concern each other if they are at
// the same word and one of them writes.
type sleepSets struct {
	path
	sleep     mask
	redundant bool // everybody who could go on sleeps: all that follows was seen
}

func (s *sleepSets) begin(*World) { s.sleep, s.redundant = 0, false }

func (s *sleepSets) pick(w *World, stays bool, able mask) int {
	if stays {
		able = w.able()
	}
	choice := usual(w, stays, able)
	if s.redundant = s.redundant || able&^s.sleep == 0; s.redundant {
		return choice
	}
	candidates := able &^ s.sleep
	if !candidates.has(choice) {
		choice = candidates.first()
	}
	if candidates.several() {
		n := s.at(choice, able, candidates, s.sleep)
		choice, s.sleep = n.choice, n.sleep
	}
	s.sleep = independent(w, s.sleep, choice)
	return choice
}

// independent returns those of a set whose next steps do not concern a thread's.
func independent(w *World, set mask, thread int) (left mask) {
	a := &w.threads[thread]
	for m := set; m != 0; m &= m - 1 {
		b := &w.threads[m.first()]
		if a.word != b.word || !writes(a.kind) && !writes(b.kind) {
			left |= m & -m
		}
	}
	return left
}

//go:build explore

package loom

import "math/rand/v2"

// priorities is probabilistic concurrency testing (Burckhardt et al. 2010): the
// thread of the highest priority runs. Priorities are random, and at a number of
// random steps the one that runs gets the lowest. For a bug that needs d ordering
// constraints among n threads and k steps, one execution finds it with a
// probability of at least 1/(n·k^(d-1)).
type priorities struct {
	source   rand.PCG
	random   *rand.Rand
	seed     uint64 // of the next execution
	stride   uint64
	length   int // k
	priority [maxThreads]int
	changes  []int // at which choice
}

// depths are the d that take turns.
const minDepth, maxDepth = 2, 5

func (p *priorities) begin(w *World) {
	if p.random == nil {
		p.random = rand.New(&p.source)
	}
	p.source.Seed(p.seed, 0)
	depth := minDepth + int(p.seed%(maxDepth-minDepth+1))
	p.seed += p.stride
	for i := range w.n { // a random permutation
		j := p.random.IntN(i + 1)
		p.priority[i] = p.priority[j]
		p.priority[j] = depth + i
	}
	p.changes = p.changes[:0]
	for range depth - 1 {
		p.changes = append(p.changes, 1+p.random.IntN(p.length))
	}
}

func (p *priorities) pick(w *World, stays bool, able mask) int {
	for i, at := range p.changes {
		if at == w.choices && w.current != nobody {
			p.priority[w.current] = i - len(p.changes)
		}
	}
	if stays {
		able = w.able()
	}
	highest := able.first()
	for m := able & (able - 1); m != 0; m &= m - 1 {
		if t := m.first(); p.priority[t] > p.priority[highest] {
			highest = t
		}
	}
	return highest
}

func (p *priorities) end() (more bool) { return true }

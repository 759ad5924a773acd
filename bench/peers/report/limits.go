package main

// measured is a figure of the run, or is made of some; not ok if one is missing.
type measured func(r *results) (figure float64, ok bool)

// cost is that of a part, with as much in flight as flat out or in the home scenario.
func (s partSpec) cost(name string, flatOut bool) measured {
	spec := s.part
	if flatOut {
		spec = s.flatOut
	}
	return func(r *results) (float64, bool) {
		f, ok := r.get(spec.Question(), name, "cpu-ns/op")
		return f.median, ok
	}
}

// core is the cheaper of the cores. One has less in flight than there is flat out, and
// the other does without a shard's reading ahead, which pays where much is in flight: what
// a shard needs is above the lesser of them.
func (s partSpec) core() measured {
	return combined(func(a, b float64) float64 { return min(a, b) }, s.cost("core", false), s.cost("core", true))
}

// producer is what a producer's thread does for an operation flat out.
func (s partSpec) producer() measured {
	return sum(s.cost("generator", false), s.cost("hash", false), s.cost("enqueue", false))
}

// owner is what the owner's thread does for an operation flat out.
func (s partSpec) owner() measured {
	return sum(s.cost("dequeue", false), s.core(), s.cost("delivery", true))
}

// job is the whole job, flat out.
func (s partSpec) job() measured { return sum(s.producer(), s.owner()) }

func sum(all ...measured) measured {
	return combined(func(a, b float64) float64 { return a + b }, all...)
}

// combined makes one figure of some.
func combined(combine func(a, b float64) float64, all ...measured) measured {
	return func(r *results) (figure float64, ok bool) {
		for i, m := range all {
			f, ok := m(r)
			if !ok {
				return 0, false
			}
			if i > 0 {
				f = combine(figure, f)
			}
			figure = f
		}
		return figure, true
	}
}

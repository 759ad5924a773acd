//go:build explore

package loom

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"example.com/contend/ring/interleave"
)

// Schedule is where an execution deviates from the usual choices, which are to
// stay with the thread that runs, or else the first that is able to. Written, it
// is pairs of a step and a thread: "12:1,30:0".
type Schedule []deviation

// String returns what ParseSchedule takes.
func (s Schedule) String() string {
	text := make([]string, len(s))
	for i, d := range s {
		text[i] = fmt.Sprintf("%d:%d", d.step, d.thread)
	}
	return strings.Join(text, ",")
}

// ParseSchedule parses a written schedule.
func ParseSchedule(text string) (s Schedule, err error) {
	for pair := range strings.SplitSeq(text, ",") {
		step, thread, _ := strings.Cut(pair, ":")
		d := deviation{}
		if d.step, err = strconv.Atoi(step); err == nil {
			d.thread, err = strconv.Atoi(thread)
		}
		if err != nil {
			return nil, fmt.Errorf("schedule: %q is not step:thread", pair)
		}
		s = append(s, d)
	}
	return s, nil
}

// repeat is the strategy that follows a schedule. What cannot be followed is left
// out.
type repeat struct {
	schedule Schedule
	next     int
}

func (r *repeat) begin(*World) { r.next = 0 }

func (r *repeat) pick(w *World, stays bool, able mask) int {
	for r.next < len(r.schedule) && r.schedule[r.next].step < w.steps {
		r.next++
	}
	if r.next < len(r.schedule) && r.schedule[r.next].step == w.steps {
		if stays {
			able = w.able()
		}
		if thread := r.schedule[r.next].thread; able.has(thread) {
			return thread
		}
	}
	return usual(w, stays, able)
}

// shrink leaves out of a failing schedule what it fails without, in at most so
// many executions.
func (w *World) shrink(scenario Scenario, s Schedule, most int) Schedule {
	for again := true; again; {
		again = false
		for i := len(s) - 1; i >= 0 && most > 0; i-- {
			most--
			fewer := slices.Delete(slices.Clone(s), i, i+1)
			if taken, failure := w.repeat(scenario, fewer); failure != "" && len(taken) < len(s) {
				s, again = taken, true
				break
			}
		}
	}
	return s
}

// repeat runs a scenario by a schedule, and returns how it deviated and failed.
func (w *World) repeat(scenario Scenario, s Schedule) (taken Schedule, failure string) {
	reduce, strategy := w.reduce, w.strategy
	w.reduce, w.strategy = false, &repeat{schedule: s}
	w.run(scenario)
	w.reduce, w.strategy = reduce, strategy
	return slices.Clone(w.taken), w.failure
}

// line is a step of a trace.
type line struct {
	step, thread int
	kind         interleave.Kind
	word         int32
	now          int64
}

// tell repeats a failing schedule and returns what happened in words.
func (w *World) tell(scenario Scenario, s Schedule) string {
	var lines []line
	var names [maxThreads]string
	w.trace = &lines
	var text strings.Builder
	w.repeat(func(w *World) func() {
		check := scenario(w)
		for i := range w.n {
			names[i] = w.threads[i].name
		}
		return check
	}, s)
	w.trace = nil
	last := nobody
	for _, l := range lines {
		name := ""
		if l.thread != last {
			name, last = names[l.thread], l.thread
		}
		fmt.Fprintf(&text, "%5d  %-12s %-5s %s", l.step, name, l.kind, w.words.name(l.word))
		if l.now > 0 {
			fmt.Fprintf(&text, "  at %d", l.now)
		}
		text.WriteByte('\n')
	}
	return text.String()
}

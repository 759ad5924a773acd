package promela

import (
	"regexp"
	"strings"
)

// coverage is what of a model was reached. What is never reached never fails.
type coverage struct {
	lines, reached map[string]bool // by proctype and number
	endless        []string        // proctypes that ran and never ended
}

var (
	proctype     = regexp.MustCompile(`^(?:unreached in )?(?:proctype )?:?(\w+)\s*$`)
	stateOf      = regexp.MustCompile(`^\s+state\s+(\d+) -.*model\.pml:(\d+) => (.*)`)
	unreachedOne = regexp.MustCompile(`^\s+\S*model\.pml:(\d+), state (\d+), "(.*)"`)
)

// The text of a process's last state.
const end = "-end-"

// covered reads which states were missed, from what a search printed, and all states,
// from what the checker prints of them. A line of an inline has states wherever it is
// called.
func covered(out, states string) coverage {
	c := coverage{lines: map[string]bool{}, reached: map[string]bool{}}
	missed, endless := map[string]bool{}, map[string]bool{}
	in := ""
	for line := range strings.Lines(out) {
		if m := proctype.FindStringSubmatch(line); m != nil {
			in = m[1]
		} else if m := unreachedOne.FindStringSubmatch(line); m != nil {
			missed[in+" state "+m[2]] = true
			c.lines[in+":"+m[1]] = true
			endless[in] = endless[in] || m[3] == end
		}
	}
	ran := map[string]bool{}
	for line := range strings.Lines(states) {
		if m := proctype.FindStringSubmatch(line); m != nil {
			in = m[1]
		} else if m := stateOf.FindStringSubmatch(line); m != nil && !strings.Contains(m[3], "goto") { // which is never missed
			c.lines[in+":"+m[2]] = true
			hit := !missed[in+" state "+m[1]]
			if _, ok := ran[in]; !ok {
				ran[in] = hit // its first state
			}
			if hit && ran[in] {
				c.reached[in+":"+m[2]] = true
			}
		}
	}
	for p := range endless {
		if endless[p] && ran[p] {
			c.endless = append(c.endless, p)
		}
	}
	return c
}

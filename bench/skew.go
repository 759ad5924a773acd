package bench

import (
	"fmt"
	"math"
	"math/bits"
	"time"
)

// Skew is how operations are spread over targets.
type Skew uint8

const (
	// Threes gives each target three consecutive operations, in turn. With
	// several producers those go to different ones. Groups are of three as
	// long as a lap around the targets takes at least a window. If it takes
	// less than two windows, as in the home scenario where it takes exactly
	// one, a target would return at the very moment at which its window
	// closes, and a group would be of three or six as jitter has it; so laps
	// alternate between two sets of targets then. With laps shorter than a
	// window, groups are of all the threes that fall into one.
	//
	// It flatters an engine: the second and third find everything in cache.
	Threes Skew = iota

	// Uniform draws each target at random. A target's first operation opens
	// its window and the others of that window come on top, so the mean group
	// is 1 + Rate·Window/Targets: four in the home scenario, although 30,000
	// operations are in flight over 10,000 targets. 15,000 targets make it
	// three.
	Uniform

	// Zipf draws the target of rank k with a probability proportional to
	// 1/k^Exponent. It costs a table of 16 bytes per target, shared by the
	// streams that were made together.
	Zipf

	// Hot has a single target.
	Hot
)

const skewNames = "threes, uniform, zipf or hot"

func (s Skew) known() bool { return s <= Hot }

// String returns the name of the skew as UnmarshalText reads it.
func (s Skew) String() string {
	switch s {
	case Threes:
		return "threes"
	case Uniform:
		return "uniform"
	case Zipf:
		return "zipf"
	case Hot:
		return "hot"
	default:
		return fmt.Sprintf("Skew(%d)", uint8(s))
	}
}

// MarshalText returns the name; it fails for a skew without one.
func (s Skew) MarshalText() ([]byte, error) {
	if !s.known() {
		return nil, fmt.Errorf("bench: skew %d is not known: use %s", uint8(s), skewNames)
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads a name; s is unchanged on error.
func (s *Skew) UnmarshalText(text []byte) error {
	for known := Threes; known.known(); known++ {
		if known.String() == string(text) {
			*s = known
			return nil
		}
	}
	return fmt.Errorf("bench: skew %s is not known: use %s", quote(string(text)), skewNames)
}

// Distinct returns how many different targets the workload has.
func (w Workload) Distinct() int {
	w = w.WithDefaults()
	switch {
	case w.Trace != nil:
		return w.Trace.Distinct()
	case w.Skew == Hot:
		return 1
	case w.Skew == Threes && w.alternates():
		return 2 * w.Targets
	default:
		return w.Targets
	}
}

// alternates reports whether a lap of Threes takes at least one window and
// less than two.
func (w Workload) alternates() bool {
	windows, open := w.windowsPerLap()
	return open && windows >= 1 && windows < 2
}

// windowsPerLap returns how many windows, rounded down, three operations for
// each target take, and whether that is known: it is not when flat out.
func (w Workload) windowsPerLap() (windows uint64, open bool) {
	if w.Rate <= 0 {
		return 0, false
	}
	lapHi, lapLo := bits.Mul64(3*uint64(w.Targets), uint64(time.Second))
	perHi, perLo := bits.Mul64(uint64(w.Rate), uint64(w.Window))
	if perHi != 0 || lapHi != 0 { // beyond exact arithmetic and any boundary
		lap := float64(w.Targets) * 3 * float64(time.Second)
		return uint64(lap / (float64(w.Rate) * float64(w.Window))), true
	}
	return lapLo / perLo, true
}

// Contenders returns the mean size of a group that is to be expected if
// nothing is withdrawn and windows close in time, or 0 where it is not known
// beforehand: flat out, and with a trace.
func (w Workload) Contenders() float64 {
	w = w.WithDefaults()
	if w.Rate <= 0 || w.Trace != nil {
		return 0
	}
	perWindow := float64(w.Rate) * float64(w.Window) / float64(time.Second)
	switch w.Skew {
	case Threes:
		return 3 * math.Ceil(perWindow/(3*float64(w.Distinct())))
	case Zipf:
		return zipfContenders(w.Targets, w.Exponent, perWindow)
	default:
		return 1 + perWindow/float64(w.Distinct())
	}
}

// zipfContenders divides operations by groups: a target with a operations per
// window opens a/(1+a) groups per window, as each takes a window and then
// waits for the next operation.
func zipfContenders(targets int, exponent, perWindow float64) float64 {
	var sum, groups float64
	for k := 1; k <= targets; k++ {
		sum += math.Pow(float64(k), -exponent)
	}
	for k := 1; k <= targets; k++ {
		a := perWindow * math.Pow(float64(k), -exponent) / sum
		groups += a / (1 + a)
	}
	return perWindow / groups
}

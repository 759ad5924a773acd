package bench

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Mix is how often operations have which of the named priorities: weights,
// relative to their sum. The zero value stands for DefaultMix. In text it is a
// list such as "critical=1,high=4,normal=10"; what is not named weighs 0.
type Mix struct {
	Critical   uint32 // priority 10
	High       uint32 // priority 8
	Normal     uint32 // priority 5
	Low        uint32 // priority 2
	Background uint32 // priority 1
}

// DefaultMix has ties within most groups and a clear winner in many.
var DefaultMix = Mix{Critical: 1, High: 4, Normal: 10, Low: 4, Background: 1}

const mixExample = "critical=1,high=4,normal=10,low=4,background=1"

// levels is the number of named priorities.
const levels = 5

// levelNames and levelPriorities are in the order of Mix's fields.
var (
	levelNames      = [levels]string{"critical", "high", "normal", "low", "background"}
	levelPriorities = [levels]int32{10, 8, 5, 2, 1}
)

// fields returns the weights in the order of levelNames.
func (m *Mix) fields() [levels]*uint32 {
	return [levels]*uint32{&m.Critical, &m.High, &m.Normal, &m.Low, &m.Background}
}

// weights returns a copy of the weights in the order of levelNames.
func (m Mix) weights() []uint64 {
	w := make([]uint64, levels)
	for i, field := range m.fields() {
		w[i] = uint64(*field)
	}
	return w
}

// String returns the mix as UnmarshalText reads it, without what weighs 0.
func (m Mix) String() string {
	var parts []string
	for i, field := range m.fields() {
		if *field > 0 {
			parts = append(parts, fmt.Sprintf("%s=%d", levelNames[i], *field))
		}
	}
	return strings.Join(parts, ",")
}

// MarshalText returns String.
func (m Mix) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads a list of weights; m is unchanged on error.
func (m *Mix) UnmarshalText(text []byte) error {
	var mix Mix
	seen := map[string]bool{}
	for part := range strings.SplitSeq(string(text), ",") {
		name, err := mix.set(strings.TrimSpace(part))
		if err == nil && seen[name] {
			err = fmt.Errorf("%s comes twice: give each priority once", name)
		}
		if err != nil {
			return fmt.Errorf("bench: priorities %s: %w", quote(string(text)), err)
		}
		seen[name] = true
	}
	if mix == (Mix{}) {
		return fmt.Errorf("bench: priorities %s: all weigh 0: give at least one a positive weight", quote(string(text)))
	}
	*m = mix
	return nil
}

// set reads one part of a list, name=weight.
func (m *Mix) set(part string) (name string, err error) {
	name, number, ok := strings.Cut(part, "=")
	if !ok {
		return "", fmt.Errorf("%s is not name=weight: use a list such as %s", quote(part), mixExample)
	}
	for i, field := range m.fields() {
		if levelNames[i] != name {
			continue
		}
		weight, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			return "", weightError(name, number, err)
		}
		*field = uint32(weight)
		return name, nil
	}
	return "", fmt.Errorf("%s is not a priority: use %s", quote(name), strings.Join(levelNames[:], ", "))
}

func weightError(name, number string, err error) error {
	if errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("%s=%s is too large: use weights below 2^32", name, quote(number))
	}
	return fmt.Errorf("%s=%s: use a whole number from 0 on as weight", name, quote(number))
}

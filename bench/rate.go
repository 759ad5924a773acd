package bench

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Rate is operations per second, or FlatOut. In text it is a number, with an
// optional suffix k or m ("300000", "300k", "1.5m"), or "flat-out".
type Rate int64

// FlatOut is the rate of a closed loop: the next operation is submitted as
// soon as the engine took the one before.
const FlatOut Rate = -1

const flatOutName = "flat-out"

// String returns the rate as UnmarshalText reads it.
func (r Rate) String() string {
	if r == FlatOut {
		return flatOutName
	}
	return strconv.FormatInt(int64(r), 10)
}

// MarshalText returns String.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a positive rate or "flat-out"; r is unchanged on error.
func (r *Rate) UnmarshalText(text []byte) error {
	if string(text) == flatOutName {
		*r = FlatOut
		return nil
	}
	number, scale := string(text), 1.0
	if s, ok := strings.CutSuffix(number, "k"); ok {
		number, scale = s, 1e3
	} else if s, ok := strings.CutSuffix(number, "m"); ok {
		number, scale = s, 1e6
	}
	v, err := strconv.ParseFloat(number, 64)
	v *= scale
	if err != nil || !(v >= 1 && v <= float64(MaxRate)) || v != math.Trunc(v) {
		return fmt.Errorf("bench: rate %s: use a whole number of operations per second from 1 to %d, such as 300000, 300k or 1.5m, or %s",
			quote(string(text)), int64(MaxRate), flatOutName)
	}
	*r = Rate(v)
	return nil
}

// quote returns s in quotes, cut to a length that fits into a message.
func quote(s string) string {
	const most = 40 // bytes
	if len(s) <= most {
		return strconv.Quote(s)
	}
	return strconv.Quote(s[:most]) + "…"
}

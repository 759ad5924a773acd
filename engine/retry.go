package engine

import (
	"fmt"
	"math"

	"example.com/contend/shard"
)

// Retry lets an operation that lost enter its target's next window by itself.
type Retry = shard.Retry

// validateRetry checks what a field of that name holds.
func validateRetry(field string, r *Retry) error {
	switch {
	case r.Limit < 0 || r.Limit > math.MaxInt32:
		return &InvalidError{field + ".Limit", r.Limit, "a positive number, or 0 for never"}
	case r.Backoff < 0 || r.MaxBackoff < 0:
		return &InvalidError{field, fmt.Sprintf("backoff %v up to %v", r.Backoff, r.MaxBackoff), "positive durations, or 0"}
	case r.Step < 0:
		return &InvalidError{field + ".Step", r.Step, "a positive number, or 0: losing must not lower a priority"}
	case r.Limit == 0 && *r != (Retry{}):
		return &InvalidError{field + ".Limit", r.Limit, "a positive number, since other fields of Retry are set"}
	}
	return nil
}

package engine

import (
	"fmt"
	"math"
	"time"

	"example.com/contend/shard"
)

// Retry lets an operation that lost enter its target's next window by itself.
// It is told nothing of losses that it makes up for so; its outcome counts them
// as Retries. An operation that a lock keeps out does not try again. Once Stop
// has begun nobody does.
//
// The longest that such an operation can starve is Limit+1 windows; with a Step
// it wins earlier, as soon as it is aged past what it contends with.
type Retry struct {
	// Limit is how often; 0 is never.
	Limit int
	// Backoff is how long it pauses after its first loss, twice as long after
	// each further one, up to MaxBackoff unless that is 0. Without a pause it is
	// among the first of the next window.
	Backoff, MaxBackoff time.Duration
	// Step is added to its priority with each loss. It does not help past locks.
	Step Priority
}

func (r *Retry) validate() error {
	switch {
	case r.Limit < 0 || r.Limit > math.MaxInt32:
		return &InvalidError{"Op.Retry.Limit", r.Limit, "a positive number, or 0 for never"}
	case r.Backoff < 0 || r.MaxBackoff < 0:
		return &InvalidError{"Op.Retry", fmt.Sprintf("backoff %v up to %v", r.Backoff, r.MaxBackoff), "positive durations, or 0"}
	case r.Step < 0:
		return &InvalidError{"Op.Retry.Step", r.Step, "a positive number, or 0: losing must not lower a priority"}
	case r.Limit == 0 && *r != (Retry{}):
		return &InvalidError{"Op.Retry.Limit", r.Limit, "a positive number, since other fields of Retry are set"}
	}
	return nil
}

// core returns the retry in the shard's words.
func (r *Retry) core() shard.Retry {
	return shard.Retry{Limit: r.Limit, Backoff: r.Backoff, MaxBackoff: r.MaxBackoff, Step: int32(r.Step)}
}

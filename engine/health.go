package engine

import (
	"fmt"
	"strings"
	"time"

	"example.com/contend/shard"
)

// Defaults of HealthBounds and Config.Watchdog.
const (
	DefaultStagedBound   = 10_000
	DefaultLatenessBound = 50 * time.Millisecond
	DefaultWatchdog      = time.Second
)

// HealthBounds say from when on an engine that works is reported to be degraded.
type HealthBounds struct {
	// Staged is how many operations may be staged, in all shards. 0 means 10,000,
	// -1 any number.
	Staged int
	// Lateness is by how much a window may close after its time. 0 means 50 ms,
	// -1 any time.
	Lateness time.Duration
}

// State is how an engine is.
type State uint8

const (
	// StateDown means that it has not been started, or was stopped.
	StateDown State = iota + 1
	// StateFailed means that a part of it does not work any more.
	StateFailed
	// StateDegraded means that it works, beyond the bounds of HealthBounds.
	StateDegraded
	// StateHealthy is what it should be.
	StateHealthy
)

// String returns the state in lower case.
func (s State) String() string {
	switch s {
	case StateDown:
		return "down"
	case StateFailed:
		return "failed"
	case StateDegraded:
		return "degraded"
	case StateHealthy:
		return "healthy"
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// MarshalText returns String.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Health is how an engine was at one moment, with the reasons in words and the
// figures behind them. As JSON, durations are in nanoseconds.
type Health struct {
	State State `json:"state"`
	// Reasons tell why it is not healthy, the gravest first; empty if it is.
	Reasons []string `json:"reasons"`
	// Hopeless means that it will not recover: a new process would help.
	Hopeless bool `json:"hopeless"`

	// Staged is how many operations were accepted and are not decided.
	Staged int `json:"staged"`
	// StagedBound is HealthBounds.Staged, -1 for none.
	StagedBound int `json:"staged_bound"`
	// Lateness is by how much windows closed after their time, or a shard's looks
	// came after theirs, at worst, in the last one to two seconds. Windows that wait for the winner of
	// their exclusive target are not late.
	Lateness time.Duration `json:"lateness_ns"`
	// LatenessBound is HealthBounds.Lateness, -1 for none.
	LatenessBound time.Duration `json:"lateness_bound_ns"`

	// Shards is over how many goroutines the targets are spread; Stuck are those
	// that have not advanced for Config.Watchdog, Failed those that were given up.
	Shards int   `json:"shards"`
	Stuck  []int `json:"stuck,omitempty"`
	Failed []int `json:"failed,omitempty"`
	// Restarts is how often a shard's loop was restarted, JournalLost how many
	// blocks of the journal were lost; see Stats.
	Restarts    uint64 `json:"restarts"`
	JournalLost uint64 `json:"journal_lost"`
}

// String returns the state, the reasons and the figures in one line.
func (h Health) String() string {
	line := h.State.String()
	if len(h.Reasons) > 0 {
		line += ": " + strings.Join(h.Reasons, "; ")
	}
	return fmt.Sprintf("%s (staged %d, lateness %v, shards %d, restarts %d)", line, h.Staged, h.Lateness, h.Shards, h.Restarts)
}

// Health returns how the engine is. It is safe at any time and for concurrent use:
// it waits for no shard and wakes none.
func (e *Engine) Health() Health {
	e.mu.Lock()
	g, stopped, restarts := e.current.Load(), e.stopped, e.past.Restarts
	e.mu.Unlock()
	h := Health{
		State: StateHealthy, Reasons: []string{}, Shards: e.config.Shards,
		StagedBound: e.config.Health.Staged, LatenessBound: e.config.Health.Lateness,
		Restarts: restarts, JournalLost: e.counts.journalLost.Load(),
	}
	if g != nil {
		for i, s := range g.shards {
			h.look(i, s.Vitals(), e.config.Watchdog)
		}
	}
	ended := e.journalError.Load()
	if ended != nil {
		h.worse(StateFailed, fmt.Sprintf("the journal ended: %v", ended))
	}
	if g == nil {
		h.worse(StateDown, "not started")
	} else if stopped {
		h.worse(StateDown, "stopped")
	}
	if ended == nil && h.JournalLost > 0 {
		h.worse(StateDegraded, fmt.Sprintf("%d blocks of the journal were lost", h.JournalLost))
	}
	h.bounds()
	return h
}

// look adds how one shard is.
func (h *Health) look(index int, v shard.Vitals, patience time.Duration) {
	h.Staged += v.Staged
	h.Lateness = max(h.Lateness, v.Lateness)
	h.Restarts += v.Restarts
	if v.Failure != nil {
		h.Failed = append(h.Failed, index)
		h.Hopeless = true
		h.worse(StateFailed, fmt.Sprintf("shard %d was given up: %v", index, v.Failure))
	}
	if patience <= 0 {
		patience = DefaultWatchdog
	}
	if v.Overdue > patience {
		h.Stuck = append(h.Stuck, index)
		h.Hopeless = true
		h.worse(StateFailed, fmt.Sprintf("shard %d has not advanced for %v (%d operations staged)", index, rounded(v.Overdue), v.Staged))
	}
}

// bounds adds what is beyond its bound.
func (h *Health) bounds() {
	if h.StagedBound >= 0 && h.Staged > h.StagedBound {
		h.worse(StateDegraded, fmt.Sprintf("%d operations staged, more than %d", h.Staged, h.StagedBound))
	}
	if h.LatenessBound >= 0 && h.Lateness > h.LatenessBound {
		h.worse(StateDegraded, fmt.Sprintf("%v late, more than %v", rounded(h.Lateness), h.LatenessBound))
	}
}

// worse adds a reason for a state, which counts unless there is a graver one: a
// failed engine is reported as such, also if it was stopped.
func (h *Health) worse(s State, reason string) {
	h.Reasons = append(h.Reasons, reason)
	switch {
	case s == StateFailed, h.State == StateHealthy, s == StateDown && h.State == StateDegraded:
		h.State = s
	}
}

// rounded leaves three or four digits of a duration.
func rounded(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 10_000 {
		unit *= 10
	}
	return (d + unit/2) / unit * unit
}

// health replaces the zero values of what Health and the watchdog go by, and
// checks the rest.
func (c *Config) health() error {
	b := &c.Health
	switch {
	case b.Staged < -1:
		return &InvalidError{"Config.Health.Staged", b.Staged, "a number, 0 for 10,000 or -1 for no bound"}
	case b.Lateness < -1:
		return &InvalidError{"Config.Health.Lateness", b.Lateness, "a positive duration, 0 for 50ms or -1 for no bound"}
	case c.Watchdog < -1:
		return &InvalidError{"Config.Watchdog", c.Watchdog, "a positive duration, 0 for 1s or -1 for no reports to Logger"}
	case c.Hottest < 0 || c.Hottest > shard.MaxHottest:
		return &InvalidError{"Config.Hottest", c.Hottest, fmt.Sprintf("0 to %d", shard.MaxHottest)}
	}
	if b.Staged == 0 {
		b.Staged = DefaultStagedBound
	}
	if b.Lateness == 0 {
		b.Lateness = DefaultLatenessBound
	}
	if c.Watchdog == 0 {
		c.Watchdog = DefaultWatchdog
	}
	return nil
}

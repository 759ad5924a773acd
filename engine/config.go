package engine

import (
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/google/uuid"
)

// DefaultWindow is how long a target collects contenders unless configured
// otherwise.
const DefaultWindow = 100 * time.Millisecond

const (
	defaultRingSize  = 8192
	defaultMaxStaged = 1 << 20
	maxShards        = 1 << 12
	maxRingSize      = 1 << 24
)

// WhenFull says what a submission does while its shard's ring is full, which
// is for as long as the shard's goroutine needs to come round.
type WhenFull uint8

const (
	// Park waits for room, in order of arrival.
	Park WhenFull = iota
	// Refuse fails with an OverloadedError: submitting never blocks.
	Refuse
)

// Config configures an Engine. The zero value is ready for use.
type Config struct {
	// Window is how long a target collects contenders, counted from the
	// submission of the first. 0 means DefaultWindow.
	Window time.Duration
	// WindowOf returns the window of one target, or 0 for Window. It is called
	// by every submission that names no window of its own, on the submitter's
	// goroutine. Nil means Window for all.
	WindowOf func(target uuid.UUID) time.Duration

	// Shards is over how many goroutines the targets are spread. 0 means
	// GOMAXPROCS.
	Shards int
	// RingSize is how many submissions a shard takes between two looks of its
	// goroutine, 64 bytes each. 0 means 8192; rounded up to a power of two.
	RingSize int
	// MaxStaged is how many operations a shard may hold; what is submitted
	// beyond is refused with an OverloadedError. It is compared with the count
	// of the shard's last look, so it can be exceeded by up to RingSize. 0
	// means 1,048,576.
	MaxStaged int
	// WhenFull says whether submitting parks or refuses while a ring is full.
	WhenFull WhenFull

	// Registry is told about every winner before it executes. Nil means a
	// Memory registry, which Engine.Registry returns.
	Registry Registry
	// Executor starts the function of a winner of Submit. It is called on a
	// shard's goroutine and must not block; for an operation that does not have
	// to contend, on the submitter's. Nil means a goroutine each; see Bounded.
	Executor func(run func())
	// Decided is the hook between decided and told: it gets every decision in
	// batches, before any contender learns of it. It is called on the shards'
	// goroutines, concurrently for different shards, and must not block; the
	// batch is its own for the call. It is also the cheapest way to learn what
	// became of operations staged with a tag.
	Decided func(batch []Decision)

	// Logger is told about panics in Decided and in contenders, on the shard's
	// goroutine. Nil is silent.
	Logger *slog.Logger
	// HashSeed makes routing repeatable. 0 means random: then nobody can
	// choose targets that meet in one shard.
	HashSeed uint64
}

// withDefaults returns the configuration with every zero value replaced, or an
// InvalidError.
func (c Config) withDefaults() (Config, error) {
	if c.Window < 0 {
		return c, &InvalidError{"Config.Window", c.Window, "a positive duration, or 0 for 100ms"}
	}
	for _, n := range []struct {
		field     string
		value     *int
		otherwise int
		most      int
	}{
		{"Config.Shards", &c.Shards, runtime.GOMAXPROCS(0), maxShards},
		{"Config.RingSize", &c.RingSize, defaultRingSize, maxRingSize},
		{"Config.MaxStaged", &c.MaxStaged, defaultMaxStaged, int(^uint(0) >> 1)},
	} {
		if *n.value < 0 || *n.value > n.most {
			return c, &InvalidError{n.field, *n.value, fmt.Sprintf("1 to %d, or 0 for the default", n.most)}
		}
		if *n.value == 0 {
			*n.value = n.otherwise
		}
	}
	if c.WhenFull > Refuse {
		return c, &InvalidError{"Config.WhenFull", c.WhenFull, "Park or Refuse"}
	}
	if c.Window == 0 {
		c.Window = DefaultWindow
	}
	if c.Registry == nil {
		c.Registry = NewMemory(defaultKept)
	}
	if c.Executor == nil {
		c.Executor = func(run func()) { go run() }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

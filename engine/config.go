package engine

import (
	"fmt"
	"io"
	"log/slog"
	"math"
	"runtime"
	"time"

	"example.com/contend/shard"
	"github.com/google/uuid"
)

// DefaultWindow is how long a target collects contenders unless configured
// otherwise.
const DefaultWindow = 100 * time.Millisecond

const (
	defaultRingSize    = 8192
	defaultEventBuffer = 8192
	defaultMaxStaged   = 1 << 20
	maxShards          = 1 << 12
	maxRingSize        = 1 << 24
)

// WhenFull says what a submission does while its shard's ring is full, which
// is for as long as the shard's goroutine needs to come round.
type WhenFull uint8

const (
	// Park waits for room: in order of arrival, but for calls that wait for their
	// verdict anyway (of Do and its kin), which have a line of their own. The two
	// share the room.
	Park WhenFull = iota
	// Refuse fails with an OverloadedError: submitting never blocks.
	Refuse
)

// Overload says who has to go when a shard holds Config.MaxStaged operations.
type Overload uint8

const (
	// RefuseNewest refuses what is submitted.
	RefuseNewest Overload = iota
	// DisplaceLowest rejects the operation with the lowest priority that is
	// staged in the shard, among equals the newest, to make room for one with a
	// higher priority. MaxStaged is exact then. One that was withdrawn counts until
	// its window closes, or until it is the lowest.
	DisplaceLowest
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

	// Rules say how targets are decided; the zero value is the plain window.
	Rules Rules
	// MoreRules and RulesOf give some targets rules of their own: RulesOf returns
	// 0 for Rules and n for MoreRules[n-1]. It is called by every submission, on
	// the submitter's goroutine, and must always say the same of a target.
	MoreRules []Rules
	RulesOf   func(target uuid.UUID) int

	// Shards is over how many goroutines the targets are spread. 0 means
	// GOMAXPROCS.
	Shards int
	// RingSize is how many submissions a shard takes between two looks of its
	// goroutine, 40 bytes each; and 16 more from when the first needs them, which makes
	// them for all: one whose window or rules are not Config's, or one without a ticket
	// that comes while the shard sleeps or whose tag is 2⁵⁶ or more. 0 means 8192;
	// rounded up to a power of two.
	RingSize int
	// MaxStaged is how many operations a shard may hold; what is submitted
	// beyond is refused with an OverloadedError. It is compared with the count
	// of the shard's last look, so it can be exceeded by up to RingSize. 0
	// means 1,048,576.
	MaxStaged int
	// WhenFull says whether submitting parks or refuses while a ring is full.
	WhenFull WhenFull
	// Overload says who has to go when MaxStaged is reached.
	Overload Overload

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

	// Dismissed gets the operations that are told apart from a decision: that
	// they lost early, are masked or displaced, or their shard is given up. It is
	// called like Decided.
	Dismissed func(batch []Dismissal)
	// Preempted gets the winners of exclusive targets that are to make way for a
	// decisive newcomer (see Rules.Preempt). It is called like Decided. Winners
	// of Do and Submit need not be told: their context is cancelled.
	Preempted func(batch []Preemption)

	// Lineage lets operations inherit the priority of their Op.Parents. Nil
	// means that Parents are refused.
	Lineage *Lineage
	// Journal gets a record of everything the shards are told, some 30 bytes an
	// operation, from which what they decided can be derived again; see
	// [ReadJournal]. It is written to by one goroutine, for which only Stop and
	// Start wait, Stop for a second at most once its context has ended: what it
	// cannot keep up with, after some megabytes, is lost, see Stats.JournalLost.
	// Nil for none.
	Journal io.Writer

	// Name identifies this engine in events; see Event.Process.
	Name string
	// Hooks are told what happens to operations, away from where it happens. The
	// zero value costs nothing; see also [Engine.Subscribe].
	Hooks Hooks
	// EventBuffer is how many events wait in each shard, and for the hooks; what is
	// more is dropped and counted. It takes no memory while nobody watches. 0 means
	// 8192; rounded up to a power of two.
	EventBuffer int
	// Health says from when on Engine.Health reports a working engine as degraded.
	Health HealthBounds
	// Watchdog is how long a shard may be overdue, that is not have advanced since the
	// time at which it had something to do, before that is reported: to Logger, with its
	// goroutine's stack, and by Engine.Health. 0 means a second, -1 no reports to
	// Logger. While nothing is staged it costs nothing.
	Watchdog time.Duration
	// Hottest is how many of the hottest targets each shard counts, for
	// Engine.Hottest; 0 for none, at most 4096.
	Hottest int

	// Logger is told about every failure of the user's code that the engine survives
	// (see Stats.Incidents), about shards that do not advance or fail, and about the end of
	// the journal, on whatever goroutine finds that out. Nil is silent.
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
		{"Config.EventBuffer", &c.EventBuffer, defaultEventBuffer, maxRingSize},
		{"Config.MaxStaged", &c.MaxStaged, defaultMaxStaged, math.MaxInt},
	} {
		if *n.value < 0 || *n.value > n.most {
			want := fmt.Sprintf("1 to %d, or 0 for the default", n.most)
			if n.most == math.MaxInt {
				want = "a positive number, or 0 for the default"
			}
			return c, &InvalidError{n.field, *n.value, want}
		}
		if *n.value == 0 {
			*n.value = n.otherwise
		}
	}
	if c.WhenFull > Refuse {
		return c, &InvalidError{"Config.WhenFull", c.WhenFull, "Park or Refuse"}
	}
	if c.Overload > DisplaceLowest {
		return c, &InvalidError{"Config.Overload", c.Overload, "RefuseNewest or DisplaceLowest"}
	}
	if c.Window > shard.MaxWindow {
		return c, &InvalidError{"Config.Window", c.Window, atMostWindow}
	}
	if err := c.validateRules(); err != nil {
		return c, err
	}
	if err := c.health(); err != nil {
		return c, err
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

package fuzz

import (
	"bytes"
	"context"
	"errors"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/google/uuid"

	"go.uber.org/atomic"

	"example.com/contend/engine"
	"example.com/contend/shard"
)

// The values that FuzzAPI chooses from: extremes, and enough plain ones that
// something happens. A table's first half is what a calm program chooses from.
var (
	apiWindows = [16]time.Duration{
		0, 0, 1, shard.Tick - 1, shard.Tick, time.Millisecond, 100 * time.Millisecond, time.Second,
		shard.MaxWindow, shard.MaxWindow + 1, shard.MaxWindow - 1, math.MaxInt64, math.MinInt64, -1, time.Hour, time.Microsecond,
	}
	apiCounts = [16]int{
		0, 0, 1, 1, 2, 2, 3, 64,
		-1, math.MinInt, math.MaxInt, math.MaxInt32, 1<<24 + 1, 5, 16, 100,
	}
	apiPriorities = [16]engine.Priority{
		engine.Background, engine.Low, engine.Normal, engine.Normal, engine.High, engine.Critical, 0, -1,
		math.MinInt32, math.MinInt32 + 1, math.MaxInt32, math.MaxInt32, math.MaxInt32 - 1, 1, -2, 7,
	}
	apiPauses = [8]time.Duration{
		0, 1, shard.Tick, time.Millisecond, time.Millisecond + shard.Tick, 100 * time.Millisecond, time.Second, time.Hour,
	}
	apiDeadlines = [8]time.Time{
		{}, {}, time.Unix(0, 0), time.Unix(1<<40, 0), time.Unix(-1<<40, 0), time.Unix(math.MaxInt64, 0), time.Unix(math.MinInt64, 0), time.Unix(946684801, 0),
	}
)

// feed hands out a program's bytes, zeros after its end.
type feed struct {
	bytes  []byte
	calm   bool
	direct atomic.Bool // what is being submitted does not contend
}

func (f *feed) next() (b byte) {
	if len(f.bytes) > 0 {
		b, f.bytes = f.bytes[0], f.bytes[1:]
	}
	return b
}

// pick chooses from a table.
func pick[T any](f *feed, table []T) T {
	if n := len(table); !f.calm {
		return table[int(f.next())%n]
	} else {
		return table[int(f.next())%(n/2)]
	}
}

// luck is the bytes of the user's code, which goroutines of all kinds call.
type luck struct {
	mu   sync.Mutex
	feed feed
}

func (f *feed) luck() *luck { return &luck{feed: feed{bytes: f.bytes}} }

func (l *luck) next() byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.feed.next()
}

func (f *feed) target() uuid.UUID {
	n := f.next() % 6
	if n == 5 {
		return uuid.Nil
	}
	return uuid.UUID{1, n}
}

func (f *feed) ids() (all []uuid.UUID) {
	for range f.next() % 4 {
		all = append(all, uuid.UUID{2, f.next() % 4})
	}
	return all
}

func (f *feed) retry() engine.Retry {
	if f.next()%3 > 0 {
		return engine.Retry{}
	}
	return engine.Retry{
		Limit: pick(f, apiCounts[:]), Backoff: pick(f, apiWindows[:]), MaxBackoff: pick(f, apiWindows[:]), Step: pick(f, apiPriorities[:]),
	}
}

func (f *feed) op() engine.Op {
	op := engine.Op{
		Target: f.target(), Priority: pick(f, apiPriorities[:]), Window: pick(f, apiWindows[:]), Name: "op",
		Mode: engine.Mode(f.next() >> 5 / 3), Retry: f.retry(), Deadline: pick(f, apiDeadlines[:]),
	}
	if f.next()%4 == 0 {
		op.ID, op.Value = uuid.UUID{2, f.next() % 4}, f
		op.Parents = f.ids()
	}
	return op
}

// invalid says which operations must be refused, whatever else there is.
func invalid(op *engine.Op) bool {
	r := &op.Retry
	return op.Mode > engine.None || op.Window < 0 || r.Limit < 0 || r.Limit > math.MaxInt32 ||
		r.Backoff < 0 || r.MaxBackoff < 0 || r.Step < 0 || r.Limit == 0 && *r != (engine.Retry{})
}

// rules may be ones that New refuses.
func (f *feed) rules() engine.Rules {
	on := f.next()
	r := engine.Rules{
		Policy: engine.Policy(f.next() % 4), Early: on&1 != 0, Exclusive: on&2 != 0, Preempt: on&4 != 0,
	}
	if on&8 != 0 {
		r.Idle, r.Size, r.Decisive = pick(f, apiWindows[:]), pick(f, apiCounts[:]), pick(f, apiPriorities[:])
	}
	if r.Early {
		r.RunnersUp = pick(f, apiCounts[:])
	}
	luck := f.luck()
	switch on >> 4 {
	case 1, 2:
		r.Policy, r.Order = 0, func(a, b engine.Standing) bool { return failing(luck.next()) || a.Priority > b.Priority }
	case 3:
		r.Policy, r.Choose = 0, func(group []engine.Standing) int { return int(int8(luck.next())) % (len(group) + 1) }
	case 4:
		r.Policy = 4
	}
	return r
}

// failing fails a user's code in one of all ways, mostly not.
func failing(how byte) bool {
	switch how % 16 {
	case 1:
		panic("user's code")
	case 2:
		runtime.Goexit()
	case 3:
		return true
	}
	return false
}

// badRegistry fails at times.
type badRegistry struct{ *luck }

func (r badRegistry) Register(engine.Entry) error {
	if failing(r.next()) {
		return errors.New("no room")
	}
	return nil
}
func (r badRegistry) Finish(uuid.UUID, error) { failing(r.next()) }

// badJournal fails at times.
type badJournal struct{ *luck }

func (j badJournal) Write(b []byte) (int, error) {
	if failing(j.next()) {
		return 0, errors.New("disk full")
	}
	return len(b), nil
}

// config may be one that New refuses.
func (f *feed) config() engine.Config {
	c := engine.Config{
		Window: pick(f, apiWindows[:]), Shards: pick(f, apiCounts[:]), RingSize: pick(f, apiCounts[:]), MaxStaged: pick(f, apiCounts[:]),
		WhenFull: engine.WhenFull(f.next() % 16 / 7), Overload: engine.Overload(f.next() % 16 / 7),
		HashSeed: 1,
	}
	if c.Shards > 64 && c.Shards <= 1<<12 {
		c.Shards = 3 // what is allowed and takes too long
	}
	if c.RingSize > 64 && c.RingSize <= 1<<24 {
		c.RingSize = 4
	}
	on := f.next()
	if on&1 != 0 {
		c.Rules = f.rules()
	}
	if on&2 != 0 {
		c.MoreRules = []engine.Rules{f.rules(), f.rules()}
	}
	if on&4 != 0 {
		most := 3 + f.next()%2 // one more than there are, at times
		c.RulesOf = func(t uuid.UUID) int { return int(t[1]%most) * (len(c.MoreRules) + 1) / 3 }
	}
	if on&8 != 0 {
		c.WindowOf = func(t uuid.UUID) time.Duration { return apiWindows[int(t[1])] }
	}
	if on&16 != 0 {
		c.Lineage = new(engine.Lineage)
	}
	switch on >> 5 {
	case 1:
		c.Registry = badRegistry{f.luck()}
	case 2:
		c.Executor = engine.Bounded(int(int8(f.next())))
	case 3:
		c.Executor = func(run func()) { go func() { run(); run() }() } // twice
	case 4:
		fails := f.luck()
		c.Executor = func(run func()) {
			if !f.direct.Load() { // else it would be the submitter's own failure
				failing(fails.next())
			}
			go run()
		}
	case 5:
		c.Journal = new(bytes.Buffer)
	case 6:
		c.Journal = badJournal{f.luck()}
	}
	return c
}

// context returns one that has ended, ends soon, later or with the program.
func (f *feed) context(all context.Context) (context.Context, context.CancelFunc) {
	switch f.next() % 6 {
	case 0:
		ctx, cancel := context.WithCancel(all)
		cancel()
		return ctx, cancel
	case 1, 2:
		return context.WithTimeoutCause(all, pick(f, apiPauses[:]), errors.New("late"))
	case 3:
		return context.Background(), func() {}
	}
	return context.WithCancel(all)
}

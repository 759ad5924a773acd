package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// chronicle collects events, and judges their order.
type chronicle struct {
	mu     sync.Mutex
	events []engine.Event
}

func (c *chronicle) add(ev engine.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, ev)
}

func (c *chronicle) hooks() engine.Hooks { return engine.AllHooks(c.add) }

// all returns what has come so far. In a bubble, that is all that has happened.
func (c *chronicle) all() []engine.Event {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.events)
}

// lines are the events as "kind name", in order.
func (c *chronicle) lines() (lines []string) {
	for _, ev := range c.all() {
		lines = append(lines, fmt.Sprintf("%v %s", ev.Kind, ev.Name))
	}
	return lines
}

// courses tell in short how things went on each target: which kinds of events came,
// but for some, in order, and how many of each in a row.
func (c *chronicle) courses(but ...engine.EventKind) map[uuid.UUID]string {
	runs := map[uuid.UUID][]string{}
	last, count := map[uuid.UUID]engine.EventKind{}, map[uuid.UUID]int{}
	for _, ev := range c.all() {
		if slices.Contains(but, ev.Kind) {
			continue
		}
		of := runs[ev.Target]
		if last[ev.Target] != ev.Kind {
			of, count[ev.Target] = append(of, ""), 0
		}
		last[ev.Target] = ev.Kind
		count[ev.Target]++
		of[len(of)-1] = fmt.Sprintf("%d %v", count[ev.Target], ev.Kind)
		runs[ev.Target] = of
	}
	courses := map[uuid.UUID]string{}
	for target, of := range runs {
		courses[target] = strings.Join(of, ", ")
	}
	return courses
}

// counts returns how many events of each kind there are.
func (c *chronicle) counts() map[engine.EventKind]int {
	counts := make(map[engine.EventKind]int)
	for _, ev := range c.all() {
		counts[ev.Kind]++
	}
	return counts
}

// stories is what may happen to one operation that was staged: its events, without
// conflicts, which are its group's, and without retries, which may come any number
// of times behind staged.
var stories = []string{
	"staged", // yet
	"staged started", "staged started completed", "staged started failed", "staged started stopped",
	"staged failed", "staged rejected", "staged folded", "staged withdrawn", "staged stopped",
}

// misorder returns what is wrong with events of which none is missing, "" if nothing
// is: for each operation they are one of the stories, and a conflict stands between
// the last staged of its group and what becomes of that.
func misorder(events []engine.Event) string {
	told := make(map[engine.OpID][]string)
	retried := make(map[engine.OpID]int)
	conflicts := make(map[engine.OpID]int) // by winner
	for i, ev := range events {
		switch ev.Kind {
		case engine.EventConflict:
			if conflicts[ev.Op]++; conflicts[ev.Op] > 1 {
				return fmt.Sprintf("event %d: a second conflict won by %v", i, ev.Op)
			}
			if len(told[ev.Op]) != 1 {
				return fmt.Sprintf("event %d: a conflict won by %v, of which came %v", i, ev.Op, told[ev.Op])
			}
			continue
		case engine.EventRetried:
			if retried[ev.Op]++; retried[ev.Op] != ev.Retries || len(told[ev.Op]) != 1 {
				return fmt.Sprintf("event %d: retry %d of %v, of which came %v", i, ev.Retries, ev.Op, told[ev.Op])
			}
		case engine.EventRejected, engine.EventFolded:
			alone := ev.Early || ev.Outcome == engine.Masked || ev.Outcome == engine.Displaced || ev.Outcome == engine.Cleared
			if !alone && conflicts[ev.Winner.ID] == 0 {
				return fmt.Sprintf("event %d: %v before the conflict: %v", i, ev.Kind, ev)
			}
			told[ev.Op] = append(told[ev.Op], ev.Kind.String())
		case engine.EventStarted:
			if ev.Contenders > 1 && conflicts[ev.Op] == 0 {
				return fmt.Sprintf("event %d: started before the conflict: %v", i, ev)
			}
			told[ev.Op] = append(told[ev.Op], ev.Kind.String())
		default:
			told[ev.Op] = append(told[ev.Op], ev.Kind.String())
		}
		if story := strings.Join(told[ev.Op], " "); !slices.ContainsFunc(stories, func(s string) bool { return s == story }) {
			return fmt.Sprintf("event %d of %v: %s", i, ev.Op, story)
		}
	}
	return ""
}

// requireOrdered checks the order of what has come.
func (c *chronicle) requireOrdered(t *testing.T) {
	t.Helper()
	require.Empty(t, misorder(c.all()))
}

// requireEnded checks that everything staged has come to an end, and returns the
// counts.
func (c *chronicle) requireEnded(t *testing.T) map[engine.EventKind]int {
	t.Helper()
	c.requireOrdered(t)
	n := c.counts()
	require.Equal(t, n[engine.EventStaged], n[engine.EventCompleted]+n[engine.EventFailed]+n[engine.EventRejected]+
		n[engine.EventFolded]+n[engine.EventWithdrawn]+n[engine.EventStopped], "%v", n)
	return n
}

func TestMisorderFindsWhatIsWrong(t *testing.T) {
	op := func(n uint64) engine.OpID { return engine.OpID{Sequence: n} }
	ev := func(k engine.EventKind, n uint64) engine.Event { return engine.Event{Kind: k, Op: op(n)} }
	lost := engine.Event{Kind: engine.EventRejected, Op: op(2), Winner: engine.Winner{ID: op(1)}}
	staged1, staged2, conflict := ev(engine.EventStaged, 1), ev(engine.EventStaged, 2), ev(engine.EventConflict, 1)
	won := engine.Event{Kind: engine.EventStarted, Op: op(1), Contenders: 2}
	require.Empty(t, misorder([]engine.Event{staged1, staged2, conflict, lost, won, ev(engine.EventCompleted, 1)}))
	for _, wrong := range [][]engine.Event{
		{ev(engine.EventWithdrawn, 1), staged1},
		{staged1, staged1},
		{staged1, staged2, lost, conflict},
		{staged1, staged2, conflict, conflict},
		{staged1, staged2, won, conflict},
		{conflict, staged1},
		{staged1, ev(engine.EventCompleted, 1)},
		{staged1, ev(engine.EventStopped, 1), ev(engine.EventStarted, 1)},
		{staged1, ev(engine.EventRejected, 1)},
	} {
		require.NotEmpty(t, misorder(wrong), "%v", wrong)
	}
}

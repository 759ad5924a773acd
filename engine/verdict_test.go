package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// R5, R6 and R8: who wins, and what everybody is told.

func TestHighestPriorityWins(t *testing.T) {
	for _, c := range []struct {
		name       string
		priorities []engine.Priority
		winner     int
	}{
		{"extremes", []engine.Priority{math.MaxInt32, math.MinInt32}, 0},
		{"extremes, reversed", []engine.Priority{math.MinInt32, math.MaxInt32}, 1},
		{"lowest against zero", []engine.Priority{0, math.MinInt32}, 0},
		{"highest against -1", []engine.Priority{-1, math.MaxInt32, math.MinInt32}, 1},
		{"equal lowest", []engine.Priority{math.MinInt32, math.MinInt32}, 0},
		{"equal highest", []engine.Priority{1, math.MaxInt32, math.MaxInt32}, 1},
		{"named", []engine.Priority{engine.Background, engine.Low, engine.Critical, engine.High, engine.Normal}, 2},
		{"zero is below background", []engine.Priority{0, engine.Background}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := newEngine(t, engine.Config{})
				var all []*contender
				for _, p := range c.priorities {
					all = append(all, newContender(""))
					stage(t, e, all[len(all)-1], engine.Bid{Target: target(1), Priority: p})
				}
				pass(time.Second)
				for i, one := range all {
					v := one.outcome(t)
					require.Equal(t, i == c.winner, v.Outcome == engine.Won, "contender %d", i)
					require.EqualValues(t, c.priorities[c.winner], v.WinnerPriority)
					require.EqualValues(t, c.priorities[i], v.Priority)
				}
			})
		})
	}
}

// The order of submission of many producers is the order of the sequences that
// they got back; among equals the smallest wins.
func TestFirstAmongEqualsOfManyProducers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		const producers, each = 8, 200
		ids := make([][]engine.OpID, producers)
		all := make([][]*contender, producers)
		var wg sync.WaitGroup
		for p := range producers {
			wg.Go(func() {
				for range each {
					c := newContender("")
					id, err := e.Stage(&engine.Bid{Target: target(1), Ticket: &c.Ticket})
					if err != nil {
						t.Error(err)
					}
					ids[p], all[p] = append(ids[p], id), append(all[p], c)
				}
			})
		}
		wg.Wait()
		pass(time.Second)
		first := ids[0][0]
		for p := range producers {
			if ids[p][0].Sequence < first.Sequence {
				first = ids[p][0]
			}
		}
		for p := range producers {
			for i, c := range all[p] {
				v := c.outcome(t)
				require.Equal(t, ids[p][i], v.Op)
				require.Equal(t, first, v.Winner)
				require.Equal(t, ids[p][i] == first, v.Outcome == engine.Won)
				require.Equal(t, producers*each, v.Contenders)
			}
		}
	})
}

func TestRejectedErrorTellsWhy(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		low := submit(t, e, engine.Op{Target: target(1), Priority: engine.Low, Name: "poke"}, answer(1))
		high := submit(t, e, engine.Op{Target: target(1), Priority: engine.High, Name: "heal"}, answer(2))
		_, err := high.Wait(background)
		require.NoError(t, err)
		_, err = low.Wait(background)
		rejected := lost(t, err)
		require.Equal(t, "lost pre-ECS priority conflict (priority 2 vs winner 8)", rejected.Reason())
		require.NotEqual(t, uuid.Nil, rejected.Winner.EntryID)
		require.Equal(t, &engine.RejectedError{
			ID: low.ID(), Target: target(1), Name: "poke", Priority: engine.Low,
			Winner:     engine.Winner{ID: high.ID(), EntryID: rejected.Winner.EntryID, Name: "heal", Priority: engine.High},
			Contenders: 2, Rank: 2, Age: engine.DefaultWindow, Retries: 0,
		}, rejected)
		require.Equal(t, int64(6), rejected.Margin())
		for _, part := range []string{rejected.Reason(), "poke", "heal", low.ID().String(), high.ID().String(), "2 contenders", "retries 0", target(1).String()} {
			require.Contains(t, rejected.Error(), part)
		}
		require.Contains(t, fmt.Errorf("wrapped: %w", err).Error(), "rejected")
		require.NotErrorIs(t, err, engine.ErrWithdrawn)
		require.NotErrorIs(t, err, engine.ErrFailed)
	})
}

// The loser of a Do, a Contend and a Submit are told the same.
func TestAllRungsTellTheSame(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		op := engine.Op{Target: target(1), Priority: engine.Low, Name: "poke"}
		do := doInBackground(background, e, op, answer(0))
		contend := inBackground(func() (engine.Win, error) { return e.Contend(background, op) })
		handle := submit(t, e, op, answer(0))
		won, err := e.Contend(background, engine.Op{Target: target(1), Priority: engine.High, Name: "heal"})
		require.NoError(t, err)
		_, doErr := do.wait()
		_, contendErr := contend.wait()
		_, handleErr := handle.Wait(background)
		for _, err := range []error{doErr, contendErr, handleErr} {
			rejected := lost(t, err)
			require.Equal(t, engine.Winner{ID: won.Op, EntryID: won.ID, Name: "heal", Priority: engine.High}, rejected.Winner)
			require.Equal(t, 4, rejected.Contenders)
			require.Equal(t, "poke", rejected.Name)
		}
		require.Equal(t, 4, won.Contenders)
	})
}

// A loser does not wait for the winner to run.
func TestLosersDoNotWaitForTheWinner(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		began := time.Now()
		winner := doInBackground(background, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) {
			time.Sleep(time.Minute)
			return 0, nil
		})
		_, err := engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
		lost(t, err)
		require.Equal(t, 100*time.Millisecond, time.Since(began))
		_, err = winner.wait()
		require.NoError(t, err)
		require.Equal(t, time.Minute+100*time.Millisecond, time.Since(began))
	})
}

// witness is a registry that notes what it saw, and asks its function.
type witness struct {
	mu       sync.Mutex
	log      []string
	entries  map[uuid.UUID]engine.Entry
	register func(engine.Entry) error
	finish   func(uuid.UUID, error)
}

func (w *witness) note(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, line)
}

func (w *witness) Register(e engine.Entry) error {
	w.note("register " + e.Name)
	w.mu.Lock()
	if w.entries == nil {
		w.entries = map[uuid.UUID]engine.Entry{}
	}
	w.entries[e.ID] = e
	w.mu.Unlock()
	if w.register != nil {
		return w.register(e)
	}
	return nil
}

func (w *witness) Finish(id uuid.UUID, err error) {
	w.mu.Lock()
	name := w.entries[id].Name
	w.mu.Unlock()
	w.note(strings.TrimSuffix(fmt.Sprint("finish ", name, " ", kind(err)), " "))
	if w.finish != nil {
		w.finish(id, err)
	}
}

func kind(err error) string {
	for _, k := range []error{engine.ErrFailed, engine.ErrStopped, engine.ErrRejected, engine.ErrWithdrawn} {
		if errors.Is(err, k) {
			return k.Error()
		}
	}
	return ""
}

// Winners only, and before they execute.
func TestRegistrySeesWinnersBeforeTheyExecute(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := &witness{}
		e := newEngine(t, engine.Config{Registry: w})
		for i := range 3 {
			name := fmt.Sprint("op", i)
			op := engine.Op{Target: target(1), Priority: engine.Priority(i), Name: name, Type: "test", ID: target(100 + i)}
			submit(t, e, op, func(context.Context) (int, error) { w.note("run " + name); return 0, nil })
		}
		pass(time.Second)
		doInBackground(background, e, engine.Op{Target: target(2), Name: "do"},
			func(context.Context) (int, error) { w.note("run do"); return 0, errors.New("no") })
		pass(time.Second)
		require.Equal(t, []string{
			"register op2", "run op2", "finish op2",
			"register do", "run do", "finish do contend: failed",
		}, w.log)
		for id, entry := range w.entries {
			require.Equal(t, id, entry.ID)
			if entry.Name == "op2" {
				require.NotZero(t, entry.Token)
				require.Equal(t, engine.Entry{
					Token: entry.Token,
					ID:    id, Op: entry.Op, Key: target(102), Target: target(1), Name: "op2", Type: "test", Priority: 2, Contenders: 3,
				}, entry)
			}
		}
	})
}

// Entry IDs are RFC 9562 UUIDs and never come twice, over restarts too.
func TestEntryIDsAreUnique(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		seen := map[uuid.UUID]bool{}
		for range 3 {
			var all []*contender
			for i := range 200 {
				all = append(all, newContender(""))
				stage(t, e, all[i], engine.Bid{Target: target(i)})
			}
			pass(time.Second)
			for _, c := range all {
				v := c.outcome(t)
				id := v.EntryID()
				require.False(t, seen[id])
				require.EqualValues(t, 8, id.Version())
				require.Equal(t, uuid.RFC4122, id.Variant())
				seen[id] = true
			}
			require.NoError(t, e.Restart(background))
		}
	})
}

// Whoever of a group asks for the winner's entry ID, and when, is told the same.
func TestEntryIDIsThatOfTheGroup(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		var all []*contender
		during := map[uuid.UUID][]uuid.UUID{}
		for i := range 300 {
			c := newContender("")
			if i%3 > 0 || i%2 > 0 {
				c.then = func(v *engine.Verdict) { during[v.Target] = append(during[v.Target], v.EntryID()) }
			}
			all = append(all, c)
			stage(t, e, c, engine.Bid{Target: target(i / 3)})
		}
		pass(time.Second)
		seen := map[uuid.UUID]bool{}
		for i, c := range all {
			v := c.outcome(t)
			id := v.EntryID()
			require.Equal(t, i%3 > 0, seen[id], "told to another group, or not to this one")
			seen[id] = true
			for _, said := range during[v.Target] {
				require.Equal(t, id, said)
			}
		}
		require.Len(t, during, 100)
	})
}

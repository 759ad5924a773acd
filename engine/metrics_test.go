package engine_test

import (
	"context"
	"encoding/json"
	"expvar"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

func TestMetricsOfAConflict(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 2})
		var handles []*engine.Handle[int]
		for range 3 {
			handles = append(handles, submit(t, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) {
				time.Sleep(3 * time.Second)
				return 0, nil
			}))
		}
		synctest.Wait()
		m := e.Metrics()
		require.Len(t, m.StagedIn, 2)
		require.Equal(t, 3, m.StagedIn[0]+m.StagedIn[1])
		require.Equal(t, 3, m.Staged)
		for _, h := range handles {
			h.Wait(background)
		}
		doAll(t, e, 1)
		require.NoError(t, e.Restart(background)) // measures outlive it

		m = e.Metrics()
		require.EqualValues(t, 2, m.Utilisation.Count)
		require.EqualValues(t, 4, m.Utilisation.Sum)
		require.EqualValues(t, 1, m.Utilisation.Quantile(0.5))
		require.InDelta(t, 3, m.Utilisation.Quantile(1), 0.4)
		require.EqualValues(t, 2, m.Resolution.Count)
		require.InDelta(t, 0.2, m.Resolution.Sum, 0.003)
		require.InDelta(t, 0.1, m.Resolution.Quantile(0.5), 0.02)
		require.EqualValues(t, 2, m.Lateness.Count)
		require.Less(t, m.Lateness.Sum, 0.003)
		require.EqualValues(t, 2, m.Execution.Count)
		require.InDelta(t, 3, m.Execution.Sum, 1e-6)
		require.NotZero(t, m.Cycle.Count)
		require.Contains(t, m.String(), "resolution: p50 ")
	})
}

// A busy shard is late; what it decides for a winner's end is not counted as late.
func TestMetricsOfLateness(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Rules: engine.Rules{Exclusive: true}})
		for range 2 {
			submit(t, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) {
				time.Sleep(time.Minute)
				return 0, nil
			})
			time.Sleep(time.Second)
		}
		pass(5 * time.Minute)
		m := e.Metrics()
		require.EqualValues(t, 2, m.Completed)
		require.EqualValues(t, 2, m.Resolution.Count)
		require.Zero(t, m.Lateness.Count)
	})
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		slow := newContender("slow")
		slow.then = func(*engine.Verdict) { time.Sleep(time.Second) }
		stage(t, e, slow, engine.Bid{Target: target(1)})
		time.Sleep(50 * time.Millisecond)
		stage(t, e, newContender("late"), engine.Bid{Target: target(2)})
		pass(5 * time.Second)
		m := e.Metrics()
		require.InDelta(t, 0.95, m.Lateness.Sum, 0.01)
		require.InDelta(t, 0.95, m.Lateness.Quantile(1), 0.2)
		require.InDelta(t, 1, m.Cycle.Sum, 0.01)
	})
}

func TestMetricsSince(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		doAll(t, e, 3)
		pass(0) // the look that told them has ended
		before := e.Metrics()
		require.Equal(t, engine.Metrics{StagedIn: before.StagedIn, Stats: engine.Stats{Bytes: before.Bytes}}, before.Sub(before))
		doAll(t, e, 2)
		since := e.Metrics().Sub(before)
		require.EqualValues(t, 2, since.Submitted)
		require.EqualValues(t, 2, since.Completed)
		require.EqualValues(t, 2, since.Utilisation.Count)
		require.EqualValues(t, 2, since.Execution.Count)
	})
}

// Every counter is subtracted, and nothing else.
func TestStatsSubtractsAllCounters(t *testing.T) {
	var now, earlier engine.Stats
	for i := range reflect.TypeFor[engine.Stats]().NumField() {
		for s, n := range map[*engine.Stats]int{&now: 7, &earlier: 3} {
			if f := reflect.ValueOf(s).Elem().Field(i); f.CanUint() {
				f.SetUint(uint64(n))
			} else {
				f.SetInt(int64(n))
			}
		}
	}
	difference := reflect.ValueOf(now.Sub(earlier))
	for i := range difference.NumField() {
		f, name := difference.Field(i), difference.Type().Field(i).Name
		if f.CanUint() {
			require.EqualValues(t, 4, f.Uint(), name)
		} else {
			require.EqualValues(t, 7, f.Int(), name)
		}
	}
}

func TestOverloadedIsCounted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, MaxStaged: 1})
		submit(t, e, engine.Op{Target: target(1)}, answer(1))
		synctest.Wait()
		_, err := engine.Submit(background, e, engine.Op{Target: target(1)}, answer(1))
		require.ErrorIs(t, err, engine.ErrOverloaded)
		_, err = engine.Submit(background, e, engine.Op{Target: target(1), Window: -1}, answer(1))
		require.ErrorIs(t, err, engine.ErrInvalid)
		s := e.Stats()
		require.EqualValues(t, 2, s.Refused)
		require.EqualValues(t, 1, s.Overloaded)
		require.Contains(t, s.String(), "overloaded 1")
	})
}

func TestVar(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		doAll(t, e, 3)
		var v expvar.Var = e.Var()
		var got struct {
			Completed  uint64
			StagedIn   []int
			Resolution struct {
				Count uint64
				P99   float64
			}
		}
		require.NoError(t, json.Unmarshal([]byte(v.String()), &got))
		require.EqualValues(t, 3, got.Completed)
		require.Len(t, got.StagedIn, e.Shards())
		require.EqualValues(t, 3, got.Resolution.Count)
		require.InDelta(t, 0.1, got.Resolution.P99, 0.02)
	})
}

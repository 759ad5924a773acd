package bench

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// play runs a workload, verified, and requires that everything held.
func play(t *testing.T, w Workload, o Options) *Report {
	t.Helper()
	o.Verify, o.Hottest = true, 3
	r, err := Run(context.Background(), w, o)
	require.NoError(t, err)
	require.NotNil(t, r.Verified)
	require.Zero(t, r.Verified.Violations, r.Verified.Messages)
	require.Zero(t, r.Verified.Unsettled)
	require.EqualValues(t, w.Total(), r.Accepted()+r.Refused)
	require.EqualValues(t, r.Accepted(), r.Verified.Operations+blockedWithdrawn(r))
	return r
}

// blockedWithdrawn is how many operations a run through Do never learned the
// place of.
func blockedWithdrawn(r *Report) int64 {
	if r.Options.Rung == Blocking {
		return r.Withdrawn
	}
	return 0
}

func TestRunEveryRung(t *testing.T) {
	for _, o := range []Options{
		{Rung: Callback}, {Rung: Decisions}, {Rung: Decisions, Batch: 16}, {Rung: Handles}, {Rung: Blocking},
		{Rung: Callback, Shards: 3, RingSize: 4}, {Rung: Handles, Shards: 1},
	} {
		t.Run(o.Rung.String(), func(t *testing.T) {
			w := Workload{Rate: 200_000, Operations: 20_000, Targets: 300, Skew: Uniform, Window: 10 * time.Millisecond}
			if o.Rung != Decisions {
				w.Withdraw = 0.1
			}
			if o.Batch == 0 {
				w.Producers = 3
			}
			r := play(t, w, o)
			assert.Positive(t, r.Stats.Conflicts)
			assert.Zero(t, r.Lateness.Early)
			assert.Len(t, r.Hottest, 3)
			assert.Equal(t, w.Withdraw > 0, r.Withdrawn > 0)
		})
	}
}

// Thirty thousand in flight, as a whole: few targets, many, and a single one. In
// virtual time, in which all of them are there before the first window ends.
func TestThirtyThousandInFlight(t *testing.T) {
	for _, w := range []Workload{
		{Targets: 100, Skew: Uniform}, {Targets: 10_000, Skew: Threes}, {Skew: Hot},
	} {
		w.Rate, w.Operations, w.Window = FlatOut, 30_000, time.Second
		synctest.Test(t, func(t *testing.T) {
			r := play(t, w, Options{})
			assert.EqualValues(t, 30_000, r.Accepted())
			assert.EqualValues(t, w.Distinct(), r.Stats.Won, "one winner per group, one group per target")
			assert.EqualValues(t, 30_000, r.PeakStaged)
		})
	}
}

// An open loop submits in time however long a window lasts, so however many are in
// flight.
func TestOpenLoopDoesNotWait(t *testing.T) {
	for _, rung := range []Rung{Callback, Decisions, Handles, Blocking} {
		synctest.Test(t, func(t *testing.T) {
			w := Workload{Rate: 10_000, Operations: 10_000, Targets: 1000, Window: 2 * time.Second}
			r := play(t, w, Options{Rung: rung})
			assert.Equal(t, time.Second, r.Submitting, rung)
			assert.Zero(t, r.Lag.Max)
		})
	}
}

func TestRunRefuses(t *testing.T) {
	for _, c := range []struct {
		w    Workload
		o    Options
		want string
	}{
		{Workload{Rate: -7}, Options{}, "rate"},
		{Workload{}, Options{Rung: 9}, "rung 9"},
		{Workload{}, Options{Batch: 16}, "a batch needs"},
		{Workload{Producers: 2}, Options{Rung: Decisions, Batch: 16, Verify: true}, "several producers"},
		{Workload{Withdraw: 0.1}, Options{Rung: Decisions}, "withdrawn"},
		{Workload{}, Options{Hottest: 1}, "verify"},
		{Workload{Rate: FlatOut, Duration: time.Second}, Options{Net: true}, "leave net out"},
		{Workload{}, Options{Shards: -1}, "Shards"},
	} {
		_, err := Run(context.Background(), c.w, c.o)
		assert.ErrorContains(t, err, c.want)
	}
}

// A context that ends stops submitting; what was accepted is still decided.
func TestRunInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	r, err := Run(ctx, Workload{Duration: time.Hour, Window: time.Millisecond}, Options{
		Verify: true, Every: time.Millisecond,
		Progress: func(p Progress) {
			if p.Stats.Submitted > 1000 {
				cancel()
			}
		},
	})
	require.NoError(t, err)
	assert.True(t, r.Interrupted)
	assert.Zero(t, r.Verified.Violations, r.Verified.Messages)
	assert.EqualValues(t, r.Accepted(), r.Verified.Operations)
}

package bench

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestZeroWorkloadIsTheHomeScenario(t *testing.T) {
	var w Workload
	require.NoError(t, w.Validate())
	assert.Equal(t, Workload{
		Rate:       300_000,
		Duration:   10 * time.Second,
		Targets:    10_000,
		Skew:       Threes,
		Exponent:   0.99,
		Priorities: Mix{1, 4, 10, 4, 1},
		Producers:  1,
		Window:     100 * time.Millisecond,
	}, w.WithDefaults())
	assert.EqualValues(t, 3_000_000, w.Total())
	assert.Equal(t, 3.0, w.Contenders())
}

func TestDefaultsAreAppliedOnce(t *testing.T) {
	for _, w := range []Workload{{}, {Operations: 5}, {Rate: FlatOut, Skew: Hot}} {
		assert.Equal(t, w.WithDefaults(), w.WithDefaults().WithDefaults())
	}
}

func TestValidateSaysWhatToDo(t *testing.T) {
	trace := traceOf(t, 1, 2, 3)
	cases := map[string]struct {
		w    Workload
		want string
	}{
		"rate":            {Workload{Rate: -2}, "rate -2: use 1 to 1000000000 operations per second, or flat-out"},
		"rate too high":   {Workload{Rate: MaxRate + 1}, "rate 1000000001: use 1 to"},
		"duration":        {Workload{Duration: -time.Second}, "duration -1s is negative: use a positive one"},
		"operations":      {Workload{Operations: -1}, "-1 operations: use a positive number"},
		"targets":         {Workload{Targets: -3}, "-3 targets: use 1 to 100000000"},
		"too many":        {Workload{Targets: MaxTargets + 1}, "100000001 targets: use 1 to"},
		"skew":            {Workload{Skew: 9}, "skew 9 is not known: use threes, uniform, zipf or hot"},
		"exponent":        {Workload{Exponent: -1}, "zipf exponent -1: use one above 0"},
		"exponent NaN":    {Workload{Exponent: math.NaN()}, "zipf exponent NaN: use one above 0"},
		"trace and skew":  {Workload{Trace: trace, Skew: Zipf}, "skew zipf with a trace, which has its own: leave one of them out"},
		"empty trace":     {Workload{Trace: &Trace{}}, "the trace is empty: use one from ReadTrace"},
		"repeat":          {Workload{Repeat: true}, "repeat without a trace: give a trace"},
		"withdraw":        {Workload{Withdraw: 1.5}, "withdraw 1.5: use a share from 0 to 1"},
		"withdraw NaN":    {Workload{Withdraw: math.NaN()}, "withdraw NaN: use a share from 0 to 1"},
		"producers":       {Workload{Producers: -1}, "-1 producers: use 1 to 1024"},
		"producers, many": {Workload{Producers: 1025}, "1025 producers: use 1 to 1024"},
		"window":          {Workload{Window: -1}, "window -1ns: use a positive duration, for instance 100ms"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			assert.ErrorContains(t, c.w.Validate(), "bench: workload: "+c.want)
		})
	}
}

func TestValidateNamesEverythingThatIsWrong(t *testing.T) {
	err := Workload{Rate: -7, Withdraw: -1}.Validate()
	assert.ErrorContains(t, err, "rate -7")
	assert.ErrorContains(t, err, "withdraw -1")
}

func TestValidateAcceptsTheExtremes(t *testing.T) {
	for _, w := range []Workload{
		{Rate: FlatOut, Operations: 1, Window: 1, Targets: 1, Withdraw: 1},
		{Rate: MaxRate, Duration: math.MaxInt64, Window: math.MaxInt64, Targets: MaxTargets, Producers: MaxProducers},
		{Trace: traceOf(t, 1), Repeat: true, Seed: math.MaxUint64},
	} {
		assert.NoError(t, w.Validate())
		assert.Positive(t, w.Distinct())
	}
}

func TestTotal(t *testing.T) {
	trace := traceOf(t, 1, 2, 3)
	cases := map[string]struct {
		w    Workload
		want int64
	}{
		"by duration":              {Workload{Rate: 1000, Duration: 2 * time.Second}, 2000},
		"the last one is included": {Workload{Rate: 3, Duration: 400 * time.Millisecond}, 2}, // at 0 and 333 ms
		"by number":                {Workload{Operations: 7}, 7},
		"number comes first":       {Workload{Operations: 7, Duration: time.Hour}, 7},
		"duration comes first":     {Workload{Operations: 7, Duration: time.Second, Rate: 2}, 2},
		"flat out by number":       {Workload{Rate: FlatOut, Operations: 7}, 7},
		"flat out by duration":     {Workload{Rate: FlatOut}, Endless},
		"no overflow":              {Workload{Rate: MaxRate, Duration: math.MaxInt64}, math.MaxInt64},
		"trace ends":               {Workload{Trace: trace}, 3},
		"trace repeats":            {Workload{Trace: trace, Repeat: true, Operations: 10}, 10},
		"trace is cut":             {Workload{Trace: trace, Operations: 2}, 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, c.w.Total()) })
	}
}

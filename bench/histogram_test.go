package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestLatenessPercentiles(t *testing.T) {
	l := NewLateness()
	assert.Zero(t, l.Summary())
	for i := 1; i <= 10_000; i++ {
		l.Record(time.Duration(i) * 10 * time.Microsecond)
	}
	s := l.Summary()
	assert.EqualValues(t, 10_000, s.Count)
	for _, p := range []struct{ want, got time.Duration }{
		{50 * time.Millisecond, s.P50}, {90 * time.Millisecond, s.P90},
		{99 * time.Millisecond, s.P99}, {99_900 * time.Microsecond, s.P999},
	} {
		assert.InEpsilon(t, p.want, p.got, 1e-3)
		assert.GreaterOrEqual(t, p.got, p.want, "rounded up")
	}
	assert.Equal(t, 100*time.Millisecond, s.Max, "exact")
}

func TestLatenessOutOfRangeIsClampedAndCounted(t *testing.T) {
	l := NewLateness()
	l.Record(-time.Second)
	l.RecordN(-1, 2)
	l.RecordN(0, 3)
	l.Record(MinLateness - 1)
	l.Record(MinLateness)
	l.RecordN(MaxLateness, 10)
	l.RecordN(MaxLateness+1, 5)
	l.Record(time.Hour)
	l.RecordN(time.Hour, 0)
	s := l.Summary()
	assert.EqualValues(t, 24, s.Count)
	assert.EqualValues(t, 3, s.Early)
	assert.EqualValues(t, 4, s.Below)
	assert.EqualValues(t, 6, s.Above)
	assert.Equal(t, time.Hour, s.Max)
	assert.InEpsilon(t, MaxLateness, s.P99, 1e-3)
	assert.Panics(t, func() { l.RecordN(time.Second, -1) })
}

func TestLatenessIsNeverMoreThanItsMax(t *testing.T) {
	l := NewLateness()
	l.Record(-5)
	s := l.Summary()
	assert.Equal(t, []time.Duration{-5, -5, -5}, []time.Duration{s.P50, s.P999, s.Max})
	l.Record(1_234_567)
	s = l.Summary()
	assert.Equal(t, []time.Duration{1_234_567, 1_234_567}, []time.Duration{s.P999, s.Max})
}

func TestLatenessMergeIsRecordingInOne(t *testing.T) {
	parts := []*Lateness{NewLateness(), NewLateness(), NewLateness()} // the last stays empty
	whole, merged := NewLateness(), NewLateness()
	for i := range 1000 {
		d := time.Duration(mix64(uint64(i))>>28) - time.Millisecond // up to 69 s
		if i%5 == 0 {
			d = time.Duration(i-500) * 4 // too early, or below the range
		}
		whole.RecordN(d, int64(i%3))
		parts[i%2].RecordN(d, int64(i%3))
	}
	for _, part := range parts {
		before := part.Summary()
		merged.Merge(part)
		assert.Equal(t, before, part.Summary())
	}
	assert.Equal(t, whole.Summary(), merged.Summary())
	for _, n := range []int64{merged.Summary().Early, merged.Summary().Below, merged.Summary().Above} {
		assert.NotZero(t, n, "the test reaches every count")
	}
}

func TestLatenessMergeKeepsANegativeMax(t *testing.T) {
	early, merged := NewLateness(), NewLateness()
	early.Record(-7)
	merged.Merge(early)
	merged.Merge(NewLateness())
	assert.Equal(t, time.Duration(-7), merged.Summary().Max)
}

func TestLatenessReset(t *testing.T) {
	l := NewLateness()
	l.RecordN(time.Hour, 3)
	l.Reset()
	assert.Zero(t, l.Summary())
	l.Record(time.Millisecond)
	assert.Equal(t, time.Millisecond, l.Summary().Max)
}

func TestRecordAllocatesNothing(t *testing.T) {
	l := NewLateness()
	assert.Zero(t, testing.AllocsPerRun(100, func() { l.Record(time.Millisecond) }))
}

package main

import (
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// asked returns how many operations were submitted, refused ones too.
func (r *running) asked() int {
	st := r.engine.Stats()
	return int(st.Submitted + st.Refused)
}

func TestLoadHasTheRateOfItsPhase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := start(t, flagsOf(t), time.Sleep)
		total := 0
		for second := range 4 {
			until(began, time.Duration(second+1)*time.Second)
			want := []int{1_000, 40_000}[second%2]
			require.InEpsilon(t, want, r.asked()-total, 0.01, "second %d", second)
			total = r.asked()
		}
	})
}

// A load that was held up for a whole overload does not make up for it when it
// is calm.
func TestLoadLeavesOutWhatItMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		held := false
		r := start(t, flagsOf(t), func(d time.Duration) {
			if !held && time.Since(began) >= 500*time.Millisecond {
				held, d = true, 1700*time.Millisecond
			}
			time.Sleep(d)
		})
		until(began, 2500*time.Millisecond)
		require.InEpsilon(t, 500+500, r.asked(), 0.01)
		r.end()
		<-r.ended
		require.Equal(t, states{last: engine.StateHealthy}, r.sum.states)
	})
}

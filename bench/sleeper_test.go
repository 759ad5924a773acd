package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A sleep may be late, but it does not end early, nor does one of no length begin.
func TestSleeper(t *testing.T) {
	s := NewSleeper()
	defer s.Close()
	s.Sleep(0)
	s.Sleep(-time.Hour)
	for _, d := range []time.Duration{1, time.Microsecond, 1500 * time.Microsecond} {
		began := time.Now()
		s.Sleep(d)
		require.GreaterOrEqual(t, time.Since(began), d)
	}
}

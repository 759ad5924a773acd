package shard

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// What the owner has taken from the ring and not published yet is not left out of what
// is staged, whoever asks in the midst of a look.
func TestStagedInTheMidstOfALook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		var seen []int
		var s *Shard
		s = New(Config{RingSize: 64, Now: c.now, Rules: []Rules{{Size: 1}}, Decided: func([]Decision) {
			seen = append(seen, s.Stats().Staged, s.Vitals().Staged)
		}})
		for n := range uint64(3) {
			c.stage(s, string('a'+rune(n)), n, Op{Terms: NewTerms(time.Hour, 0)})
		}
		c.stage(s, "decided", 9, Op{Terms: NewTerms(time.Hour, 1)})
		go s.Run()
		synctest.Wait()
		require.Equal(t, []int{4, 4}, seen)
		require.Equal(t, 3, s.Stats().Staged)
		require.Equal(t, 3, s.Vitals().Staged)
		s.Abort()
		<-s.Done()
		require.Zero(t, s.Stats().Staged)
	})
}

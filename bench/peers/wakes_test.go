package peers

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Every operation is told once that it has won: not before its window has passed, and not
// more than a millisecond after; in a steady load, after pauses in which nothing is in
// flight, and where more is submitted at once than the ring holds.
func TestWakesTellsEachOnceAndInTime(t *testing.T) {
	for name, g := range map[string]game{
		"steady": {producers: 4, each: 1000, targets: 1, window: 100 * time.Millisecond, pause: 5 * time.Millisecond},
		"pauses": {producers: 1, each: 200, targets: 1, window: 10 * time.Millisecond, pause: 300 * time.Millisecond},
		"full":   {producers: 3, each: wakesRooms, targets: 1, window: 50 * time.Millisecond, pause: time.Nanosecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				decided := make(map[*Op]int) // the goroutine's, until it has ended
				w := NewWakes(Config{Window: g.window, Decided: func(op *Op, contenders int) { decided[op] += contenders }})
				attempts := g.play(w)
				require.Len(t, attempts, g.producers*g.each)
				for _, a := range attempts {
					require.Equal(t, 1, decided[&a.op])
					require.Equal(t, []Verdict{{Won: true, WinnerPriority: a.Priority, Contenders: 1}}, a.verdicts)
					require.GreaterOrEqual(t, a.answered[0], a.Begun+int64(g.window))
					require.LessOrEqual(t, a.answered[0], a.Returned+int64(g.window+coarse))
				}
			})
		})
	}
}

package peers

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestWaitsForAWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWaits(Config{Window: 100 * time.Millisecond})
		defer w.Close()
		ops := NewOps()[:30]
		for i := range ops {
			ops[i].Prepare(0, false)
			w.Submit(uuid.UUID{}, int32(i), &ops[i])
			time.Sleep(10 * time.Millisecond)
			for before := range i + 1 {
				want := Pending
				if time.Duration(i+1-before)*10*time.Millisecond > 102*time.Millisecond {
					want = Won
				} else if i+1-before == 10 {
					continue // within the millisecond or two that it may be late
				}
				require.Equal(t, want, ops[before].Outcome(), "%d after %d", before, i)
			}
		}
	})
}

package peers

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/fuzz/model"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Groups are the operations of a target one after the other, as many as are told to
// have contended; the model says who should have won, and none is decided before its
// window can be over.
func TestBatchedDecidesAsTheModelDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const window = 20 * time.Millisecond
		random := rand.New(rand.NewPCG(1, 2))
		submitted, began := make(map[uuid.UUID][]model.Op), newClock()
		var verdicts []GroupVerdict
		var at []int64
		b := NewBatched(window, func(v GroupVerdict) {
			verdicts, at = append(verdicts, v), append(at, began.now())
		})
		for tag := range uint64(5000) {
			op := Tagged{Target: uuid.UUID{byte(random.IntN(20))}, Tag: tag, Priority: int32(random.IntN(5) - 2)}
			submitted[op.Target] = append(submitted[op.Target], model.Op{ID: tag, Priority: op.Priority, At: began.now()})
			b.Add(&op)
			if random.IntN(10) == 0 {
				time.Sleep(time.Duration(random.Int64N(int64(2 * time.Millisecond))))
			}
			if random.IntN(500) == 0 {
				time.Sleep(time.Second)
			}
		}
		b.Close()
		for i, v := range verdicts {
			line := submitted[v.Target]
			require.LessOrEqual(t, v.Contenders, len(line))
			winner := model.Winner(line[:v.Contenders])
			require.Equal(t, winner.ID, v.Winner)
			require.Equal(t, winner.Priority, v.Priority)
			require.GreaterOrEqual(t, at[i], line[0].At+int64(window))
			submitted[v.Target] = line[v.Contenders:]
		}
		for target, line := range submitted {
			require.Empty(t, line, target)
		}
	})
}

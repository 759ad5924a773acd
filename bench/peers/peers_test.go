package peers

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"example.com/contend/fuzz/model"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Every contestant does what the model says, in virtual time, and nothing is left
// of it afterwards: synctest fails a bubble whose goroutines do not end.
func TestContestantsDecideAsTheModelDoes(t *testing.T) {
	for _, entry := range Roster() {
		for seed := range uint64(3) {
			for _, shards := range []int{1, 2} {
				t.Run(fmt.Sprintf("%s/seed=%d/shards=%d", entry.Name, seed, shards), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						g := game{seed: seed, producers: 4, each: 1000, targets: 20, window: 100 * time.Millisecond, pause: 5 * time.Millisecond}
						g.requireRight(t, entry.New(Config{Window: g.window, Shards: shards}), entry.Windowless, 15*time.Millisecond)
					})
				})
			}
		}
	}
}

// The same in real time and flat out, where goroutines do overlap.
func TestContestantsDecideAsTheModelDoesUnderLoad(t *testing.T) {
	for _, entry := range Roster() {
		t.Run(entry.Name, func(t *testing.T) {
			g := game{producers: 4, each: 2000, targets: 200, window: 20 * time.Millisecond, pause: 100 * time.Microsecond}
			g.requireRight(t, entry.New(Config{Window: g.window, Shards: 2}), entry.Windowless, 0)
		})
	}
}

// Contestants rest and come back.
func TestContestantsComeBackFromIdling(t *testing.T) {
	for _, entry := range Roster() {
		t.Run(entry.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := game{producers: 1, each: 200, targets: 2, window: 10 * time.Millisecond, pause: 300 * time.Millisecond}
				g.requireRight(t, entry.New(Config{Window: g.window, Shards: 1}), entry.Windowless, 15*time.Millisecond)
			})
		})
	}
}

// A planted mistake is found, whatever it is.
func TestModelFindsPlantedMistakes(t *testing.T) {
	for _, c := range []struct {
		mistake mistake
		want    model.Kind
	}{
		{none, ""},
		{lastWins, model.WronglyWon},
		{lowestWins, model.WronglyWon},
		{closesEarly, model.TooEarly},
		{tellsTwice, model.Duplicated},
		{tellsTwoWinners, model.WronglyWon},
		{leavesOut, model.LeftOut},
		{forgets, model.Vanished},
		{miscounts, model.WronglyWon},
	} {
		t.Run(string(c.mistake), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := game{producers: 2, each: 300, targets: 5, window: 100 * time.Millisecond, pause: 5 * time.Millisecond}
				attempts := g.play(&mistaken{mistake: c.mistake, window: g.window, open: map[any]*group{}})
				violations := g.judge(attempts, false, 15*time.Millisecond)
				if c.mistake == none {
					require.Empty(t, violations)
					return
				}
				kinds := make(map[model.Kind]int)
				for _, v := range violations {
					kinds[v.Kind]++
				}
				require.Contains(t, kinds, c.want)
			})
		})
	}
}

func TestOpIsACacheLine(t *testing.T) {
	ops := NewOps()
	require.EqualValues(t, 64, unsafe.Sizeof(ops[0]))
	require.Zero(t, uintptr(unsafe.Pointer(&ops[0]))%64)
	require.EqualValues(t, 64, unsafe.Sizeof(expertGroup{}))
}

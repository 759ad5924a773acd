package shard

import "testing"

// Groups of one tick that were added when it was in the reach of level 3, 2, 1
// and 0 fire in that order, also where several levels are dealt out at the same
// time: at the ticks that are multiples of a level's whole turn.
func TestWheelKeepsOrderAcrossLevels(t *testing.T) {
	const turn1, turn2, turn3 = int64(1) << wheelBits, int64(1) << (2 * wheelBits), int64(1) << (3 * wheelBits)
	for _, tick := range []int64{turn1, turn2, turn2 + 1, turn2 + turn1 - 1, turn2 + turn1, turn3, turn3 + 1, turn3 + turn2, 2*turn3 + 3*turn2 + 4*turn1 + 5} {
		run := newWheelRun(t)
		for _, before := range []int64{turn3 + 1, turn3, turn2 + 1, turn2, turn2 - 1, turn1 + 1, turn1, turn1 - 1, 2, 1} {
			if ahead := tick - before - run.wheel.tick; ahead >= 0 {
				run.advance(ahead)
			}
			for range 2 {
				run.add((tick - run.wheel.tick) * int64(Tick))
			}
		}
		run.drain()
	}
}

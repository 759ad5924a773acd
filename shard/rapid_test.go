package shard

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Property tests of the parts whose counterexamples are long: rapid makes them
// short. Programs for the whole core are shrunk in package fuzz, by a shrinker
// that knows their instructions; a state machine of rapid's would only draw the
// same programs again.

// Any sequence of inserts and removals, for targets whose hashes meet as they
// like, leaves a table that finds what a map does.
func TestTableProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// A hash for each target, of few: neighbours, the same, and at the end.
		hashes := rapid.SliceOfN(rapid.OneOf(
			rapid.Uint32Range(0, 16), rapid.Uint32Range(2*tableMin-16, 2*tableMin), rapid.Just(uint32(0xfffffffe)), rapid.Uint32(),
		), 48, 48).Draw(t, "hashes")
		run := newTableRun(t, func(n uint64) uint32 { return hashes[n] })
		for _, n := range rapid.SliceOf(rapid.Uint64Range(0, 47)).Draw(t, "toggles") {
			run.toggle(n)
		}
		run.check(48)
	})
}

// Any sequence of allocations and releases leaves a slab with what a map holds,
// and memory in proportion.
func TestSlabProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		run := newSlabRun(t)
		// A positive number allocates so many, a negative releases, from one on.
		for _, n := range rapid.SliceOfN(rapid.IntRange(-2*pageItems, 2*pageItems), 0, 24).Draw(t, "steps") {
			for range n {
				run.alloc()
			}
			from := rapid.IntRange(0, 1<<20).Draw(t, "from")
			for range -n {
				if left := len(run.indices); left > 0 {
					run.release(from % left)
				}
			}
			run.check()
		}
	})
}

// Whatever was put into an inbox comes out, once and in order, and is announced.
func TestInboxProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b inbox
		var put, got []uint64
		for _, n := range rapid.SliceOf(rapid.IntRange(0, 2*muchMail)).Draw(t, "steps") {
			if n == 0 {
				for _, c := range b.take() {
					got = append(got, c.lock.ID)
				}
				require.False(t, b.full.Load())
				require.Equal(t, put, got)
			}
			for range n {
				waiting := len(put) - len(got) + 1
				put = append(put, uint64(len(put)))
				ok, much := b.put(control{kind: setLock, lock: Lock{ID: put[len(put)-1]}})
				require.True(t, ok)
				require.Equal(t, waiting%muchMail == 0, much, "with %d in it", waiting)
				require.True(t, b.full.Load())
			}
		}
	})
}

// The lock that masks is the strictest of those in force, as a plain list of
// all says it.
func TestLocksProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l locks
		var plainly []Lock
		now := int64(0)
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				lock := Lock{
					ID: rapid.Uint64Range(0, 4).Draw(t, "id"), Target: target(rapid.Uint64Range(0, 1).Draw(t, "target")),
					All: rapid.Bool().Draw(t, "all"), Below: rapid.Int32Range(-2, 2).Draw(t, "below"),
					Expires: now + rapid.Int64Range(-2, 5).Draw(t, "for"), Stay: rapid.Bool().Draw(t, "stay"),
				}
				plainly = slices.DeleteFunc(plainly, func(o Lock) bool { return o.ID == lock.ID })
				plainly = append(plainly, lock)
				l.set(lock)
			},
			"remove": func(t *rapid.T) {
				id := rapid.Uint64Range(0, 4).Draw(t, "id")
				plainly = slices.DeleteFunc(plainly, func(o Lock) bool { return o.ID == id })
				l.remove(id)
			},
			"expire": func(t *rapid.T) {
				now += rapid.Int64Range(0, 3).Draw(t, "pass")
				plainly = slices.DeleteFunc(plainly, func(o Lock) bool { return !o.Stay && o.Expires <= now })
				l.expire(now)
			},
			"": func(t *rapid.T) { checkLocks(t, &l, plainly, now) },
		})
	})
}

func checkLocks(t *rapid.T, l *locks, plainly []Lock, now int64) {
	require.Equal(t, len(plainly) > 0, l.any())
	for n := range uint64(3) {
		id := target(n)
		for priority := int32(-3); priority <= 2; priority++ {
			var want *Lock
			for i := range plainly {
				o := &plainly[i]
				inForce := (o.All || o.Target == id) && priority < o.Below && (o.Stay || now < o.Expires)
				if inForce && (want == nil || o.Below > want.Below || o.Below == want.Below && o.ID < want.ID) {
					want = o
				}
			}
			require.Equal(t, want, l.masking(&id, priority, now), "target %d, priority %d, at %d", n, priority, now)
		}
	}
}

// failer is what tests and rapid's checks have in common.
type failer interface {
	require.TestingT
	Fatalf(format string, args ...any)
}

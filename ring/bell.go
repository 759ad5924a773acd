package ring

import (
	"math"
	"runtime"
	"sync/atomic"
	"time"
)

// Moments for [Bell.Arm]: what a publication's due time is compared with.
const (
	awake = math.MinInt64

	// Anything makes every publication ring.
	Anything = math.MaxInt64
	// Unstamped is the due time of a publication whose producer did not read
	// the clock because the owner was awake: it rings any owner that sleeps.
	Unstamped = awake + 1
)

// A Bell is where a ring's owner sleeps, and how a producer wakes it when it
// must. It exists so that most submissions wake nobody: an owner that has a
// timer running looks into the ring anyway when the timer fires, so only a
// publication that is due before that, or one that finds the owner without a
// timer, has to ring.
//
// The handshake is Dekker's. The owner arms, then looks at the ring again; a
// producer publishes, then looks at the bell. One of the two sees the other.
//
//	owner                          producer
//	bell.Arm(due)                  ring.Push(v)
//	if ring.Tail() has moved       bell.Publish(due of v)
//	    → do not sleep
//	else bell.Wait or WaitFor
//	bell.Disarm()
//
// Asleep, Publish and Ring are safe for concurrent use; the other methods belong
// to the owner goroutine.
type Bell struct {
	// before publishes to producers until which due time the owner wants to be
	// rung. The producer that swaps it to awake is the only one to send.
	before atomicInt64
	chime  chime

	// alarm publishes to those who ring where timed sleeps are. The first makes it,
	// or the timer if there is none.
	alarm atomic.Pointer[alarm]
	timer *time.Timer // owner
}

// NewBell makes the bell of an owner that is awake.
func NewBell() *Bell {
	b := &Bell{chime: newChime()}
	b.before.Store(awake)
	return b
}

// Wait sleeps until the bell rings. A ring can be left over from an earlier
// sleep: waking for nothing is allowed, sleeping too long is not.
func (b *Bell) Wait() { b.chime.wait() }

// WaitFor is Wait for no longer than d, and reports whether the bell rang.
func (b *Bell) WaitFor(d time.Duration) (rang bool) {
	if b.timer == nil && b.alarm.Load() == nil {
		b.makeTimer()
	}
	if a := b.alarm.Load(); a != nil {
		return a.sleep(d, b.chime)
	}
	b.timer.Reset(d)
	return b.chime.waitFor(b.timer, d)
}

// Relieve is called by an owner that will be busy for some tenths of a millisecond or
// more: again and again, if it likes. Whom Go's poller wakes goes on with the thread that
// has waited there, and Go sends no other one. Until the owner sleeps again, or Go's
// monitor looks after 10 to 20 ms, all that wait for the network or for a timer may wait
// for the owner, though a processor is idle. So the first Relieve after a timed sleep that
// nobody has ended starts a goroutine that does nothing: for a new goroutine Go does send
// a thread, which then waits at the poller. That takes some 50 µs of processor time.
func (b *Bell) Relieve() {
	if a := b.alarm.Load(); a != nil && a.alone {
		a.alone = false
		go relief()
	}
}

func relief() {}

// Yield lets others have the owner's processor. If it is the only one, these are also those
// who wait for the network or for a timer of the system's: Gosched does not ask Go's poller
// for them, and nobody else does but Go's monitor, every 10 ms. That takes some 10 µs (-bench
// Yield). Where there are others, to ask would cost the owner the processor that has its
// memory near: an eighth of the throughput of a producer and an owner on two. A ring that
// comes meanwhile is kept for the next sleep.
func (b *Bell) Yield() {
	if a := b.alarm.Load(); a != nil && runtime.GOMAXPROCS(0) == 1 {
		a.timer.yield()
		return
	}
	runtime.Gosched()
}

func (b *Bell) makeTimer() {
	if a := newAlarm(); a != nil {
		b.alarm.Store(a)
	} else {
		b.timer = time.NewTimer(0)
	}
}

// Asleep reports whether the owner is armed. A producer asks before it pushes:
// if the owner is awake, it looks at the ring soon and stamps what it finds.
func (b *Bell) Asleep() bool { return b.before.Load() != awake }

// Arm declares that the owner is about to sleep and wants to be rung for any
// publication due before the given moment. It must look at the ring once more
// after arming.
func (b *Bell) Arm(before int64) { b.before.Store(before) }

// Disarm declares the owner awake.
func (b *Bell) Disarm() { b.before.Store(awake) }

// Publish tells the bell about a publication and its due time, after it was
// pushed. It rings at most once per sleep.
func (b *Bell) Publish(due int64) {
	before := b.before.Load()
	if (due < before || before == Anything) && b.before.CompareAndSwap(before, awake) {
		b.Ring()
	}
}

// Close gives back what timed sleeps took from the system. The owner must not sleep
// any more.
func (b *Bell) Close() {
	if a := b.alarm.Load(); a != nil {
		a.timer.close()
	}
}

// Ring wakes the owner whatever it is armed for. It never blocks.
func (b *Bell) Ring() {
	b.chime.ring()
	if a := b.alarm.Load(); a != nil {
		a.interrupt()
	}
}

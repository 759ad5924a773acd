/*
 * The ring's protocol: ring/ring.go, Push, PushAll, Drain and Close.
 *
 * A line that ends in a double slash stands for the Go statement behind it; a
 * double slash with an at sign names the function from which the statements
 * come. A test holds them against the code. One step of the model is one access
 * to shared memory: what is in atomic with it is local to a goroutine or is
 * bookkeeping of the proof.
 *
 * A value is two words, written, read and cleared one after the other, so that
 * whoever looks at a slot that is being written sees a torn value.
 */

#ifndef PRODUCERS
#define PRODUCERS 2
#endif
#ifndef PUSHES      /* of each producer */
#define PUSHES 1
#endif
#ifndef BATCHES     /* how many producers use PushAll, of two values, not Push */
#define BATCHES 0
#endif
#ifndef CAP         /* the ring's capacity */
#define CAP 2
#endif
#ifndef RUN         /* MaxRun */
#define RUN 2
#endif
#ifndef RELEASE     /* releaseEvery */
#define RELEASE 2
#endif
#ifndef CLOSERS     /* how many goroutines call Close */
#define CLOSERS 1
#endif

#define VALUES  (PUSHES * 2)           /* of each producer, at most */
#define TOTAL   (PRODUCERS * VALUES)   /* positions, at most */
#define CLOSED  128                    /* the bit of the tail word */
#define POS(w)  ((w) & 127)            /* w &^ closed */
#define SLOT(p) ((p) % CAP)            /* p & r.mask */
#define LAP(p)  (((p) / CAP + 1) & 1)  /* r.lap(p), which has six bits: one is enough */
#define NEVER   255

/* Shared memory. */
byte tail, head;
bit word[CAP];
byte lo[CAP], hi[CAP]; /* slot.value; 0 is the zero value */

/* The owner's. */
byte next;

/* Bookkeeping of the proof. */
byte claimed[TOTAL];    /* by position: the value that was accepted for it */
byte closedAt = NEVER;  /* the tail that Close returned */
byte last[PRODUCERS];   /* of each producer's values, the last that was taken */
byte living;            /* producers and closers that have not returned */
bool ended;             /* the owner has returned */

#define VALUE(p, k) ((p) * VALUES + (k) + 1)
#define WHOSE(v)    (((v) - 1) / VALUES)

/* The result is n, and with n > 0 the first position t. */
inline claim(most) {
	//@ ring/ring.go Ring.Claim
	do
	::
#ifdef BUG_HEAD_FIRST
		n = head;
#endif
		atomic {
			t = tail;                                   // tail := r.tail.Load()
#ifndef BUG_CLOSE_IGNORED
			if
			:: t & CLOSED ->                            // if tail&closed != 0 {
				assert(closedAt != NEVER);
				n = 0;
				break                                   // return 0, 0, ErrClosed
			:: else
			fi
#endif
		}
		atomic {
#ifdef BUG_HEAD_FIRST
			n = CAP - (POS(t) - n);
#else
			n = CAP - (POS(t) - head);                  // free := int64(r.mask+1) - int64(tail-r.head.Load())
#endif
#ifdef BUG_FULL_IGNORED
			n = most;
#endif
			if
			:: n < 1 ->                                 // if free < 1 {
				assert(POS(tail) - head >= CAP); /* it is full at this moment */
				n = 0;
				break                                   // return 0, 0, ErrFull
			:: n > most ->                              // n = int(min(free, int64(most)))
				n = most
			:: else
			fi
		}
		atomic {
			if
#ifdef BUG_CLAIM_WITHOUT_SWAP
			:: true ->
#else
			:: tail == t ->                             // if r.tail.CompareAndSwap(tail, tail+uint64(n)) {
#endif
				tail = t + n;
				t = POS(t);
				assert(closedAt == NEVER && !ended);
				assert(POS(tail) - head <= CAP); /* nothing is overwritten */
				i = 0;
				do
				:: i < n ->
					assert(claimed[t + i] == 0);
					claimed[t + i] = VALUE(me, k + i);
					i++
				:: else -> break
				od;
				i = 0;
				break                                   // return tail, n, nil
			:: else -> t = 0; n = 0
			fi
		}
	od
}

inline publish(position, v) {
	//@ ring/ring.go Ring.Push
#ifdef BUG_PUBLISH_BEFORE_WRITE
	word[SLOT(position)] = LAP(position);
#endif
	atomic {
		assert(lo[SLOT(position)] == 0);
		lo[SLOT(position)] = v                          // *r.Slot(position) = *v
	}
	atomic {
		assert(hi[SLOT(position)] == 0);
		hi[SLOT(position)] = v
	}
#ifndef BUG_PUBLISH_BEFORE_WRITE
	//@ ring/ring.go Ring.Publish
	word[SLOT(position)] = LAP(position);               // r.slots[position&r.mask].word.Store(r.lap(position) | mark&markMask)
#endif
}

/* Push and PushAll differ in how much they claim, and so does what is refused:
 * nothing of it is tried again. */
proctype producer(byte me) {
	byte k, t, i;
	short n;
	do
	:: k < VALUES ->
		claim((me < BATCHES -> 2 : 1));
		do
		:: i < n ->
			publish(t + i, VALUE(me, k + i));
			i++
		:: else -> break
		od;
		atomic {
			assert(n == 0 || t + n <= POS(tail)); /* whoever begins now comes later */
			k = k + 2;
			t = 0; n = 0; i = 0
		}
	:: else -> break
	od;
	living--
}

/* The next values as far as they are published. The end of the array, where a run
 * ends, too, is left out: a run may end anywhere as far as the protocol goes. */
inline published(limit) {
	//@ ring/ring.go Ring.published
	got = 0;
	do
	:: got == RUN || next + got == limit -> break
#ifndef BUG_HOLE_SKIPPED
	:: got < RUN && next + got < limit && word[SLOT(next + got)] != LAP(next + got) ->
		break                                           // if s.word.Load()&^markMask != lap {
	:: got < RUN && next + got < limit && word[SLOT(next + got)] == LAP(next + got) ->
		got++
#else
	:: got < RUN && next + got < limit -> got++
#endif
	od
}

inline clear() {
	//@ ring/ring.go Run.clear
	i = 0;
	do
	:: i < got ->
		lo[SLOT(next + i)] = 0;                         // s.value = zero
		hi[SLOT(next + i)] = 0;
		i++
	:: else -> break
	od
}

/* The result is whole. */
inline Drain(limit) {
	//@ ring/ring.go Ring.DrainRuns
	start = next;
	do
	:: next < limit ->                                  // for start := r.next; int64(limit-r.next) > 0; {
		published(limit);                               // run := r.published(limit)
		if
		:: got == 0 ->                                  // if run.Len() == 0 {
			head = next;                                // r.head.Store(r.next)
			whole = false;                              // return false
			break
		:: else
		fi;
#ifdef BUG_HEAD_BEFORE_CLEAR
		head = next + got;
#endif
		i = 0;
		do
		:: i < got ->                                   // f(r.next, run)
			seen = lo[SLOT(next + i)];
			atomic {
				assert(seen == hi[SLOT(next + i)]); /* not torn */
				assert(seen == claimed[next + i]);  /* at its position */
				assert(seen > last[WHOSE(seen)] || last[WHOSE(seen)] == 0);
				last[WHOSE(seen)] = seen;
				seen = 0;
				i++
			}
		:: else -> break
		od;
#ifndef BUG_NOT_CLEARED
		clear();                                        // run.clear()
#endif
		atomic {
			next = next + got;                          // r.next += uint64(run.Len())
			i = 0;
			if
			:: next - start >= RELEASE ->               // if r.next-start >= releaseEvery {
				head = next;                            // r.head.Store(r.next)
				start = next                            // start = r.next
			:: else
			fi;
			got = 0
		}
	:: else ->
		atomic {
			head = next;                                // r.head.Store(r.next)
			whole = true;                               // return true
			break
		}
	od
}

/* The owner looks as shard's owner does: closed is read before the tail. It
 * comes back when there is something to see, which is what bell.pml is about:
 * looking in vain changes nothing. */
proctype owner() {
	byte limit, start, seen, got, i;
	bool closed, whole;
	do
	::
		//@ ring/ring.go Ring.Closed
		closed = (tail & CLOSED) != 0;                  // return r.tail.Load()&closed != 0
		//@ ring/ring.go Ring.Tail
		limit = POS(tail);                              // return r.tail.Load() &^ closed
		Drain(limit);
		atomic {
			start = 0; limit = 0;
			if
			:: whole && closed -> break
			:: whole && !closed && CLOSERS == 0 && living == 0 && POS(tail) == next -> break
			:: else
			fi
		}
		//@ ring/ring.go Ring.Ready
		if
		:: word[SLOT(next)] == LAP(next)                // return r.slots[r.next&r.mask].word.Load()&^markMask == r.lap(r.next)
		:: POS(tail) == next && (tail & CLOSED)
		:: POS(tail) == next && CLOSERS == 0 && living == 0
		fi
	od;
	atomic {
		ended = true;
		assert(next == POS(tail) && head == next);      /* everything accepted was taken */
		assert(closedAt == NEVER || closedAt == next);
		for (i : 0 .. CAP - 1) {
			assert(lo[i] == 0 && hi[i] == 0)
		}
	}
}

proctype closer() {
	byte t;
	//@ ring/ring.go Ring.Close
	do
	:: t = tail;                                        // tail := r.tail.Load()
		atomic {
			if
			:: t & CLOSED -> break                      // if tail&closed != 0 || r.tail.CompareAndSwap(tail, tail|closed) {
#ifdef BUG_CLOSE_WITHOUT_SWAP
			:: else ->
#else
			:: !(t & CLOSED) && tail == t ->
#endif
				tail = t | CLOSED;
				closedAt = POS(tail);
				break
#ifndef BUG_CLOSE_WITHOUT_SWAP
			:: else -> t = 0
#endif
			fi
		}
	od;
	atomic {
		assert(POS(t) == closedAt);                     // return tail &^ closed
		t = 0;
		living--
	}
}

init {
	byte p;
	atomic {
		living = PRODUCERS + CLOSERS;
		run owner();
		for (p : 0 .. PRODUCERS - 1) {
			run producer(p)
		}
		p = 0;
		do
		:: p < CLOSERS -> run closer(); p++
		:: else -> break
		od;
		p = 0
	}
}

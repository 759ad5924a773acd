/*
 * The owner's sleeping place: ring/bell.go, the owner's rest in shard/owner.go,
 * and the two who wake it without publishing: Close (shard/shard.go), and the
 * end of a winner for which a window waits (shard/inbox.go).
 *
 * A claim is one step here, as ring.pml shows that it may be; publishing is
 * another, so there are holes. The ring is large enough for everything.
 *
 * Time is what may happen: a timer fires before anything else does, or so late
 * that it fires only when nobody else has anything left to do. In that case
 * nothing may be lying in the ring that asked for being seen before. If
 * something is, or if the owner sleeps without a timer although there is
 * something for it to do, nobody can move: an invalid end state.
 */

#ifndef PRODUCERS
#define PRODUCERS 2
#endif
#ifndef PUSHES      /* of each producer */
#define PUSHES 1
#endif
#ifndef CLOSERS     /* how many goroutines call Close */
#define CLOSERS 0
#endif
#ifndef MAIL        /* whether a winner runs whose end a window may wait for */
#define MAIL 0
#endif

#define TOTAL (PRODUCERS * PUSHES)

#include "handshake.pml"

/* Shared memory. */
byte tail;
bool closed;           /* the bit of the tail word */
bool published[TOTAL]; /* the slots' words */
bool mail, waits;      /* full of the inbox; waits of the shard */

/* The owner's. */
byte next;

/* Bookkeeping of the proof. */
byte dueOf[TOTAL];
byte living = PRODUCERS + CLOSERS + MAIL;
byte i;

#define READY (next < TOTAL && published[next])

proctype producer() {
	byte k, seen, due, position;
	do
	:: k < PUSHES ->
		//@ ring/bell.go Bell.Asleep
		atomic {
			if
			:: before != AWAKE ->                       // return b.before.Load() != awake
				if
				:: due = UNSTAMPED
				:: due = LATE
				:: due = ANYTHING
				fi
			:: else -> due = UNSTAMPED
			fi
		}
#ifdef BUG_PUBLISH_FIRST
		Publish(due);
#endif
		//@ shard/stage.go Shard.push
		atomic {
			if
			:: !closed ->                               // sequence, err = s.ring.Push(op)
				position = tail;
				dueOf[position] = due;
				tail++
			:: else ->
				Ring();                                 // s.bell.Ring()
				break
			fi
		}
		published[position] = true;
#ifndef BUG_PUBLISH_FIRST
		//@ shard/stage.go Shard.announce
		Publish(due);                                   // s.bell.Publish(due)
#endif
		atomic {
			k++;
			due = 0; position = 0
		}
	:: else -> break
	od;
	living--
}

/* What lies at a position asks for no more than what the owner armed for. */
#define PATIENT(p) ((p) >= TOTAL || (p) >= tail || armed != ANYTHING && dueOf[p] >= armed)
#define ALL_PATIENT (PATIENT(next) && PATIENT(next + 1) && PATIENT(next + 2) && PATIENT(next + 3) && next + 4 >= tail)

/* look, as far as it matters here. The windows of what was drained close at
 * some time if the drain was whole; one whose winner runs cannot, and is
 * overdue from then on. */
inline look() {
	//@ shard/owner.go Shard.look
#if CLOSERS
	wasClosed = closed;                                 // closed, aborted := s.ring.Closed(), s.aborted.Load()
#endif
	limit = tail;                                       // tail := s.ring.Tail()
#if MAIL
	atomic {
		if                                              // s.takeMail()
		:: mail -> mail = false; held = false; overdue = false
		:: else
		fi
	}
#endif
	do                                                  // s.owner.whole = s.ring.DrainRuns(tail, s.owner.take)
	:: atomic { next < limit && published[next] -> dueOf[next] = 0; next++; staged = true }
	:: atomic { next < limit && !published[next] -> whole = false; break }
	:: atomic {
		next == limit ->
			whole = true;
			if                                          // s.advance(closed, aborted)
			:: staged = false; overdue = held
			:: true
			fi;
			break
		}
	od
}

/* Nobody comes any more who could wake the owner. */
#define QUIET (living == 0)

inline sleepUntil() {
	if
	:: chime -> chime = false
	:: true                                             /* the timer fires soon */
	:: true ->
		if
		:: chime -> chime = false
		:: QUIET && ALL_PATIENT && closed == wasClosed  /* or at the very end */
		fi
	fi
}

inline restUntilDue() {
	//@ shard/owner.go Shard.restUntilDue
	timed = staged || (held && !overdue);               // due, timed := s.owner.core.Next()
	Arm((timed -> TIMED : ANYTHING));                   // s.bell.Arm(before)
#ifndef BUG_NO_LOOK_AFTER_ARM
	if
	:: READY -> goto rested                             // if s.ring.Ready() {
	:: else
	fi;
#ifndef BUG_HOLE_IGNORED
	if
	:: tail != next ->                                  // if s.ring.Tail() != s.ring.Drained() {
#ifndef BUG_HOLE_NOT_REARMED
		Arm(ANYTHING);                                  // s.bell.Arm(ring.Anything)
#endif
#ifndef BUG_NO_SECOND_LOOK
		if
		:: READY -> goto rested                         // if s.ring.Ready() {
		:: else
		fi;
#endif
		timed = timed && whole                          // timed = timed && s.owner.whole
	:: else
	fi;
#endif
#endif
	if
	:: timed -> sleepUntil()
	:: else ->
		if
		:: chime -> chime = false
		:: QUIET && tail == next && !mail && closed == wasClosed -> goto asleep
		fi
	fi;
rested:
	Disarm()                                            // defer s.bell.Disarm()
}

active proctype owner() {
	byte limit;
	bool wasClosed, whole, timed, staged;
	bool held = MAIL, overdue;
	do
	::
		look();
		if
		:: wasClosed && whole && !staged && !held -> break
		:: else
		fi;
		//@ shard/owner.go Shard.rest
#if MAIL
#ifdef BUG_WAITS_TOO_LATE
		if
		:: mail -> goto again
		:: else
		fi;
		waits = overdue;
#else
		waits = overdue;                                // s.waits.Store(s.owner.core.Overdue())
		if
		:: mail -> goto again                           // case s.inbox.full.Load():
		:: else
		fi;
#endif
#endif
		if
		:: atomic { true ->                             /* busy: for a moment, and not armed */
			if
			:: chime -> chime = false
			:: true
			fi }
		:: true -> restUntilDue()                       // s.restUntilDue()
		fi;
again:
		atomic { timed = false; whole = false; limit = 0 }
	od;
asleep:
	assert(tail == next)
}

proctype closer() {
	//@ shard/shard.go Shard.Close
#ifdef BUG_RING_BEFORE_CLOSE
	Ring();
	closed = true;
#else
	closed = true;                                      // s.ring.Close()
	Ring();                                             // s.bell.Ring()
#endif
	living--
}

proctype winner() {
	//@ shard/inbox.go inbox.add
	mail = true;                                        // b.full.Store(true)
	//@ shard/inbox.go Shard.Ended
	if
	:: waits -> Ring()                                  // if much || s.waits.Load() {
	:: else
	fi;
	living--
}

init {
	atomic {
		i = 0;
		do
		:: i < PRODUCERS -> run producer(); i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < CLOSERS -> run closer(); i++
		:: else -> break
		od;
		if
		:: MAIL -> run winner()
		:: else
		fi;
		i = 0
	}
}

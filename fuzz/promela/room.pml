/*
 * Where producers of a full ring sleep: ring/room.go, queueUp and awaitRoom in
 * shard/stage.go, and the owner's Admit and rest in shard/owner.go.
 *
 * A claim and a look at a full ring are one step each, as ring.pml shows that
 * they may be. The owner's windows are so far away that they might as well not
 * be there: it sleeps without a timer, except for the moment that it promises
 * to those who wait.
 *
 * The channel of seats is a rendezvous. Who waits longest is received from
 * first in Go; here it may be anyone who waits, which is more.
 *
 * That no one is left behind is two properties: nobody sleeps for ever (an
 * invalid end state), and nobody goes round in circles for ever while the
 * others get their turns (a non-progress cycle, under weak fairness).
 */

#ifndef PRODUCERS
#define PRODUCERS 2
#endif
#ifndef PUSHES      /* of each producer */
#define PUSHES 1
#endif
#ifndef CAP         /* the ring's capacity */
#define CAP 1
#endif
#ifndef CLOSERS
#define CLOSERS 0
#endif
#ifndef OWNER       /* 0: it is stuck in a hook */
#define OWNER 1
#endif
#ifndef DONE        /* whether every caller's done channel closes at some time */
#define DONE 0
#endif

#define TOTAL (PRODUCERS * PUSHES)

#include "handshake.pml"

/* Shared memory. */
byte tail, head;
bool closed;           /* the bit of the tail word */
bool published[TOTAL]; /* the slots' words */
byte waiting;          /* of the room */
bool closing;          /* the channel of the shard is closed */
bool done;             /* the callers' channel is closed */

/* The rendezvous: how many stand in their select, how many of those were sent
 * a seat and have yet to run. */
byte standing, seated;

/* The owner's. */
byte next;

/* Bookkeeping of the proof. */
byte living = PRODUCERS + CLOSERS + DONE;
byte i;

#define READY (next < TOTAL && published[next])

mtype = { accepted, errFull, errClosed, errGaveUp }

/* push of the shard; the result is err. */
inline push() {
	//@ shard/stage.go Shard.push
	atomic {
		if                                              // sequence, err = s.ring.Push(op)
		:: closed -> err = errClosed
		:: !closed && tail - head >= CAP -> err = errFull
		:: else ->
			position = tail;
			tail++;
			err = accepted
		fi
	}
	if
	:: err != accepted -> Ring()                        // s.bell.Ring()
	:: else ->
		published[position] = true;
		position = 0;
		//@ shard/stage.go Shard.announce
		Publish(UNSTAMPED)                              // s.bell.Publish(due)
	fi
}

/* The result is err: accepted for a seat. */
inline awaitRoom() {
	//@ shard/stage.go Shard.awaitRoom
#if !defined(BUG_NO_RING) && !defined(BUG_RING_BEFORE_ENTER)
	Ring();                                             // s.bell.Ring()
#endif
	standing++;
	if
	:: atomic { seated > 0 -> seated--; err = accepted }
#ifndef BUG_DONE_IGNORED
	:: atomic { done && standing > 0 -> standing--; err = errGaveUp }
#endif
#ifndef BUG_CLOSING_IGNORED
	:: atomic { closing && standing > 0 -> standing--; err = errClosed }
#endif
	fi
}

/* The result is err: errFull if all room belongs to those who wait. */
inline crowded() {
	//@ shard/stage.go Shard.crowded
	seen = waiting;                                     // waiting := s.room.Waiting()
	if
	:: seen > 0 ->                                      // return waiting > 0 && s.ring.Cap()-s.ring.Len() <= waiting
		position = head;
		if
		:: CAP - (tail - position) <= seen -> err = errFull
		:: else
		fi
	:: else
	fi;
	atomic { seen = 0; position = 0 }
}

/* StageWait. */
proctype producer() {
	byte k, position, seen;
	mtype err;
	do
	:: k < PUSHES ->
		crowded();
		//@ shard/stage.go Shard.push
		if
		:: err == errFull ->                            // if newcomer && s.crowded() {
		:: else -> push()
		fi;
		if
		:: err == errFull ->
			//@ shard/stage.go Shard.queueUp
#ifdef BUG_RING_BEFORE_ENTER
			Ring();
#endif
			waiting++;                                  // s.room.Enter()
			do
			::
				awaitRoom();
				if
				:: err != accepted -> break
				:: else
				fi;
				push();                                 // if sequence, err = s.push(&op, false); err != ErrFull {
				if
				:: err != errFull -> break
				:: else
				fi
#ifdef BUG_SEAT_IS_SLOT
				; break
#endif
			od;
#ifndef BUG_NO_LEAVE
			waiting--                                   // defer s.room.Leave()
#endif
		:: else
		fi;
progress:
		atomic {
			assert(err == accepted || err == errGaveUp && done || err == errClosed && closed);
			err = 0;
			k++
		}
	:: else -> break
	od;
	living--
}

/* What is sent is received in the same step; who is not standing yet is not
 * waited for. */
inline Admit(free) {
	//@ ring/room.go Room.Admit
	seats = (free < waiting -> free : waiting);         // for range min(int64(n), r.waiting.Load()) {
	do
	:: atomic { seats > 0 && standing > 0 -> standing--; seated++; seats-- }
	:: atomic { seats == 0 || standing == 0 -> seats = 0; break }
	od
}

inline look() {
	//@ shard/owner.go Shard.look
	wasClosed = closed;                                 // closed, aborted := s.ring.Closed(), s.aborted.Load()
	limit = tail;                                       // tail := s.ring.Tail()
	do                                                  // s.owner.whole = s.ring.DrainRuns(tail, s.owner.take)
	:: atomic { next < limit && published[next] -> next++ }
	:: atomic { next < limit && !published[next] -> head = next; whole = false; break }
	:: atomic { next == limit -> head = next; whole = true; break }
	od;
	limit = 0;
#ifdef BUG_NOT_ADMITTED
	skip
#else
	free = CAP - (tail - head);
	Admit(free)                                         // s.room.Admit(s.ring.Cap() - s.ring.Len())
#endif
}

inline restUntilDue() {
	//@ shard/owner.go Shard.restUntilDue
	Arm(ANYTHING);                                      // s.bell.Arm(before)
	if
	:: READY -> goto rested                             // if s.ring.Ready() {
	:: else
	fi;
	if
	:: tail != next ->                                  // if s.ring.Tail() != s.ring.Drained() {
		Arm(ANYTHING);                                  // s.bell.Arm(ring.Anything)
		if
		:: READY -> goto rested                         // if s.ring.Ready() {
		:: else
		fi
	:: else
	fi;
	if
	:: chime -> chime = false
	:: living == 0 && tail == next && wasClosed == closed -> goto asleep
	fi;
rested:
	Disarm()                                            // defer s.bell.Disarm()
}

proctype owner() {
	byte limit, free, seats;
	bool wasClosed, whole;
	do
	::
		look();
		if
		:: wasClosed && whole -> break
		:: else
		fi;
		//@ shard/owner.go Shard.rest
		atomic {
			if
			:: whole && tail - head >= (CAP / 4 > 1 -> CAP / 4 : 1) -> goto again  // case s.owner.whole && s.ring.Len() >= max(1, s.ring.Cap()/4):
			:: else
			fi
		}
#ifdef BUG_SLEEPS_ON_WAITERS
		restUntilDue();
#else
		if
		:: waiting > 0 ->                               // case s.owner.drained >= floodOps || s.room.Waiting() > 0 || s.owner.pace.busy() && s.prompt():
			if                                          /* for a moment */
			:: chime -> chime = false
			:: true
			fi
		:: else -> restUntilDue()                       // s.restUntilDue()
		fi;
#endif
again:
		atomic { whole = false; free = 0 }
	od;
asleep:
	assert(tail == next)
}

proctype closer() {
	//@ shard/shard.go Shard.Close
	closed = true;                                      // s.ring.Close()
	closing = true;
	Ring();                                             // s.bell.Ring()
	living--
}

/* The callers' contexts end. */
proctype ender() {
	done = true;
	living--
}

/* Whoever has left the room is not counted in it any more. */
proctype janitor() {
	living == 0;
	assert(waiting == 0 && standing == 0 && seated == 0)
}

init {
	atomic {
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
		:: DONE -> run ender()
		:: else
		fi;
		if
		:: OWNER -> run owner()
		:: else
		fi;
		run janitor();
		i = 0
	}
}

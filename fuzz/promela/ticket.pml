/*
 * The state word of a withdrawable ticket: shard/op.go, between a submitter,
 * those who withdraw on its behalf (its context, its handle) and the owner.
 *
 * A submitter stages its ticket ROUNDS times, each time as soon as it is free.
 * A staged one is accepted or refused; the owner looks at an accepted one as
 * often as it likes (when it would try again, or is compared early) and then
 * decides. Withdrawals of one round are over before the next one begins: the
 * submitter sees to that, see engine/submit.go. An owner that asks first (Polled)
 * makes the swap of somebody who withdraws himself: one of the orders below.
 */

#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef WITHDRAWERS /* in each round */
#define WITHDRAWERS 2
#endif
#ifndef LOOKS       /* how often the owner looks before it decides, at most */
#define LOOKS 1
#endif

#define FREE      0
#define STAGED    1
#define WITHDRAWN 2
#define SETTLED   3

/* Shared memory: the word, the rest of the ticket, the ring. */
byte state = FREE;
byte to;                    /* whom to tell: the round */
byte extra;                 /* cleared when found withdrawn */
chan ring = [ROUNDS] of { byte };

/* Bookkeeping of the proof: what became of each round, and who may touch the
 * ticket's memory. */
byte told[ROUNDS + 1], withdrawn[ROUNDS + 1], refused[ROUNDS + 1];
bool held;                  /* the owner has it */
bool over;                  /* no more rounds */
byte withdrawing;           /* the round whose withdrawers may act; 0 for none */
byte acting;                /* withdrawers that have yet to end their round */

/* The owner touches the ticket's memory. */
#define MINE assert(held && state != FREE)

inline begin() {
	//@ shard/op.go Ticket.begin
	atomic {
		assert(state == FREE && !held); /* nobody else stages it */
		state = STAGED                                  // func (t *Ticket) begin() bool { return t.state.CompareAndSwap(ticketFree, ticketStaged) }
	}
}

/* The result is ok. */
inline cancel() {
	//@ shard/op.go Ticket.cancel
#ifdef BUG_CANCEL_WITHOUT_SWAP
	state = FREE;
	ok = true;
#else
	atomic {
		if
		:: state == STAGED ->                           // if t.state.CompareAndSwap(ticketStaged, ticketFree) {
			state = FREE;
			ok = true
		:: else -> ok = false
		fi
	}
	if
	:: !ok -> release()                                 // t.release()
	:: else
	fi
#endif
}

inline release() {
	//@ shard/op.go Ticket.release
	atomic {
		state = FREE;                                   // func (t *Ticket) release() { t.state.Store(ticketFree) }
		held = false
	}
}

proctype submitter() {
	byte round = 1;
	bool ok;
	do
	:: round <= ROUNDS ->
		//@ shard/op.go Ticket.InUse
		state == FREE;                                  // func (t *Ticket) InUse() bool { return t.state.Load() != ticketFree }
		assert(!held);
		to = round;
		extra = round;
		atomic { acting = WITHDRAWERS; withdrawing = round }
again:
		begin();
		if
		:: ring!round                                   /* accepted */
		:: true ->                                      /* refused */
			cancel();
			if
			:: !ok -> ok = true                         /* ErrGaveUp: it is withdrawn */
			:: else ->
				if
				:: goto again                           /* StageWait */
				:: refused[round]++
				fi
			fi
		fi;
		acting == 0;
		atomic { ok = false; withdrawing = 0; round++ }
	:: else -> break
	od;
	over = true
}

/* Withdraw, at any time of a round: also before Begin and after the verdict. */
proctype withdrawer() {
	byte round = 1, seen;
	do
	:: round <= ROUNDS ->
		withdrawing == round;
		//@ shard/op.go Ticket.Withdraw
#ifdef BUG_WITHDRAW_WITHOUT_SWAP
		seen = state;
		if
		:: seen == STAGED ->
			atomic { state = WITHDRAWN; withdrawn[round]++ }
		:: else
		fi;
#else
		atomic {
			if
			:: state == STAGED ->                       // return t.state.CompareAndSwap(ticketStaged, ticketWithdrawn)
#ifdef BUG_WITHDRAW_FREES
				state = FREE;
#else
				state = WITHDRAWN;
#endif
				withdrawn[round]++
			:: else
			fi
		};
#endif
		atomic { round++; acting--; seen = 0 }
		(round > ROUNDS || withdrawing == round)
	:: else -> break
	od
}

/* Lets go of a ticket that was found withdrawn. */
inline drop() {
	//@ shard/dismissal.go Core.drop
#ifdef BUG_RELEASED_TOO_EARLY
	release();
#endif
	atomic { MINE; extra = 0 }                          // x.Value = nil
#ifndef BUG_RELEASED_TOO_EARLY
	release()                                           // s.Ticket.release()
#endif
}

/* Gives the ticket back, and then the verdict. */
inline tell() {
	//@ shard/tell.go Ticket.tell
#ifdef BUG_READ_AFTER_RELEASE
	release();
#endif
	atomic { MINE; whom = to }                          // to := t.To
#if !defined(BUG_READ_AFTER_RELEASE) && !defined(BUG_NOT_RELEASED)
	release();                                          // t.release()
#endif
	told[whom]++                                        // to.Decided(v)
}

proctype owner() {
	byte round, whom, looks, seen;
	bool ok;
	do
	:: atomic { ring?round -> held = true };
		do
		:: looks < LOOKS ->
			looks++;
			//@ shard/op.go Ticket.isWithdrawn
			if
			:: state == WITHDRAWN -> drop(); goto done  // return t.state.Load() == ticketWithdrawn
			:: else
			fi
		:: true -> break
		od;
		//@ shard/op.go Ticket.settle
#ifdef BUG_SETTLE_WITHOUT_SWAP
		seen = state;
		ok = (seen == STAGED);
		if
		:: ok -> state = SETTLED
		:: else
		fi;
#else
		atomic {
			if
			:: state == STAGED ->                       // return t.state.CompareAndSwap(ticketStaged, ticketSettled)
				state = SETTLED;
				ok = true
			:: else -> ok = false
			fi
		}
#endif
		if
		:: ok -> tell()
		:: else -> drop()
		fi;
done:
		atomic { looks = 0; ok = false; seen = 0; whom = 0; round = 0 }
	:: over && empty(ring) -> break
	od;
	for (round : 1 .. ROUNDS) {
		assert(told[round] + withdrawn[round] + refused[round] == 1)
	}
	assert(state == FREE && !held)
}

init {
	byte i;
	atomic {
		run submitter();
		do
		:: i < WITHDRAWERS -> run withdrawer(); i++
		:: else -> break
		od;
		i = 0;
		run owner()
	}
}

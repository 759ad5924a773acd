/*
 * The methods of ring.Bell, ring/bell.go: for bell.pml and room.pml.
 *
 * Moments are small numbers in the order of the real ones. The channel of one
 * element is a bit: a chime that waits already swallows another.
 */

#define AWAKE     0
#define UNSTAMPED 1   /* and whatever is due before TIMED */
#define TIMED     2   /* what a sleeper with a timer is armed for */
#define LATE      3   /* due after that */
#define ANYTHING  4   /* math.MaxInt64: also a due time that saturates */

byte before = AWAKE;
bool chime;

/* Bookkeeping of the proof. */
byte armed = AWAKE; /* what the owner set before to, whoever rang since */
bool rang;          /* a publication has rung since */

inline Arm(moment) {
	//@ ring/bell.go Bell.Arm
	atomic {
		before = moment;                                // b.before.Store(before)
		armed = moment;
		rang = false
	}
}

inline Disarm() {
	//@ ring/bell.go Bell.Disarm
	atomic {
		before = AWAKE;                                 // b.before.Store(awake)
		armed = AWAKE;
		rang = false
	}
}

/* Ring of the Bell: a send that does not block. */
inline Ring() {
	chime = true
}

inline Publish(due) {
	//@ ring/bell.go Bell.Publish
	seen = before;                                      // before := b.before.Load()
	atomic {
		if
#if defined(BUG_RING_WITHOUT_SWAP)
		:: due < seen || seen == ANYTHING ->
#elif defined(BUG_NOT_DUE_FOREVER)
		:: due < seen && before == seen ->
#else
		:: (due < seen || seen == ANYTHING) && before == seen ->  // if (due < before || before == Anything) && b.before.CompareAndSwap(before, awake) {
#endif
			before = AWAKE;
			assert(!rang); /* at most once per Arm */
			rang = true;
			seen = 0
		:: else -> seen = 0; goto silent
		fi
	}
	Ring();
silent:
	skip
}

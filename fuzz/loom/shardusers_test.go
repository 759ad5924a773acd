//go:build explore

package loom

import (
	"github.com/google/uuid"

	"example.com/contend/shard"
)

// shardUsers are a shard's users and what they have seen.
type shardUsers struct {
	*World
	shardSizes
	shard *shard.Shard

	submissions []*submission
	outcomes    int // submissions refused, withdrawn or told
	decisions   []decision
	running     []decision // winners that somebody is to end
	looks       [2]int     // when the owner read the clock last, and before

	gaveUp                  chan struct{}
	stopBegan, stopReturned int
	stopReturnedAt          int64
	locked, unlocked        *submission
	kept                    bool
	ended                   map[uint64]bool // tokens
}

// submission is one operation and what became of it.
type submission struct {
	*shardUsers
	op              shard.Op
	deferred        shard.Deferrable // the same, where it leaves it
	ticket          shard.Ticket
	began, returned int
	beganAt, backAt int64
	sequence        uint64
	over            bool // the call has returned
	leaves          bool // the operation with the shard: see StageLater
	err             error
	withdrawn       bool
	told            []shard.Outcome
	toldAt          int64
	closed          int64
}

// decision is what the hook is shown.
type decision struct {
	target               uuid.UUID
	token                uint64
	number               uint64
	opened, due, closed  int64
	winner               shard.Standing
	members              []shard.Standing
	abandoned, exclusive bool
	look                 int // when the look began
	retried              int
}

func newShardUsers(w *World, z shardSizes) *shardUsers {
	u := &shardUsers{World: w, shardSizes: z, gaveUp: make(chan struct{})}
	config := shard.Config{
		RingSize: z.slots,
		Terms:    shard.NewTerms(window, 0), // others have annexes
		Now:      u.clock,
		Decided:  u.decided,
		Incident: func(v any, _ []byte) { w.Failf("incident: %v", v) },
	}
	if z.exclusive {
		config.Rules, u.ended = []shard.Rules{{Exclusive: true}}, map[uint64]bool{}
	}
	u.shard = shard.New(config)
	w.Name("shard", u.shard)
	u.start()
	return u
}

// start starts the threads.
func (u *shardUsers) start() {
	for p := range u.producers {
		mine := make([]*submission, u.items)
		for i := range mine {
			if mine[i] = u.submission(p, i); u.reuses && i > 0 {
				mine[i].op.Ticket = mine[0].op.Ticket
			}
		}
		u.Go(producerNames[p], func() { u.produce(p, mine) })
	}
	u.Go("owner", u.shard.Run)
	u.Go("closer", u.stop)
	if u.withdraws {
		u.Go("canceller", u.withdraw)
	}
	if u.gives {
		u.Go("canceller", func() { u.Event(); close(u.gaveUp) })
	}
	if u.locks {
		u.locked, u.unlocked = u.submission(u.producers, 0), u.submission(u.producers, 1)
		u.Go("locker", u.lock)
		u.Go("keeper", u.keep)
	}
	if u.exclusive {
		u.Go("runner", u.endWinners)
	}
	if u.late {
		u.Go("clock", func() { u.Pass(lateness) })
	}
}

// clock is the shard's. The owner's readings are events if those are compared.
func (u *shardUsers) clock() int64 {
	if u.ordered && u.Current() == "owner" {
		u.looks = [2]int{u.looks[1], u.Event()}
	}
	return u.Now()
}

// submission makes a producer's ith.
func (u *shardUsers) submission(p, i int) *submission {
	s := &submission{shardUsers: u}
	s.op = shard.Op{Ticket: &s.ticket, Priority: int32((p + i) % 2)}
	if u.apart {
		s.op.Target[0], s.op.Hash = byte(p), uint32(p)<<2
	}
	rules := uint8(0)
	if u.exclusive {
		rules = 1
	}
	s.op.Terms = shard.NewTerms(u.windowOf(p), rules)
	s.ticket.To = s
	s.ticket.Withdrawable = u.withdraws && p == 0
	if u.retries {
		s.ticket.Extra = &shard.Extra{Retry: shard.Retry{Limit: 1}}
	}
	u.submissions = append(u.submissions, s)
	u.Name("ticket", &s.ticket)
	return s
}

//go:build explore

package loom

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/contend/shard"
)

var shardConfigurations = []configuration{
	shardWith(shardSizes{producers: 2, items: 1, slots: 4}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 2, slots: 8}, 8, 3),
	shardWith(shardSizes{producers: 3, items: 1, slots: 16, apart: true}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 16, apart: true, late: true}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 8, ordered: true}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 8, ordered: true, late: true}, 8, 3),
	shardWith(shardSizes{producers: 3, items: 1, slots: 16, ordered: true, late: true}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 1, how: waiting}, 8, 3),
	shardWith(shardSizes{producers: 3, items: 1, slots: 1, how: waiting, gives: true}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 3, slots: 4, how: batch}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 4, withdraws: true}, 8, 3),
	shardWith(shardSizes{producers: 1, items: 2, slots: 4, withdraws: true, reuses: true}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 1, how: waiting, withdraws: true, ends: closes}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 4, ends: closes, ordered: true}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 1, how: waiting, ends: closes}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 4, ends: aborts, withdraws: true}, 8, 3),
	shardWith(shardSizes{producers: 1, items: 1, slots: 16, locks: true}, 8, 3),
	shardWith(shardSizes{producers: 1, items: 1, slots: 16, locks: true, ends: closes}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 2, slots: 16, exclusive: true}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 16, exclusive: true, ends: closes}, 8, 3),
	shardWith(shardSizes{producers: 3, items: 1, slots: 16, retries: true, withdraws: true}, 8, 3),
}

func TestShard(t *testing.T) { explore(t) }

// shardSizes are a shard's users.
type shardSizes struct {
	producers, items int
	slots            int // of the ring
	how              how
	apart            bool // targets and windows: one for each producer, else one for all
	ordered          bool // events are compared, too: which call had returned when another began
	late             bool // time passes although threads can run
	withdraws        bool // somebody withdraws what producer 0 submits
	reuses           bool // producer 0 submits the same ticket again
	gives            bool // somebody lets producer 0 give up waiting
	locks            bool // somebody locks all targets, submits, unlocks, submits
	exclusive        bool // targets are; winners are ended by somebody
	retries          bool // losers try again once
	ends             ends
}

// how producers submit.
type how uint8

const (
	atOnce how = iota
	waiting
	batch
)

// ends is how the shard ends.
type ends uint8

const (
	decided ends = iota // closed when everything was decided
	closes              // closed meanwhile
	aborts              // aborted meanwhile
)

func (z shardSizes) String() string {
	name := fmt.Sprintf("%dx%d,slots=%d", z.producers, z.items, z.slots)
	for _, option := range []struct {
		on   bool
		name string
	}{
		{z.how == waiting, "waits"}, {z.how == batch, "batches"}, {z.apart, "apart"}, {z.ordered, "ordered"},
		{z.late, "late"}, {z.withdraws, "withdraws"}, {z.reuses, "reuses"}, {z.gives, "gives up"}, {z.locks, "locks"},
		{z.exclusive, "exclusive"}, {z.retries, "retries"}, {z.ends == closes, "closes"}, {z.ends == aborts, "aborts"},
	} {
		if option.on {
			name += "," + option.name
		}
	}
	return strings.ReplaceAll(name, " ", "_")
}

func shardWith(z shardSizes, share, preemptions int) configuration {
	return configuration{z.String(), share, preemptions, false, func(w *World) func() { return newShardUsers(w, z).check }}
}

const (
	window   = 10 * time.Millisecond
	lateness = window // that the clock adds, if it does: a window is due at once

	// lookEvery is how long an owner takes at most to look again on its own, with
	// somebody in its waiting room: package shard's.
	lookEvery = time.Millisecond
)

// windowOf is the window of what a producer submits.
func (z *shardSizes) windowOf(p int) time.Duration {
	if z.apart && p == z.producers-1 {
		return window / 5
	}
	return window
}

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
	ticket          shard.Ticket
	began, returned int
	beganAt, backAt int64
	sequence        uint64
	over            bool // the call has returned
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
		s.op.Target[0], s.op.Hash = byte(p), uint32(p)<<1
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

func (u *shardUsers) produce(p int, mine []*submission) {
	if u.how == batch {
		u.submitAll(mine)
		return
	}
	for i, s := range mine {
		if i > 0 && u.exclusive {
			u.Until(func() bool { return len(mine[i-1].told) > 0 || u.ends != decided })
		}
		if i > 0 && u.reuses {
			u.awaitTicket(mine[i-1])
			s.op.Ticket.To = s
		}
		u.submit(p, s)
	}
}

// awaitTicket waits until a submission's ticket is free: when it was told, or its
// window has closed after it was withdrawn.
func (u *shardUsers) awaitTicket(s *submission) {
	u.Until(func() bool { return s.withdrawn || len(s.told) > 0 })
	if s.withdrawn {
		u.Sleep(2 * window)
	}
}

func (u *shardUsers) submit(p int, s *submission) {
	s.begin()
	var done chan struct{}
	if p == 0 && u.gives {
		done = u.gaveUp
	}
	if u.how == waiting {
		s.sequence, s.err = u.shard.StageWait(&s.op, done)
	} else {
		s.sequence, s.err = u.shard.Stage(&s.op)
	}
	s.end()
}

func (u *shardUsers) submitAll(all []*submission) {
	ops := make([]shard.Op, len(all))
	for i, s := range all {
		ops[i] = s.op
		s.beganAt = u.Time()
	}
	first, n, err := u.shard.StageAll(ops)
	for i, s := range all {
		s.sequence, s.err = first+uint64(i), err
		if err == nil && i >= n {
			s.err = shard.ErrFull
		}
		s.end()
	}
}

func (s *submission) begin() {
	if s.ordered {
		s.began = s.Event()
	}
	s.beganAt = s.Time()
}

func (s *submission) end() {
	s.returned, s.backAt, s.over = s.Happened(), s.Time(), true
	if s.err != nil && !s.withdrawn {
		s.outcomes++
	}
}

// Decided is told the verdict.
func (s *submission) Decided(v *shard.Verdict) {
	s.told = append(s.told, v.Outcome)
	s.toldAt, s.closed = s.Time(), v.Closed
	s.outcomes++
	if s.withdrawn {
		s.Failf("it was withdrawn and is told %v", v.Outcome)
	}
	if v.Op.Sequence != s.sequence && s.over {
		s.Failf("operation %d is told what is meant for %v", s.sequence, v.Op)
	}
}

// decided is the hook.
func (u *shardUsers) decided(batch []shard.Decision) {
	for i := range batch {
		d := &batch[i]
		copied := decision{
			target: d.Target, token: d.Token(), number: d.Number, opened: d.Opened, due: d.Due, closed: d.Closed,
			winner: d.Winner, abandoned: d.Abandoned, exclusive: d.Exclusive(), look: u.looks[0], retried: d.Retried,
		}
		for m := range d.All() {
			copied.members = append(copied.members, m)
		}
		if copied.exclusive {
			u.exclude(&copied)
			u.running = append(u.running, copied)
		}
		u.decisions = append(u.decisions, copied)
	}
}

// exclude checks that no winner of the same target runs.
func (u *shardUsers) exclude(d *decision) {
	for _, before := range u.decisions {
		if before.exclusive && before.target == d.target && !u.ended[before.token] {
			u.Failf("decision %d has a winner while that of %d runs", d.number, before.number)
		}
	}
}

// endWinners ends one winner after another, every other at once.
func (u *shardUsers) endWinners() {
	for {
		u.Until(func() bool { return len(u.running) > 0 || u.hasEnded() })
		if len(u.running) == 0 {
			return
		}
		d := u.running[0]
		u.running = u.running[1:]
		if len(u.decisions)%2 == 1 { // until the next window is due
			u.Sleep(window)
		}
		u.ended[d.token] = true
		if !u.shard.Ended(d.target, d.token) {
			u.Failf("the shard does not take it")
		}
	}
}

func (u *shardUsers) withdraw() {
	for _, s := range u.submissions[:u.items] {
		if s.ticket.Withdraw() {
			if s.withdrawn = true; len(s.told) > 0 {
				s.Failf("withdrawn after it was told %v", s.told)
			}
			if !s.over || s.err == nil {
				s.outcomes++
			}
		}
		if u.reuses {
			return
		}
	}
}

// lock locks all targets, submits, unlocks and submits again.
func (u *shardUsers) lock() {
	for i, s := range []*submission{u.locked, u.unlocked} {
		var applied <-chan struct{}
		ok, at := false, u.Time()
		if i == 0 {
			applied, ok = u.shard.Lock(shard.Lock{ID: 1, Name: "locked", All: true, Below: 10, Stay: true})
		} else {
			applied, ok = u.shard.Unlock(1)
		}
		if !ok {
			u.Failf("the shard does not take it")
		}
		u.submit(u.producers, s)
		if u.ends == decided {
			u.Until(func() bool { return isClosed(applied) })
			if u.Time() != at {
				u.Failf("it took %d ns until it was in force", u.Time()-at)
			}
		}
		u.Until(func() bool { return s.err != nil || len(s.told) > 0 })
	}
}

// keep sets a lock that keeps nobody out.
func (u *shardUsers) keep() {
	applied, ok := u.shard.Lock(shard.Lock{ID: 2, Name: "kept", All: true, Below: -10, Stay: true})
	if !ok {
		u.Failf("the shard does not take it")
	}
	if u.ends == decided {
		u.Until(func() bool { return isClosed(applied) })
	}
	u.kept = true
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (u *shardUsers) hasEnded() bool { return isClosed(u.shard.Done()) }

// stop ends the shard.
func (u *shardUsers) stop() {
	if u.ends == decided {
		u.Until(func() bool { return u.outcomes >= len(u.submissions) && (u.kept || !u.locks) })
	}
	if u.ordered {
		u.stopBegan = u.Event()
	}
	if u.ends == aborts {
		u.shard.Abort()
	} else {
		u.shard.Close()
	}
	u.stopReturned, u.stopReturnedAt = u.Happened(), u.Time()
}

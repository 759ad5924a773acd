package shard

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Closing the windows whose time has come before they are decided changes nothing but
// where later operations go: into the next windows.
func TestCloseFired(t *testing.T) {
	decisions := func(closeFired, withdrawable, retries, policies bool) (all []Decision) {
		rng := rand.New(rand.NewPCG(3, 4))
		config := CoreConfig{Rules: []Rules{{Policy: LastWins}, {Policy: EarliestDeadline}}}
		if !policies {
			config.Rules = nil
		}
		core := NewCore(config)
		sequence := uint64(0)
		stage := func(n int) {
			for range n {
				k := rng.Uint64N(900)
				rules := uint8(int(k) % (1 + len(config.Rules)))
				op := Op{Target: target(k), At: unstamped, Terms: NewTerms(1, rules), Hash: tableHashes["spread"](k) &^ hashFlags, Priority: int32(rng.IntN(5)), Tag: sequence}
				switch kind := rng.IntN(4); {
				case kind == 0:
					op.Ticket = &Ticket{Withdrawable: withdrawable, To: ignoring{}, Extra: &Extra{Deadline: 1 + rng.Int64N(9)}}
				case kind == 1 && retries:
					op.Ticket = &Ticket{To: ignoring{}, Extra: &Extra{Retry: Retry{Limit: 1}}}
				}
				require.True(t, op.Begin())
				if op.Ticket != nil && rng.IntN(3) == 0 {
					op.Ticket.Withdraw()
				}
				core.Stage(&op, sequence, core.now)
				sequence++
			}
		}
		for range 3 {
			stage(3000)
			core.Advance(core.now + int64(Tick))
			if closeFired {
				require.Equal(t, !retries, core.CloseFired())
				require.Equal(t, !retries, core.CloseFired(), "again")
				require.True(t, retries || core.Open() == 0)
			}
			for batch := core.Decide(); len(batch) > 0; batch = core.Decide() {
				for i := range batch {
					d := batch[i]
					d.members, d.Winner.Ticket = members{}, nil
					all = append(all, d)
				}
				core.Release()
			}
		}
		for core.Staged() > 0 { // those that try again
			core.Advance(core.now + int64(Tick))
			for batch := core.Decide(); len(batch) > 0; batch = core.Decide() {
				core.Release()
			}
		}
		return all
	}
	for _, withdrawable := range []bool{false, true} {
		for _, retries := range []bool{false, true} {
			for _, policies := range []bool{false, true} {
				plain := decisions(false, withdrawable, retries, policies)
				require.Equal(t, plain, decisions(true, withdrawable, retries, policies))
				require.Greater(t, len(plain), 2*batchSize)
			}
		}
	}

	core := NewCore(CoreConfig{})
	op := Op{Target: target(1), At: unstamped, Terms: NewTerms(1, 0)}
	core.Stage(&op, 1, 0)
	core.Advance(int64(Tick))
	require.True(t, core.CloseFired())
	core.Stage(&op, 2, core.now)
	first := core.Decide()
	require.Len(t, first, 1)
	require.Equal(t, 1, first[0].Contenders)
	core.Release()
	require.Equal(t, 1, core.Staged())
}

type ignoring struct{}

func (ignoring) Decided(*Verdict) {}

// Where something may become of an operation before its window's time, or after it, or the
// user's code is asked, nothing is closed in advance.
func TestCloseFiredOnlyWithoutRules(t *testing.T) {
	for name, c := range map[string]struct {
		config CoreConfig
		op     Op
		lock   bool
	}{
		"size":      {config: CoreConfig{Rules: []Rules{{Size: 9}}}, op: Op{Terms: NewTerms(1, 1)}},
		"exclusive": {config: CoreConfig{Rules: []Rules{{Exclusive: true}}}, op: Op{Terms: NewTerms(1, 1)}},
		"order":     {config: CoreConfig{Rules: []Rules{{Order: func(a, b Standing) bool { return false }}}}, op: Op{Terms: NewTerms(1, 1)}},
		"limit":     {config: CoreConfig{Limit: 9}, op: Op{Terms: NewTerms(1, 0)}},
		"fold":      {op: Op{Terms: NewTerms(1, 0), Ticket: &Ticket{Extra: &Extra{Fold: &Fold{}}}}},
		"retry":     {op: Op{Terms: NewTerms(1, 0), Ticket: &Ticket{Extra: &Extra{Retry: Retry{Limit: 1}}}}},
		"lock":      {op: Op{Terms: NewTerms(1, 0)}, lock: true},
	} {
		core := NewCore(c.config)
		if c.lock {
			core.Lock(Lock{ID: 1, Target: target(7), Expires: 1 << 60})
		}
		op := c.op
		op.At = unstamped
		require.True(t, op.Begin(), name)
		core.Stage(&op, 1, 0)
		core.Advance(int64(Tick))
		require.False(t, core.CloseFired(), name)
		require.Equal(t, 1, core.Open(), name)
	}
}

// submitting stages another operation when it is told.
type submitting struct {
	Ticket
	t     *testing.T
	shard *Shard
	group int         // contenders that it ought to have
	next  *submitting // staged when this one is told; nil for none
	begun int64       // the time when it was staged
	told  int
}

func (s *submitting) stage(n uint64) {
	s.To = s
	s.begun = s.shard.config.Now()
	s.shard.mustStage(s.t, n, &s.Ticket)
}

func (s *Shard) mustStage(t *testing.T, n uint64, ticket *Ticket) {
	_, err := s.Stage(&Op{Target: target(n), Hash: tableHashes["spread"](n), Terms: NewTerms(onwardWindow, 0), Ticket: ticket})
	require.NoError(t, err)
}

func (s *submitting) Decided(v *Verdict) {
	s.told++
	require.GreaterOrEqual(s.t, v.Opened, s.begun, "dated before it was submitted")
	require.Equal(s.t, s.group, v.Contenders, "in a window that was closed")
	if s.next != nil { // for a target whose own contenders are not told yet, or were long ago
		n := v.Op.Sequence / largeGroups
		s.next.stage((n+onwardGroups/2-onwardFrom)%onwardGroups + onwardFrom)
	}
}

const (
	onwardFrom   = longTelling / largeGroups // groups that are told before it takes long
	onwardGroups = 3000                      // and after that
	onwardWindow = time.Hour                 // so that all are still open when the last one is
)

// While thousands of contenders are told, others get in, though the ring is much
// smaller; into the next windows, and dated when they came. It is the same when a journal
// is written, which says so.
func TestSubmissionsGoOnWhileOthersAreTold(t *testing.T) {
	for _, written := range []bool{false, true} {
		now := int64(0)
		config := Config{RingSize: 1024, Now: func() int64 { now++; return now }}
		var journal []byte
		largest := 0
		if written {
			config.Journal = func(block []byte) ([]byte, bool) {
				largest = max(largest, len(block))
				journal = append(journal, block...)
				return block, true
			}
		}
		s := New(config)
		tellingWhileOthersCome(t, s, &now)
		if !written {
			continue
		}
		require.Less(t, largest, 2*blockSize, "a block grows while others are told")
		p := NewPlayer(0, nil)
		require.NoError(t, p.Play(journal))
		require.EqualValues(t, onwardFrom+2*onwardGroups, p.Decisions)
		require.EqualValues(t, (onwardFrom+onwardGroups)*largeGroups+onwardGroups, p.Operations)
	}
}

func tellingWhileOthersCome(t *testing.T, s *Shard, now *int64) {
	var first, second [onwardFrom + onwardGroups]submitting
	for i := range first {
		first[i] = submitting{t: t, shard: s, group: largeGroups}
		if i >= onwardFrom {
			second[i] = submitting{t: t, shard: s, group: 1}
			first[i].next = &second[i]
		}
		first[i].stage(uint64(i))
		for range largeGroups - 1 {
			s.mustStage(t, uint64(i), nil)
		}
		if i%100 == 99 {
			s.look()
		}
	}
	s.look()
	require.Zero(t, first[0].told)
	for range 3 {
		*now += int64(onwardWindow + Tick)
		s.look()
	}
	for i := range first {
		require.Equal(t, 1, first[i].told, i)
		if i >= onwardFrom {
			require.Equal(t, 1, second[i].told, i)
		}
	}
	require.Zero(t, s.owner.core.Staged())
}

// Who tries again enters a window whose time has come while others are decided, so
// nothing is closed in advance while somebody waits to.
func TestNothingIsClosedInAdvanceOfWhoTriesAgain(t *testing.T) {
	core := NewCore(CoreConfig{})
	for n := range uint64(2) {
		op := Op{Target: target(1), At: unstamped, Terms: NewTerms(1, 0), Priority: int32(n)}
		op.Ticket = &Ticket{To: ignoring{}, Extra: &Extra{Retry: Retry{Limit: 1, Backoff: time.Hour}}}
		require.True(t, op.Begin())
		core.Stage(&op, n, 0)
	}
	core.Advance(int64(Tick))
	require.False(t, core.CloseFired(), "whoever loses may try again")
	require.Len(t, core.Decide(), 1)
	core.Release()
	require.Equal(t, 1, core.Staged(), "the loser does")
	require.False(t, core.CloseFired(), "it waits for its time")
}

// It matters for as long as a window is open that got such an operation, also if it got
// it back; and not to windows that close later.
func TestWindowsAreClosedInAdvanceOfLaterRetries(t *testing.T) {
	core := NewCore(CoreConfig{})
	tickets := make([]Ticket, 0, 8)
	stage := func(n uint64, window int64, extra *Extra, priority int32) {
		tickets = append(tickets, Ticket{Withdrawable: true, To: ignoring{}, Extra: extra})
		op := Op{
			Target: target(n), Hash: tableHashes["spread"](n), At: unstamped, Terms: NewTerms(time.Duration(window), 0),
			Priority: priority, Ticket: &tickets[len(tickets)-1],
		}
		require.True(t, op.Begin())
		core.Stage(&op, uint64(len(tickets)), core.now)
	}
	decide := func() (decided int) {
		for batch := core.Decide(); len(batch) > 0; batch = core.Decide() {
			decided += len(batch)
			core.Release()
		}
		return decided
	}
	tick := int64(Tick)
	stage(1, tick, nil, 0)
	stage(2, 2*tick, &Extra{Retry: Retry{Limit: 1}}, 0)
	stage(2, 2*tick, nil, 1)
	core.Advance(tick)
	require.False(t, core.CloseFired(), "windows of different lengths are not told apart")
	require.Equal(t, 1, decide())
	stage(3, 2*tick, nil, 0)
	core.Advance(2 * tick)
	require.False(t, core.CloseFired(), "one of these may try again")
	require.Equal(t, 1, decide(), "and does: in a window until 4 ticks")
	core.Advance(3 * tick)
	require.False(t, core.CloseFired())
	require.Equal(t, 1, decide())
	stage(4, 2*tick, nil, 0)
	core.Advance(4 * tick)
	require.False(t, core.CloseFired(), "it does not any more, but that is not looked up")
	require.Equal(t, 1, decide())
	core.Advance(5 * tick)
	require.True(t, core.CloseFired())
	require.Equal(t, 1, decide())
	require.Zero(t, core.Staged())
}

// What goes on is counted, and bounded, as it goes on; and what lies in the inbox is
// known before whatever was submitted after it.
func TestOnwardIsCountedAndWaitsForMail(t *testing.T) {
	for _, mail := range []bool{false, true} {
		now := int64(0)
		s := New(Config{RingSize: 64, Limit: 1 << 20, Now: func() int64 { now++; return now }})
		s.owner.onward = onward{told: longTelling, groups: 1}
		for n := range uint64(32) {
			s.mustStage(t, n, nil)
		}
		if mail {
			s.Lock(Lock{ID: 1, Target: target(1), Expires: 1 << 60})
		}
		s.goOn()
		if mail {
			require.Zero(t, s.owner.core.Staged())
			continue
		}
		require.Equal(t, 32, s.owner.core.Staged())
		require.EqualValues(t, 32, s.tally.staged.Load())
	}
}

// A batch, too, leaves the room to those who wait for it.
func TestBatchLeavesRoomToThoseWhoWait(t *testing.T) {
	s := New(Config{RingSize: 8, Now: func() int64 { return 0 }})
	for range 3 {
		s.room.Enter()
	}
	batch := make([]Op, 8)
	for i := range batch {
		batch[i] = Op{Target: target(1), Terms: NewTerms(1, 0)}
	}
	_, n, err := s.StageAll(batch)
	require.NoError(t, err)
	require.Equal(t, 5, n)
	s.Close()
	_, _, err = s.StageAll(batch)
	require.ErrorIs(t, err, ErrClosed)
	_, err = s.Stage(&batch[0])
	require.ErrorIs(t, err, ErrClosed)
}

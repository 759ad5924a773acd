package shard

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// audience is a large group of a shard whose ring is small: all of it call a function when
// they are told.
type audience struct {
	t       *testing.T
	shard   *Shard
	now     int64
	members []Ticket
	told    int // of them
}

// newAudience stages a group without rules.
func newAudience(t *testing.T, size int, config Config, told func(*Verdict)) *audience {
	return newAudienceOf(t, size, false, config, told)
}

func newAudienceOf(t *testing.T, size int, withdrawable bool, config Config, told func(*Verdict)) *audience {
	a := &audience{t: t, members: make([]Ticket, size)}
	config.RingSize, config.Now = 1024, func() int64 { a.now++; return a.now }
	a.shard = New(config)
	for i := range a.members {
		a.members[i].Withdrawable = withdrawable
		a.members[i].To = contender(func(v *Verdict) {
			require.Equal(t, size, v.Contenders)
			a.told++
			told(v)
		})
		a.shard.mustStage(t, audienceTarget, &a.members[i])
		if i%512 == 511 {
			a.shard.look()
		}
	}
	a.shard.look()
	require.Zero(t, a.told)
	return a
}

const audienceTarget = 1

// stage stages an operation among those that are told.
func (a *audience) stage(n uint64, terms Terms, priority int32, told func(*Verdict)) {
	op := Op{Target: target(n), Hash: tableHashes["spread"](n), Terms: terms, Priority: priority, Ticket: &Ticket{To: contender(told)}}
	_, err := a.shard.Stage(&op)
	require.NoError(a.t, err)
}

// close closes all windows and all those that are opened meanwhile.
func (a *audience) close() {
	for range 3 {
		a.now += int64(onwardWindow + Tick)
		a.shard.look()
	}
	require.Equal(a.t, len(a.members), a.told)
	require.Zero(a.t, a.shard.owner.core.Staged())
}

// Submissions go on, too, while one large group is told, though the ring holds few of
// them: into the next windows, and dated when they came. Everybody is told once, in order,
// also behind one that panics.
func TestSubmissionsGoOnInTheMidstOfAGroup(t *testing.T) {
	for _, withdrawable := range []bool{false, true} {
		for _, config := range []Config{{}, {Rules: []Rules{{Policy: FirstWins}}}} {
			testSubmissionsGoOnInTheMidstOfAGroup(t, withdrawable, config)
		}
	}
}

func testSubmissionsGoOnInTheMidstOfAGroup(t *testing.T, withdrawable bool, config Config) {
	const size, each, panics = 4 * longTelling, 24, 10_007
	var a *audience
	last, late, own := uint64(0), 0, 0
	terms := NewTerms(onwardWindow, uint8(len(config.Rules)))
	a = newAudienceOf(t, size, withdrawable, config, func(v *Verdict) {
		require.True(t, a.told == 1 || v.Op.Sequence > last, "in the order of submission")
		last = v.Op.Sequence
		switch begun := a.now; {
		case a.told%(2*each) == 0: // for the same target
			a.stage(audienceTarget, terms, 0, func(v *Verdict) {
				late++
				require.Equal(t, size/(2*each), v.Contenders, "in a window that was closed")
			})
		case a.told%each == 0: // for one of its own
			a.stage(uint64(2+a.told), terms, 0, func(v *Verdict) {
				own++
				require.GreaterOrEqual(t, v.Opened, begun, "dated before it was submitted")
			})
		}
		if a.told%panics == 0 {
			panic("a contender's")
		}
	})
	a.close()
	require.EqualValues(t, size/panics, a.shard.tally.incidents.Load())
	require.Equal(t, size/(2*each), late)
	require.Equal(t, size/each, late+own)
}

// So they do if the goroutine ends and another one goes on.
func TestSubmissionsGoOnBehindOneThatEndsTheGoroutine(t *testing.T) {
	const each = 24
	var a *audience
	own := 0
	a = newAudience(t, 4*longTelling, Config{}, func(*Verdict) {
		if a.told%each == 0 {
			a.stage(uint64(2+a.told), NewTerms(onwardWindow, 0), 0, func(*Verdict) { own++ })
		}
		if a.told == longLook+each/2 {
			runtime.Goexit()
		}
	})
	ended := make(chan struct{})
	a.now += int64(onwardWindow + Tick)
	go func() {
		defer close(ended)
		a.shard.look()
	}()
	<-ended
	require.Equal(t, longLook+each/2, a.told)
	a.shard.deliver() // as the next owner does
	a.close()
	require.Equal(t, len(a.members)/each, own)
}

// Where there are rules, nobody is let in while a batch is not released, which would take
// what they dismiss at once with it: those who lost early, or who are to make way.
func TestRulesLetNobodyInInTheMidst(t *testing.T) {
	t.Run("early", func(t *testing.T) {
		const late = min(600, longTelling)
		var a *audience
		lost := 0
		a = newAudience(t, 2*longTelling, Config{Rules: []Rules{{Early: true}}}, func(*Verdict) {
			if a.told <= late {
				a.stage(2, NewTerms(time.Millisecond, 1), 0, func(*Verdict) { lost++ })
			}
		})
		a.close()
		require.Equal(t, late, lost)
	})
	t.Run("preempt", func(t *testing.T) {
		preempted := 0
		rules := []Rules{{Exclusive: true, Preempt: true, Decisive: 5}}
		hook := func(all []Preemption) { preempted += len(all) }
		var a *audience
		a = newAudience(t, 2*longTelling, Config{Rules: rules, Preempted: hook}, func(*Verdict) {
			if a.told < 600 {
				a.stage(2, NewTerms(onwardWindow, 1), 9, func(*Verdict) {})
			}
		})
		a.stage(2, NewTerms(time.Millisecond, 1), 0, func(*Verdict) {})
		a.shard.look()
		a.now += int64(2 * time.Millisecond)
		a.shard.look()
		require.Len(t, a.shard.owner.core.Holds(), 1)
		a.now += int64(onwardWindow + Tick)
		a.shard.look()
		a.now += int64(onwardWindow + Tick)
		a.shard.look()
		require.Equal(t, len(a.members), a.told)
		require.Equal(t, 1, preempted)
	})
}

// What is dismissed is told in parts, too: all of a target that is cleared, for instance.
func TestDismissedAreToldInParts(t *testing.T) {
	const size = 3 * longLook
	s := New(Config{RingSize: size, Now: func() int64 { return 0 }})
	told := 0
	for range size {
		s.mustStage(t, 1, &Ticket{To: contender(func(*Verdict) { told++ })})
	}
	s.look()
	core := s.owner.core
	cleared := target(1)
	require.Equal(t, size, core.Clear(&cleared, tableHashes["spread"](1)))
	require.True(t, s.decide())
	for part := 1; part < size/longLook; part++ {
		require.False(t, s.tell())
		require.Equal(t, part*longLook, told)
	}
	require.True(t, s.tell())
	require.Equal(t, size, told)
	require.Equal(t, size, s.owner.onward.told)
}

// A part may end between those who are dismissed and the groups of a batch, of which some
// are not listened to: nobody is left out, or told twice.
func TestPartEndsBetweenDismissedAndBatch(t *testing.T) {
	s := New(Config{RingSize: longLook + 3, Now: func() int64 { return 0 }})
	var told []uint64
	stage := func(n uint64, count int) {
		for range count {
			s.mustStage(t, n, &Ticket{To: contender(func(*Verdict) { told = append(told, n) })})
		}
	}
	stage(1, longLook)
	stage(2, 1)
	s.mustStage(t, 3, nil)
	stage(4, 1)
	s.look()
	core := s.owner.core
	cleared := target(1)
	require.Equal(t, longLook, core.Clear(&cleared, tableHashes["spread"](1)))
	core.Advance(int64(onwardWindow + Tick))
	require.True(t, s.decide())
	require.False(t, s.tell())
	require.Len(t, told, longLook)
	require.True(t, s.tell())
	require.Equal(t, []uint64{1, 2, 4}, told[longLook-1:])
}

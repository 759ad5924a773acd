package shard

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Of a refused batch, what was withdrawn in the meantime is done with; the rest
// can be tried again, in order.
func TestCancelAllKeepsTheOrder(t *testing.T) {
	ops := make([]Op, 7)
	for i := range ops {
		ops[i] = Op{Tag: uint64(i), Ticket: &Ticket{Withdrawable: i != 3}}
		require.True(t, ops[i].Begin())
	}
	for _, i := range []int{1, 2, 6} {
		require.True(t, ops[i].Ticket.Withdraw())
	}
	require.Equal(t, 3, cancelAll(ops))
	for n, i := range []uint64{1, 2, 6} {
		require.Equal(t, i, ops[n].Tag, "done with")
	}
	var left []uint64
	for _, op := range ops[3:] {
		left = append(left, op.Tag)
		assert.True(t, op.Begin(), "free to be staged again")
	}
	assert.Equal(t, []uint64{0, 3, 4, 5}, left)
}

// listener is a contender that passes its outcome on.
type listener struct {
	Ticket
	told func(*Verdict)
}

func (l *listener) Decided(v *Verdict) { l.told(v) }

// inBubble runs a shard under virtual time.
func inBubble(t *testing.T, ringSize int, f func(s *Shard, now func() int64)) {
	synctest.Test(t, func(t *testing.T) {
		epoch := time.Now()
		now := func() int64 { return int64(time.Since(epoch)) }
		s := New(Config{RingSize: ringSize, Now: now})
		go s.Run()
		f(s, now)
		s.Close()
		<-s.Done()
	})
}

// The owner's side of the wake-up protocol: whatever the pause before it, an
// operation is decided within a tick of its due time, and an idle owner does
// not sleep with a timer. A lost wake-up is a deadlock, which the bubble
// reports, or a late verdict.
func TestOwnerWakesInTime(t *testing.T) {
	for _, windows := range [][]time.Duration{
		{100 * time.Millisecond},
		{time.Hour, time.Millisecond},
		{time.Millisecond, time.Hour, 1, 50 * time.Millisecond},
	} {
		t.Run(fmt.Sprint(windows), func(t *testing.T) {
			inBubble(t, 64, func(s *Shard, now func() int64) {
				var told sync.WaitGroup
				for i := range 200 {
					window := windows[i%len(windows)]
					due := now() + int64(window)
					told.Add(1)
					l := &listener{told: func(v *Verdict) {
						assert.GreaterOrEqual(t, v.Closed, due, "early")
						assert.LessOrEqual(t, v.Closed, due+int64(Tick), "late")
						told.Done()
					}}
					l.To = l
					_, err := s.Stage(&Op{Target: target(uint64(i)), Ticket: &l.Ticket, Terms: NewTerms(window, 0), Hash: uint32(i) << 1})
					require.NoError(t, err)
					time.Sleep(time.Duration(i%7) * 3 * time.Millisecond) // virtual
				}
				told.Wait()
				synctest.Wait()
				sleeps := s.Stats().Sleeps
				time.Sleep(24 * time.Hour)
				assert.Equal(t, sleeps, s.Stats().Sleeps, "nothing staged, nothing wakes")
			})
		})
	}
}

// Far more producers than slots: all are admitted, and each verdict arrives.
func TestParkedProducersAreAllAdmitted(t *testing.T) {
	for _, size := range []int{1, 2, 8} {
		inBubble(t, size, func(s *Shard, _ func() int64) {
			var all sync.WaitGroup
			for i := range 1000 {
				all.Add(2)
				go func() {
					defer all.Done()
					l := &listener{told: func(*Verdict) { all.Done() }}
					l.To = l
					op := &Op{Target: target(uint64(i % 10)), Ticket: &l.Ticket, Terms: NewTerms(time.Hour, 0), Hash: uint32(i%10) << 1}
					_, err := s.StageWait(op, context.Background().Done())
					assert.NoError(t, err)
				}()
			}
			all.Wait()
		})
	}
}

// A producer that entered the room just after the owner looked into it is
// admitted at the next look, however far the next deadline is.
func TestLateWaiterIsAdmittedAtTheNextLook(t *testing.T) {
	inBubble(t, 1, func(s *Shard, now func() int64) {
		_, err := s.Stage(&Op{Target: target(1), Terms: NewTerms(time.Hour, 0)})
		require.NoError(t, err)
		synctest.Wait() // the owner sleeps until the hour is over
		s.room.Enter()
		s.bell.Ring()
		synctest.Wait() // it has looked, and nobody was at the door
		before := now()
		s.room.Wait(nil, nil)
		s.room.Leave()
		assert.LessOrEqual(t, now()-before, lookEvery)
	})
}

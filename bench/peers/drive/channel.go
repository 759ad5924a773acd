package drive

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"example.com/contend/bench"
	"example.com/contend/bench/peers"
	"example.com/contend/engine"
)

// mailboxes are the memory of a producer whose operations have a channel each, which
// a second goroutine reads in the order of submission. Channels are made once and
// used again.
type mailboxes struct {
	ops      []peers.Op
	channels []chan peers.Verdict
	sent     atomic.Int64 // publishes submissions to the reader, a burst at a time
	read     atomic.Int64 // publishes memory that is free again to the producer
	ended    atomic.Bool
	won      int64
}

// mostBoxes bounds what is in flight: a window at four million operations per second.
const mostBoxes = 400_000

// mailbox passes verdicts to a channel.
type mailbox chan peers.Verdict

func (m mailbox) Hear(_ *peers.Op, v peers.Verdict) { m <- v }

func newMailboxes() *mailboxes {
	m := &mailboxes{ops: make([]peers.Op, mostBoxes), channels: make([]chan peers.Verdict, mostBoxes)}
	for i := range m.ops {
		m.channels[i] = make(chan peers.Verdict, 1)
		m.ops[i].Listen(mailbox(m.channels[i]))
	}
	return m
}

// measureChannel tells every operation through a channel of its own.
func measureChannel(s Spec) (*Result, error) {
	w, err := s.workload()
	if err != nil {
		return nil, err
	}
	w.Producers = 1
	entry, err := find(s.By)
	if err != nil {
		return nil, err
	}
	c := entry.New(peers.Config{Window: w.Window, Shards: s.Shards})
	m, stream := newMailboxes(), w.Stream(0)
	runtime.GC()
	meter := startMeter()
	var reading sync.WaitGroup
	reading.Go(m.collect)
	for start := time.Now(); m.sent.Load() == 0 || time.Since(start) < w.Duration; {
		m.submit(c, stream)
	}
	m.ended.Store(true)
	c.Close()
	reading.Wait()
	result := &Result{Operations: m.sent.Load()}
	meter.stop(result, 0, s.Window)
	if m.read.Load() != m.sent.Load() || m.won == 0 {
		result.fault("%d were submitted, %d read, %d have won", m.sent.Load(), m.read.Load(), m.won)
	}
	return result, nil
}

// submit submits a burst, or waits a little if the boxes are all in use.
func (m *mailboxes) submit(c peers.Contestant, stream *bench.Stream) {
	sent := m.sent.Load()
	if sent+flatOutBurst > m.read.Load()+mostBoxes {
		time.Sleep(100 * time.Microsecond)
		return
	}
	for range flatOutBurst {
		target, priority, _ := stream.Next()
		c.Submit(target, priority, &m.ops[sent%mostBoxes])
		sent++
	}
	m.sent.Store(sent)
}

// collect reads all channels in turn.
func (m *mailboxes) collect() {
	for read := int64(0); ; {
		ended := m.ended.Load()
		sent := m.sent.Load()
		for ; read < sent; read++ {
			if v := <-m.channels[read%mostBoxes]; v.Won {
				m.won++
			}
			if read%flatOutBurst == 0 {
				m.read.Store(read)
			}
		}
		m.read.Store(read)
		if ended {
			return
		}
		time.Sleep(100 * time.Microsecond)
	}
}

// measureHandles is contend's own way to be told through a channel: Submit, which
// also executes the winner, on a goroutine of its own, and says why one has lost.
func measureHandles(s Spec) (*Result, error) {
	w, err := s.workload()
	if err != nil {
		return nil, err
	}
	w.Producers = 1
	e := peers.NewEngine(peers.Config{Window: w.Window, Shards: s.Shards}, nil)
	handles := make(chan *engine.Handle[struct{}], mostBoxes)
	runtime.GC()
	result, meter, stream := &Result{}, startMeter(), w.Stream(0)
	won := int64(0)
	var reading sync.WaitGroup
	reading.Go(func() {
		for h := range handles {
			if _, err := h.Wait(context.Background()); err == nil {
				won++
			}
		}
	})
	for start := time.Now(); result.Operations == 0 || time.Since(start) < w.Duration; {
		for range flatOutBurst {
			target, priority, _ := stream.Next()
			h, err := engine.Submit(context.Background(), e, engine.Op{Target: target, Priority: engine.Priority(priority)}, nothing)
			if err != nil {
				return nil, err
			}
			handles <- h
		}
		result.Operations += flatOutBurst
	}
	close(handles)
	reading.Wait()
	e.Stop(context.Background())
	meter.stop(result, 0, s.Window)
	if won == 0 {
		result.fault("nobody has won")
	}
	return result, nil
}

package shard

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// withShard runs a shard of that configuration under virtual time, and lets it
// end. What its operations are told is collected in a crowd.
func withShard(t *testing.T, config Config, f func(s *Shard, c *crowd)) {
	withIdleShard(t, config, func(s *Shard, c *crowd) {
		go s.Run()
		f(s, c)
	})
}

// withIdleShard is withShard with a shard that f starts.
func withIdleShard(t *testing.T, config Config, f func(s *Shard, c *crowd)) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		config.Now = c.now
		if config.RingSize == 0 {
			config.RingSize = 1024
		}
		s := New(config)
		defer s.Abort() // if f fails; the bubble waits for its end
		f(s, c)
		s.Close()
		<-s.Done()
		assert.Zero(t, s.Stats().Staged)
	})
}

// crowd stages operations by name and collects what each is told.
type crowd struct {
	t     *testing.T
	epoch time.Time

	mu   sync.Mutex
	told map[string]Verdict // by name
	when map[string]int64
}

func newCrowd(t *testing.T) *crowd {
	return &crowd{t: t, epoch: time.Now(), told: map[string]Verdict{}, when: map[string]int64{}}
}

func (c *crowd) now() int64 { return int64(time.Since(c.epoch)) }

// stage stages an operation on the nth target, with whatever ticket it has.
func (c *crowd) stage(s *Shard, name string, n uint64, op Op) *Ticket {
	c.t.Helper()
	op = c.op(name, n, op)
	_, err := s.Stage(&op)
	require.NoError(c.t, err)
	return op.Ticket
}

// op makes an operation that the crowd is told of.
func (c *crowd) op(name string, n uint64, op Op) Op {
	if op.Ticket == nil {
		op.Ticket = &Ticket{}
	}
	op.Target, op.Hash = target(n), uint32(n)<<1
	op.Ticket.Name, op.Ticket.To = name, member{c, name, op.Ticket.To}
	return op
}

// member is an operation of a crowd.
type member struct {
	*crowd
	name string
	then Contender // is told afterwards, if there is one
}

func (m member) Decided(v *Verdict) {
	m.mu.Lock()
	if _, twice := m.told[m.name]; twice {
		assert.Fail(m.t, "told twice", m.name)
	}
	m.told[m.name], m.when[m.name] = v.Kept(), m.now()
	m.mu.Unlock()
	if m.then != nil {
		m.then.Decided(v)
	}
}

// contender is a function as a Contender.
type contender func(*Verdict)

func (f contender) Decided(v *Verdict) { f(v) }

// verdict returns what an operation was told, which must have happened.
func (c *crowd) verdict(name string) Verdict {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	v, told := c.told[name]
	require.True(c.t, told, "%s was told nothing", name)
	return v
}

func (c *crowd) outcome(name string) Outcome { return c.verdict(name).Outcome }

// toldAt returns when an operation was told.
func (c *crowd) toldAt(name string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.when[name]
}

// silent reports whether an operation has been told nothing.
func (c *crowd) silent(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, told := c.told[name]
	return !told
}

func (c *crowd) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.told)
}

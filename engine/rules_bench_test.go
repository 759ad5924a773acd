package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/contend/engine"
)

// signal tells when its verdict came.
type signal struct {
	engine.Ticket
	told chan struct{}
}

func (s *signal) Decided(*engine.Verdict) { s.told <- struct{}{} }

// BenchmarkEarlyVerdict is how long a beaten operation waits for its verdict in
// a window of a minute, from its submission, in a shard that is idle: the
// wake-ups of the shard's and of the caller's thread.
func BenchmarkEarlyVerdict(b *testing.B) {
	e, err := engine.New(engine.Config{Window: time.Minute, Shards: 1, Rules: engine.Rules{Early: true}})
	require.NoError(b, err)
	defer func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = e.Stop(ctx)
	}()
	target := uuid.New()
	leader := &signal{told: make(chan struct{}, 1)}
	leader.To = leader
	_, err = e.Stage(&engine.Bid{Target: target, Priority: engine.High, Ticket: &leader.Ticket})
	require.NoError(b, err)
	loser := &signal{told: make(chan struct{}, 1)}
	loser.To = loser
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Stage(&engine.Bid{Target: target, Priority: engine.Low, Ticket: &loser.Ticket}); err != nil {
			b.Fatal(err)
		}
		<-loser.told
	}
}

// BenchmarkLone is a call of Do that nobody contends with, by what closes its
// window of 100 ms.
func BenchmarkLone(b *testing.B) {
	for _, c := range []struct {
		name     string
		rules    engine.Rules
		priority engine.Priority
	}{
		{"window", engine.Rules{}, engine.Normal},
		{"idle=5ms", engine.Rules{Idle: 5 * time.Millisecond}, engine.Normal},
		{"decisive", engine.Rules{Decisive: engine.Critical}, engine.Critical},
		{"size=1", engine.Rules{Size: 1}, engine.Normal},
	} {
		b.Run(c.name, func(b *testing.B) {
			e, err := engine.New(engine.Config{Shards: 1, Rules: c.rules, Registry: engine.Discard})
			require.NoError(b, err)
			defer func() { _ = e.Stop(context.Background()) }()
			op := engine.Op{Target: uuid.New(), Priority: c.priority}
			for b.Loop() {
				_, err := engine.Do(context.Background(), e, op, func(context.Context) (int, error) { return 0, nil })
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package live_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"example.com/contend/engine/live"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func inBubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// pass lets virtual time pass until everything that happens by then is done.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

var target = uuid.MustParse("00000000-0000-0000-0000-000000000007")

// contend lets operations of these names contend for a target, the first one with
// the highest priority, and waits for none.
func contend(t *testing.T, e *engine.Engine, names ...string) {
	t.Helper()
	for i, name := range names {
		_, err := engine.Submit(background, e, engine.Op{Target: target, Name: name, Priority: engine.Priority(10 - i)},
			func(context.Context) (int, error) { return 0, nil })
		require.NoError(t, err)
	}
}

// update is what the page is told, as it reads it.
type update struct {
	Name   string
	Health struct {
		State   string
		Reasons []string
	}
	Staged     int
	Rates      *struct{ Staged, Decided, Conflicts, Rejected float64 }
	Totals     struct{ Staged, Decided, Conflicts uint64 }
	Lateness   *struct{ Count uint64 }
	Contenders float64
	Shards     []struct{ Shard, Staged int }
	Hot        []struct {
		Target     uuid.UUID
		Operations uint64
	}
	Conflicts []struct {
		Target uuid.UUID
		Winner struct {
			Name     string
			Priority int
		}
		Losers []struct {
			Name     string
			Priority int
		}
		More int
	}
	Partial bool
}

// updates parses a stream, which must be nothing but well-formed events.
func updates(t *testing.T, stream string) (all []update) {
	t.Helper()
	require.True(t, strings.HasSuffix(stream, "\n\n"))
	for event := range strings.SplitSeq(strings.TrimSuffix(stream, "\n\n"), "\n\n") {
		data, ok := strings.CutPrefix(event, "data: ")
		require.True(t, ok, event)
		require.NotContains(t, data, "\n")
		require.NotContains(t, data, "\r")
		require.NotContains(t, data, "<", "not even in JSON")
		var u update
		require.NoError(t, json.Unmarshal([]byte(data), &u), data)
		all = append(all, u)
	}
	return all
}

// open is an open page without a network.
type open struct {
	close context.CancelFunc
	done  chan struct{}

	mu   sync.Mutex
	text bytes.Buffer
	code int
	head http.Header
}

func openPage(h http.Handler) *open {
	ctx, cancel := context.WithCancel(background)
	p := &open{close: cancel, done: make(chan struct{}), head: http.Header{}}
	go func() {
		defer close(p.done)
		h.ServeHTTP(p, httptest.NewRequest("GET", "/events", nil).WithContext(ctx))
	}()
	synctest.Wait()
	return p
}

func (p *open) Header() http.Header { return p.head }

func (p *open) WriteHeader(code int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.code = code
}

func (p *open) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *open) Flush() {}

func (p *open) updates(t *testing.T) []update {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	return updates(t, p.text.String())
}

// A page is told how things are at once, then every second: what was counted since,
// and who beat whom.
func TestUpdates(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 2, Hottest: 8})
		e.Start()
		p := openPage(live.Handler(e, live.Options{Name: "shop"}))
		defer p.close()
		require.Equal(t, "text/event-stream", p.head.Get("Content-Type"))
		require.Equal(t, "no-store", p.head.Get("Cache-Control"))
		first := p.updates(t)
		require.Len(t, first, 1)
		require.Equal(t, "shop", first[0].Name)
		require.Equal(t, "healthy", first[0].Health.State)
		require.Nil(t, first[0].Rates)
		require.Len(t, first[0].Shards, 2)

		contend(t, e, "heal", "attack", "loot", "trade", "move")
		pass(999 * time.Millisecond)
		require.Len(t, p.updates(t), 1)
		contend(t, e, "heal", "attack")
		pass(time.Millisecond)
		u := p.updates(t)[1]
		require.InDelta(t, 7, u.Rates.Staged, 0.1)
		require.InDelta(t, 5, u.Rates.Decided, 0.1)
		require.InDelta(t, 1, u.Rates.Conflicts, 0.1)
		require.EqualValues(t, 7, u.Totals.Staged)
		require.EqualValues(t, 5, u.Totals.Decided)
		require.Equal(t, 2, u.Staged)
		require.Equal(t, 2, u.Shards[0].Staged+u.Shards[1].Staged)
		require.EqualValues(t, 1, u.Lateness.Count)
		require.EqualValues(t, 5, u.Contenders)
		require.Len(t, u.Hot, 1)
		require.Equal(t, target, u.Hot[0].Target)
		require.False(t, u.Partial)
		require.Len(t, u.Conflicts, 1)
		c := u.Conflicts[0]
		require.Equal(t, target, c.Target)
		require.Equal(t, "heal", c.Winner.Name)
		require.Equal(t, 10, c.Winner.Priority)
		require.Len(t, c.Losers, 3)
		require.Equal(t, 1, c.More)

		pass(11 * time.Second)
		all := p.updates(t)
		require.Len(t, all, 13)
		require.Zero(t, all[2].Rates.Staged)
		require.InDelta(t, 2, all[2].Rates.Decided, 0.1, "since the update before")
		require.NotNil(t, all[11].Lateness)
		require.Len(t, all[2].Conflicts, 1)
		require.Empty(t, all[3].Conflicts)
		require.Nil(t, all[12].Lateness, "of the last ten updates")
		p.close()
		<-p.done
	})
}

// A page shows some of many conflicts and says so; the engine has lost nothing by that.
func TestMoreThanAPageShows(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		e.Start()
		p := openPage(live.Handler(e, live.Options{}))
		defer p.close()
		contend(t, e, make([]string, 5000)...)
		pass(time.Second)
		u := p.updates(t)[1]
		require.True(t, u.Partial)
		require.Equal(t, 4996, u.Conflicts[0].More)
		require.Zero(t, e.Stats().EventsDropped)
	})
}

// Names are whatever users give.
func TestNamesOfAnyKind(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		p := openPage(live.Handler(e, live.Options{}))
		defer p.close()
		evil := "</script><script>alert(1)</script>\n\ndata: {}\r\n\u2028"
		contend(t, e, evil, "\xff\xfe", strings.Repeat("é", 5000), "")
		pass(time.Second)
		c := p.updates(t)[1].Conflicts[0]
		require.Equal(t, evil, c.Winner.Name)
		require.Equal(t, "\uFFFD\uFFFD", c.Losers[0].Name)
		require.Regexp(t, `^operation \d/3$`, c.Losers[2].Name)
		for _, l := range c.Losers {
			require.LessOrEqual(t, len(l.Name), 200)
			require.NotContains(t, l.Name, "\xff")
		}
	})
}

// As many pages as are allowed are open, and each that ends makes room.
func TestTooManyPages(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		h := live.Handler(newEngine(t, engine.Config{}), live.Options{Pages: 2})
		a, b := openPage(h), openPage(h)
		defer a.close()
		refused := openPage(h)
		<-refused.done
		require.Equal(t, http.StatusServiceUnavailable, refused.code)
		require.Equal(t, "5", refused.head.Get("Retry-After"))
		b.close()
		<-b.done
		c := openPage(h)
		defer c.close()
		pass(time.Second)
		require.Len(t, c.updates(t), 2)
	})
}

// Whoever looks while the engine is stopped sees that, and sees it start.
func TestStopped(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		p := openPage(live.Handler(e, live.Options{}))
		defer p.close()
		e.Start()
		pass(time.Second)
		require.NoError(t, e.Stop(background))
		pass(time.Second)
		e.Start()
		contend(t, e, "a", "b")
		pass(time.Second)
		var states []string
		for _, u := range p.updates(t) {
			states = append(states, u.Health.State)
		}
		require.Equal(t, []string{"down", "healthy", "down", "healthy"}, states)
		require.Len(t, p.updates(t)[3].Conflicts, 1)
	})
}

// With no page open the engine makes no events: the goroutine that hands them on is
// there only meanwhile.
func TestNobodyLooks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		e.Start()
		h := live.Handler(e, live.Options{})
		pass(0)
		require.False(t, streaming())
		p := openPage(h)
		require.True(t, streaming())
		pass(2500 * time.Millisecond)
		require.True(t, streaming())
		p.close()
		<-p.done
		pass(0)
		require.False(t, streaming())
	})
}

func streaming() bool {
	stacks := make([]byte, 1<<20)
	return bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("engine.(*stream).run("))
}

// pipes is a network within a bubble.
type pipes struct {
	accept chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accept:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// A browser that does not take its updates is let go of, and delays no operation.
func TestSlowBrowser(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		h := live.Handler(e, live.Options{Pages: 1, Patience: 5 * time.Second})
		network := &pipes{accept: make(chan net.Conn), closed: make(chan struct{})}
		server := http.Server{Handler: h}
		served := make(chan error)
		go func() { served <- server.Serve(network) }()
		browser, conn := net.Pipe()
		network.accept <- conn
		_, err := io.WriteString(browser, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
		require.NoError(t, err)
		reader := bufio.NewReader(browser)
		answer, err := http.ReadResponse(reader, nil)
		require.NoError(t, err)
		require.Equal(t, 200, answer.StatusCode)
		_, err = bufio.NewReader(answer.Body).ReadString('\n')
		require.NoError(t, err)

		for range 4 { // and reads no more
			began := time.Now()
			contend(t, e, "a", "b")
			_, err := engine.Do(background, e, engine.Op{Target: target, Priority: 20}, func(context.Context) (int, error) { return 0, nil })
			require.NoError(t, err)
			require.Equal(t, engine.DefaultWindow, time.Since(began))
			pass(900 * time.Millisecond)
		}
		require.Equal(t, 503, get(h, "HEAD", "/events").Code, "its page is open")
		pass(5 * time.Second)
		require.Equal(t, 200, get(h, "HEAD", "/events").Code, "its page was closed")
		require.False(t, streaming())
		browser.Close()
		require.NoError(t, server.Shutdown(background))
		require.True(t, errors.Is(<-served, http.ErrServerClosed))
	})
}

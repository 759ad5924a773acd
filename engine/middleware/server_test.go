package middleware_test

import (
	"bufio"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"

	"example.com/contend/engine"
	"example.com/contend/engine/middleware"
	"github.com/stretchr/testify/require"
)

// pipes is a listener whose connections are pipes, so that a server can live in a
// bubble.
type pipes struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
}

func newPipes() *pipes { return &pipes{connections: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p.connections <- server
	return client, nil
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.connections:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

// serving starts a server, and returns a client of it.
func serving(t *testing.T, h http.Handler) (*http.Client, *pipes) {
	t.Helper()
	p := newPipes()
	server := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	var done sync.WaitGroup
	done.Go(func() { server.Serve(p) })
	transport := &http.Transport{DialContext: p.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
		done.Wait()
	})
	return &http.Client{Transport: transport}, p
}

func put(priority string) *http.Request {
	r, err := http.NewRequest("PUT", "http://service/orders/7", nil)
	if err != nil {
		panic(err)
	}
	r.Header.Set("Priority", priority)
	return r
}

// Through a real server: one request is handled, the other one told why not.
func TestServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := serving(t, middleware.Middleware(newEngine(t, engine.Config{}), toOrder7, middleware.Options{Priority: byHeader})(
			http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "changed") })))
		status, body := make([]int, 2), make([]string, 2)
		var all sync.WaitGroup
		for i, priority := range []string{"2", "8"} {
			all.Go(func() {
				response, err := client.Do(put(priority))
				if err != nil {
					t.Error(err)
					return
				}
				defer response.Body.Close()
				b, _ := io.ReadAll(response.Body)
				status[i], body[i] = response.StatusCode, string(b)
			})
		}
		all.Wait()
		require.Equal(t, []int{http.StatusConflict, http.StatusOK}, status)
		require.Contains(t, body[0], `"winner":{"name":"PUT /orders/7","priority":8}`)
		require.Equal(t, "changed", body[1])
	})
}

// http.ErrAbortHandler reaches net/http, which closes the connection without an
// answer.
func TestServerAborts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := serving(t, middleware.Middleware(newEngine(t, engine.Config{}), toOrder7, middleware.Options{})(
			http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })))
		_, err := client.Do(put("0"))
		require.ErrorIs(t, err, io.EOF)
	})
}

// A winner can take its connection over.
func TestServerHijacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p := serving(t, middleware.Middleware(newEngine(t, engine.Config{}), toOrder7, middleware.Options{})(
			http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				io.WriteString(c, "mine\n")
			})))
		c, err := p.dial(background, "", "")
		require.NoError(t, err)
		defer c.Close()
		require.NoError(t, put("0").Write(c))
		line, err := bufio.NewReader(c).ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "mine\n", line)
	})
}

// A client that closes its connection before the verdict withdraws.
func TestServerClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		_, p := serving(t, middleware.Middleware(e, toOrder7, middleware.Options{})(never(t)))
		c, err := p.dial(background, "", "")
		require.NoError(t, err)
		require.NoError(t, put("0").Write(c))
		synctest.Wait()
		require.NoError(t, c.Close())
		synctest.Wait()
		require.NoError(t, e.Stop(background))
		require.EqualValues(t, 1, e.Stats().Withdrawn)
	})
}

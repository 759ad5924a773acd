package live

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"example.com/contend/engine"
)

// page is one that is open in a browser. It belongs to the goroutine of its
// request.
type page struct {
	engine  *engine.Engine
	options *Options
	out     http.ResponseWriter
	control *http.ResponseController
	look    look
	watch   watch
}

func newPage(e *engine.Engine, o *Options, w http.ResponseWriter) *page {
	return &page{
		engine: e, options: o, out: w, control: http.NewResponseController(w),
		look:  look{engine: e, options: o},
		watch: watch{engine: e},
	}
}

// run sends updates until the context ends or the browser does not take them.
//
// Between two updates the page sleeps, and watches conflicts for all of that time,
// or the end of it if there are many.
func (p *page) run(ctx context.Context) {
	p.watch.hold()
	defer p.watch.release()
	u := p.look.now()
	for {
		watching := p.watching(u)
		if watching == p.options.Every {
			p.watch.begin() // before the browser is waited for
		}
		if p.send(u) != nil || !pause(ctx, p.options.Every-watching) {
			return
		}
		p.watch.begin()
		if !pause(ctx, watching) {
			return
		}
		events, dropped := p.watch.end()
		u = p.look.now()
		u.Conflicts = latest(events, p.options.Conflicts)
		u.Partial = dropped > 0 || watching < p.options.Every
	}
}

// leastWatching is for how long conflicts are watched at least, between two
// updates.
const leastWatching = time.Millisecond

// watching returns for how long to watch conflicts until the next update, so that
// the subscription's buffer holds them: events that nobody shows are not made.
func (p *page) watching(u *update) time.Duration {
	const room = watchBuffer / 4
	expected := float64(u.Staged) // which may all lose, for all that is known at first
	if u.Rates != nil {
		expected = u.Rates.losing() * p.options.Every.Seconds()
	}
	switch {
	case expected <= room:
		return p.options.Every
	case u.Rates == nil:
		return leastWatching
	}
	return max(leastWatching, time.Duration(float64(p.options.Every)*room/expected))
}

// send writes an update. The browser has the time of the options to take it.
func (p *page) send(u *update) error {
	data, err := json.Marshal(u) // has no line breaks
	if err != nil {
		return fmt.Errorf("live: update: %w", err) // there is nothing in it that could fail
	}
	// A writer without deadlines, as some that wrap one are, holds up this
	// goroutine alone.
	_ = p.control.SetWriteDeadline(time.Now().Add(p.options.Patience))
	if _, err := fmt.Fprintf(p.out, "data: %s\n\n", data); err != nil {
		return err
	}
	return p.control.Flush()
}

// pause sleeps. It reports false if the context ended.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

package browser

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"example.com/contend/engine"
	"example.com/contend/engine/live"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

var screenshots = flag.String("screenshots", "", "write screenshots to this folder")

// injected is a name that would do harm as markup.
const injected = `<script>window.harmed=1</script><img src=x onerror="window.harmed=2">`

// load puts an engine under load: some targets, for each some that contend for it over and
// over, until the test ends. The blocking calls set its pace.
func load(t *testing.T, e *engine.Engine, name string) {
	ctx, cancel := context.WithCancel(context.Background())
	var callers sync.WaitGroup
	t.Cleanup(func() { cancel(); callers.Wait() })
	for i := range 24 {
		target := uuid.NewSHA1(uuid.NameSpaceOID, []byte{byte(i % 12 * (i % 3))})
		op := engine.Op{Target: target, Priority: engine.Priority(i % 11), Name: name}
		if i%2 == 0 {
			op.Name = [...]string{"heal", "attack", "trade", "a name that goes on for longer than a line on a telephone does, and then some"}[i/2%4]
		}
		callers.Go(func() {
			for ctx.Err() == nil {
				_, err := engine.Do(ctx, e, op, func(context.Context) (struct{}, error) { return struct{}{}, nil })
				if errors.Is(err, engine.ErrStopped) {
					e.Start() // as the test has stopped it
				}
			}
		})
	}
}

func newEngine(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.New(engine.Config{Window: 20 * time.Millisecond, Shards: 3, Hottest: 64})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Stop(context.Background())) })
	return e
}

func serve(t *testing.T, e *engine.Engine, o live.Options) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/a/prefix/", live.Handler(e, o))
	s := httptest.NewServer(mux)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}

const page = "/a/prefix/"

func stateIs(state string) string {
	return fmt.Sprintf("document.querySelector('#connection').dataset.state === %q", state)
}

// The page loads, shows a load and goes on showing it; names are text; nothing is
// wrong; in light and dark, wide and narrow.
func TestPage(t *testing.T) {
	b := openTab(t)
	e := newEngine(t)
	load(t, e, injected)
	s := serve(t, e, live.Options{Name: "shop " + injected, Every: 200 * time.Millisecond})
	b.look("light", 1280, 900)
	b.open(s.URL + page)
	b.until(stateIs("live"))
	b.until(`document.querySelector('#latest').textContent.includes("<script>window.harmed=1</script>")`)
	b.until(`document.querySelectorAll('#hot li').length > 0 && Number(document.querySelector('#out').textContent.replace(/,/g, '')) > 0`)
	require.Contains(t, eval[string](b, `document.querySelector('#latest').innerText`), injected)
	require.Contains(t, eval[string](b, `document.title`), injected)
	require.Zero(t, eval[int](b, `document.querySelectorAll('main script, main img, header script, header img').length`))
	require.Equal(t, "undefined", eval[string](b, `typeof window.harmed`))

	was := eval[string](b, `document.querySelector('#totals dd').textContent`)
	b.until(fmt.Sprintf(`document.querySelector('#totals dd').textContent !== %q`, was))
	b.until(`document.querySelector('#in-line .stroke').getAttribute('d').split('L').length > 15`)

	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 360} {
			b.look(scheme, width, 800)
			what := fmt.Sprintf("%s-%d", scheme, width)
			if *screenshots != "" {
				b.screenshot(filepath.Join(*screenshots, what+".png"))
			}
			require.LessOrEqual(t, eval[int64](b, `document.documentElement.scrollWidth`), width, "%s: something is too wide", what)
			require.Empty(t, eval[[]string](b, clipped), "%s: what does not fit", what)
			require.Empty(t, eval[[]string](b, faint), "%s: contrast below 4.5", what)
		}
	}
	require.Empty(t, b.heard())
}

// The checks of the page would find what they look for.
func TestWouldFail(t *testing.T) {
	b := openTab(t)
	s := serve(t, newEngine(t), live.Options{})
	b.look("light", 360, 800)
	b.open(s.URL + page)
	b.until(stateIs("stopped")) // it was not started
	require.Empty(t, b.heard())
	eval[bool](b, `console.error("a control"), setTimeout(() => { throw new Error("another") }), true`)
	eval[bool](b, `setTimeout(() => { document.querySelector('main').id = 'settled' }), true`)
	eval[bool](b, `document.querySelector('main').insertAdjacentHTML('beforeend', '<img src="https://elsewhere.invalid/x.png"><p id="wide" class="card">x</p>'), true`)
	eval[bool](b, `Object.assign(document.querySelector('#wide').style, { width: '500px', color: 'rgb(200,200,200)' }), true`)
	require.Greater(t, eval[int64](b, `document.documentElement.scrollWidth`), int64(360))
	require.Equal(t, []string{"x"}, eval[[]string](b, faint))
	b.until(`document.querySelector('#settled')`)
	all := fmt.Sprint(b.heard())
	require.Contains(t, all, "a control")
	require.Contains(t, all, "another")
	require.Contains(t, all, "Content Security Policy")
}

// Whether the engine runs and whether the page is connected are seen, and it
// connects again.
func TestStates(t *testing.T) {
	b := openTab(t)
	e := newEngine(t)
	e.Start()
	s := serve(t, e, live.Options{Every: 100 * time.Millisecond})
	b.open(s.URL + page)
	b.until(stateIs("live"))
	require.NoError(t, e.Stop(context.Background()))
	b.until(stateIs("stopped"))
	b.until(`document.querySelector('#health-state').textContent === 'down'`)
	e.Start()
	b.until(stateIs("live"))

	eval[bool](b, `document.querySelector('#pause').click(), true`)
	b.until(stateIs("paused"))
	eval[bool](b, `document.querySelector('#pause').click(), true`)
	b.until(stateIs("live"))
	require.Empty(t, b.heard())

	s.CloseClientConnections()
	b.until(stateIs("lost"))
	b.until(stateIs("live"))
}

// A page too many says so, and is there when another has been closed.
func TestTooManyPages(t *testing.T) {
	b := openTab(t)
	e := newEngine(t)
	e.Start()
	s := serve(t, e, live.Options{Pages: 1})
	other, err := http.Get(s.URL + page + "events")
	require.NoError(t, err)
	b.open(s.URL + page)
	b.until(stateIs("full"))
	require.NoError(t, other.Body.Close())
	b.until(stateIs("live"))
}

// clipped lists elements whose content does not fit into them.
const clipped = `[...document.querySelectorAll('header, header *, main section, main section *')]
	.filter((e) => e instanceof HTMLElement && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1
		&& getComputedStyle(e).display !== 'inline' && !e.closest('.hidden'))
	.map((e) => e.tagName + '#' + e.id + '.' + e.className + ': ' + e.textContent.slice(0, 60))`

// faint lists texts whose contrast to what is behind them is less than 4.5, as WCAG
// 2 has it for text of this size.
const faint = `(() => {
	const parse = (c) => c.match(/[\d.]+/g).map(Number);
	const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
		.map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = (e) => {
		const bar = e.closest('.bars li')?.querySelector('.bar');
		if (bar) return parse(getComputedStyle(bar).backgroundColor);
		for (; e; e = e.parentElement) {
			const c = parse(getComputedStyle(e).backgroundColor);
			if (c.length === 3 || c[3] === 1) return c;
		}
		return [255, 255, 255];
	};
	return [...document.querySelectorAll('header *, main *')].filter((e) => {
		if (![...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim())) return false;
		if (e.closest('noscript') || e.closest('.hidden')) return false;
		const a = light(parse(getComputedStyle(e).color)), b = light(behind(e));
		return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
	}).map((e) => e.textContent);
})()`

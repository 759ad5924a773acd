package live_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"example.com/contend/engine"
	"example.com/contend/engine/live"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var background = context.Background()

func newEngine(t *testing.T, c engine.Config) *engine.Engine {
	t.Helper()
	e, err := engine.New(c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Stop(background)) })
	return e
}

// get asks once: a page that opens ends at once.
func get(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	ctx, cancel := context.WithCancel(background)
	cancel()
	r := httptest.NewRequestWithContext(ctx, method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// Below any prefix, taken off or not, the page and all that it asks for are there.
func TestMounted(t *testing.T) {
	h := live.Handler(newEngine(t, engine.Config{}), live.Options{})
	mux := http.NewServeMux()
	mux.Handle("/whole/", h)
	mux.Handle("/off/", http.StripPrefix("/off", h))
	mux.Handle("/slash/off/", http.StripPrefix("/slash/off/", h))
	mux.Handle("/exact", http.StripPrefix("/exact", h))
	for _, prefix := range []string{"/whole/", "/off/", "/slash/off/"} {
		page := get(mux, "GET", prefix)
		require.Equal(t, 200, page.Code, prefix)
		parts := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page.Body.String(), -1)
		require.Len(t, parts, 3)
		for _, part := range parts {
			require.NotContains(t, part[1], "/", "only what is beside it")
			require.Equal(t, 200, get(mux, "GET", prefix+part[1]).Code, part[1])
		}
		require.Equal(t, 200, get(mux, "HEAD", prefix+"events").Code)
		require.Equal(t, 404, get(mux, "GET", prefix+"nothing").Code)
		require.Equal(t, 404, get(mux, "GET", prefix+"index.html").Code)
	}
	moved := get(mux, "GET", "/exact?a=/b/")
	require.Equal(t, http.StatusPermanentRedirect, moved.Code)
	require.Equal(t, "./exact/", moved.Header().Get("Location"))
}

// Every answer says what the browser may do with it, and nothing may be changed.
func TestHeaders(t *testing.T) {
	h := live.Handler(newEngine(t, engine.Config{}), live.Options{})
	for _, path := range []string{"/", "/live.js", "/live.css", "/icon.svg", "/nothing"} {
		header := get(h, "GET", path).Header()
		policy := header.Get("Content-Security-Policy")
		require.True(t, strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"), policy)
		require.NotContains(t, policy, "unsafe")
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
		require.Empty(t, header.Get("Access-Control-Allow-Origin"))
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "PATCH"} {
		for _, path := range []string{"/", "/events"} {
			w := get(h, method, path)
			require.Equal(t, 405, w.Code, method)
			require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
		}
	}
	for _, site := range []string{"cross-site", "same-site"} {
		require.Equal(t, 403, get(h, "GET", "/events", "Sec-Fetch-Site", site).Code)
	}
	tag := get(h, "GET", "/live.js").Header().Get("ETag")
	require.Equal(t, 304, get(h, "GET", "/live.js", "If-None-Match", tag).Code)
	require.NotEqual(t, tag, get(h, "GET", "/live.css").Header().Get("ETag"))
}

// The parts of the page hold to its policy: nothing inline, nothing from elsewhere,
// and no text becomes markup.
func TestAssets(t *testing.T) {
	h := live.Handler(newEngine(t, engine.Config{}), live.Options{})
	page, script, style := get(h, "GET", "/").Body.String(), get(h, "GET", "/live.js").Body.String(), get(h, "GET", "/live.css").Body.String()
	require.NotRegexp(t, `(?i)\son[a-z]+=|\sstyle=|<style|javascript:`, page)
	require.NotRegexp(t, `<script(?: [^>]*)?>[^<]`, page)
	require.NotRegexp(t, `innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|DOMParser|createContextualFragment`, script)
	require.NotRegexp(t, `https?://`, strings.ReplaceAll(script, "http://www.w3.org/2000/svg", ""))
	require.NotRegexp(t, `url\(|@import`, style)
	require.Contains(t, style, "prefers-color-scheme: dark")
	for _, id := range regexp.MustCompile(`\$\("([a-z-]+)"\)|text\("([a-z-]+)"`).FindAllStringSubmatch(script, -1) {
		require.Contains(t, page, `id="`+id[1]+id[2]+`"`)
	}
}

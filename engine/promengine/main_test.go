package promengine_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var background = context.Background()

// inBubble runs a test in virtual time. Engines must be made inside.
func inBubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// newEngine makes an engine that is stopped when the test, or its bubble, ends.
func newEngine(t *testing.T, config engine.Config) *engine.Engine {
	t.Helper()
	e, err := engine.New(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Stop(background)) })
	return e
}

// target returns the n-th of a fixed sequence of targets.
func target(n int) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceOID, []byte{byte(n)}) }

// submit submits an operation and must be accepted.
func submit(t *testing.T, e *engine.Engine, op engine.Op, fn func(context.Context) (int, error)) *engine.Handle[int] {
	t.Helper()
	h, err := engine.Submit(background, e, op, fn)
	require.NoError(t, err)
	return h
}

// scrape gets the metrics over HTTP in a format, and parses them. The server does
// not outlive the call: virtual time stands still while one waits for connections.
func scrape(t *testing.T, from prometheus.Gatherer, format expfmt.Format) map[string]*dto.MetricFamily {
	t.Helper()
	server := httptest.NewServer(promhttp.HandlerFor(from, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError}))
	defer server.Close()
	request, err := http.NewRequest(http.MethodGet, server.URL, nil)
	require.NoError(t, err)
	request.Header.Set("Accept", string(format))
	response, err := server.Client().Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)

	families := map[string]*dto.MetricFamily{}
	got := expfmt.ResponseFormat(response.Header)
	require.Equal(t, format.FormatType(), got.FormatType())
	decoder := expfmt.NewDecoder(response.Body, got)
	for {
		family := new(dto.MetricFamily)
		if decoder.Decode(family) != nil {
			break
		}
		families[family.GetName()] = family
	}
	require.NotEmpty(t, families)
	return families
}

func asText(t *testing.T, from prometheus.Gatherer) map[string]*dto.MetricFamily {
	t.Helper()
	return scrape(t, from, expfmt.NewFormat(expfmt.TypeTextPlain))
}

func asProto(t *testing.T, from prometheus.Gatherer) map[string]*dto.MetricFamily {
	t.Helper()
	return scrape(t, from, expfmt.NewFormat(expfmt.TypeProtoDelim))
}

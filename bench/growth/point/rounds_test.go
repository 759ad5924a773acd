package point

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"example.com/contend/bench"
	"github.com/stretchr/testify/require"
)

func TestSpread(t *testing.T) {
	require.Equal(t, Spread{Median: 3, Least: 1, Most: 9}, NewSpread([]float64{9, 1, 3}))
	require.Equal(t, Spread{Median: 4, Least: 1, Most: 9}, NewSpread([]float64{9, 5, 1, 3}))
	m := Measured{{Value: 2, Rate: 5}, {Value: 4, Rate: 6}}
	require.Equal(t, Spread{Median: 3, Least: 2, Most: 4}, m.Of(Value))
	require.Equal(t, Spread{Median: 5.5, Least: 5, Most: 6}, m.Of(Rate))
}

// A child measures what its parent asked for.
func TestChild(t *testing.T) {
	asked := Point{Processors: 1, Shards: 1, Workload: bench.Workload{
		Rate: bench.FlatOut, Operations: 3000, Window: time.Millisecond, Skew: bench.Uniform, Targets: 10,
	}.WithDefaults()}
	text, err := json.Marshal(asked)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, Main(context.Background(), bytes.NewReader(text), &out))
	var r Result
	require.NoError(t, json.Unmarshal(out.Bytes(), &r))
	require.Positive(t, r.Value)
	require.Positive(t, r.Rate)

	require.ErrorContains(t, Main(context.Background(), bytes.NewReader([]byte(`{"Part":"other","Processors":1}`)), &out), `"other"`)
}

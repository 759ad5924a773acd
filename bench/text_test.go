package bench

import (
	"encoding"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRateText(t *testing.T) {
	for text, want := range map[string]Rate{
		"1": 1, "300000": 300_000, "300_000": 300_000, "300k": 300_000, "1.5m": 1_500_000, "1e6": 1_000_000,
		"1000m": MaxRate, "flat-out": FlatOut,
	} {
		var got Rate
		require.NoError(t, got.UnmarshalText([]byte(text)), text)
		assert.Equal(t, want, got, text)
		assertRoundTrip(t, want, &got)
	}
	for _, text := range []string{"", "0", "-1", "1.5", "0.0001k", "k", "NaN", "inf", "1001m", "fast", "1,000", " 1"} {
		got := Rate(42)
		err := got.UnmarshalText([]byte(text))
		assert.ErrorContains(t, err, quote(text)+": use a whole number of operations per second from 1 to 1000000000, such as 300000, 300k or 1.5m, or flat-out", text)
		assert.Equal(t, Rate(42), got, text)
	}
}

func TestSkewText(t *testing.T) {
	for text, want := range map[string]Skew{"threes": Threes, "uniform": Uniform, "zipf": Zipf, "hot": Hot} {
		var got Skew
		require.NoError(t, got.UnmarshalText([]byte(text)))
		assert.Equal(t, want, got)
		assertRoundTrip(t, want, &got)
	}
	got := Zipf
	assert.EqualError(t, got.UnmarshalText([]byte("Skew(4)")),
		`bench: skew "Skew(4)" is not known: use threes, uniform, zipf or hot`)
	assert.Equal(t, Zipf, got)
	assert.Equal(t, "Skew(4)", Skew(4).String())
	_, err := Skew(4).MarshalText()
	assert.ErrorContains(t, err, "skew 4 is not known")
}

func TestMixText(t *testing.T) {
	for text, want := range map[string]Mix{
		mixExample:              DefaultMix,
		"high=1":                {High: 1},
		"low=2, critical=3":     {Low: 2, Critical: 3},
		"normal=4294967295":     {Normal: 4294967295},
		"background=1,normal=0": {Background: 1},
	} {
		var got Mix
		require.NoError(t, got.UnmarshalText([]byte(text)), text)
		assert.Equal(t, want, got, text)
		assertRoundTrip(t, want, &got)
	}
	for text, want := range map[string]string{
		"":                  `"" is not name=weight: use a list such as critical=1,`,
		"high":              `"high" is not name=weight`,
		"high=1,":           `"" is not name=weight`,
		"urgent=1":          `"urgent" is not a priority: use critical, high, normal, low, background`,
		"high=1,high=2":     `high comes twice: give each priority once`,
		"high=-1":           `high="-1": use a whole number from 0 on as weight`,
		"high=1.5":          `high="1.5": use a whole number`,
		"high=":             `high="": use a whole number`,
		"high=4294967296":   `high="4294967296" is too large: use weights below 2^32`,
		"critical=0,high=0": `all weigh 0: give at least one a positive weight`,
	} {
		got := Mix{Low: 9}
		err := got.UnmarshalText([]byte(text))
		assert.ErrorContains(t, err, "bench: priorities "+quote(text), text)
		assert.ErrorContains(t, err, want, text)
		assert.Equal(t, Mix{Low: 9}, got, text)
	}
}

// assertRoundTrip checks that what v is written as is read as v.
func assertRoundTrip[T encoding.TextMarshaler, P interface {
	*T
	encoding.TextUnmarshaler
}](t *testing.T, v T, into P) {
	t.Helper()
	text, err := v.MarshalText()
	require.NoError(t, err)
	require.NoError(t, into.UnmarshalText(text))
	assert.Equal(t, v, *into)
}

func TestQuoteCutsLongText(t *testing.T) {
	assert.Equal(t, `"a\x00\xff"`, quote("a\x00\xff"))
	assert.Equal(t, `"`+strings.Repeat("x", 40)+`"…`, quote(strings.Repeat("x", 41)))
}

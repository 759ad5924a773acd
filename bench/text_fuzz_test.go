package bench

import (
	"encoding"
	"testing"

	"github.com/stretchr/testify/require"
)

// readable is something that has a text form.
type readable interface {
	encoding.TextMarshaler
	encoding.TextUnmarshaler
}

// fuzzText reads texts that nobody wrote. What is read is read again from its
// own text, the same; what is refused has changed nothing and says why, in a
// line. before makes a value, of which another may follow.
func fuzzText[T any, P interface {
	*T
	readable
}](f *testing.F, before T, seeds ...string) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value := before
		if err := P(&value).UnmarshalText([]byte(text)); err != nil {
			require.Equal(t, before, value, "a refusal changed something")
			require.Less(t, len(err.Error()), 600) // two cut texts, all of whose bytes are escaped
			require.NotContains(t, err.Error(), "\n")
			return
		}
		written, err := P(&value).MarshalText()
		require.NoError(t, err)
		var again T
		require.NoError(t, P(&again).UnmarshalText(written), "%q, read from %q", written, text)
		require.Equal(t, value, again, "%q, read from %q", written, text)
	})
}

func FuzzRate(f *testing.F) {
	fuzzText(f, Rate(42), "300000", "300_000", "300k", "1.5m", "1e6", "0x1p10", "flat-out", "-1", "NaN", "inf", "1001m", "", "1\n")
}

func FuzzMix(f *testing.F) {
	fuzzText(f, Mix{High: 42}, mixExample, "high=1", "low=2, critical=3", "normal=4294967296", "high=1,high=2", "high=0", "x=1", "high", "", ",")
}

func FuzzSkew(f *testing.F) {
	fuzzText(f, Hot, "threes", "uniform", "zipf", "hot", "Skew(4)", "")
}

func FuzzRung(f *testing.F) {
	fuzzText(f, Blocking, "callback", "decisions", "handles", "blocking", "Rung(4)", "")
}

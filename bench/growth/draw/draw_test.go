package draw

import (
	"encoding/xml"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumber(t *testing.T) {
	for v, text := range map[float64]string{1: "1", 500: "500", 1000: "1k", 4296: "4.296k", 1e6: "1M", 10_000_000: "10M", 999_900: "999.9k", 0.5: "0.5"} {
		require.Equal(t, text, Number(v))
	}
}

func TestTicks(t *testing.T) {
	labels := func(least, most float64) (all []string) {
		for _, tick := range (decades{}).Ticks(math.Log10(least), math.Log10(most)) {
			v := math.Pow(10, tick.Value)
			require.True(t, least*0.99 <= v && v <= most*1.01)
			if tick.Label != "" {
				all = append(all, tick.Label)
			}
		}
		return all
	}
	require.Equal(t, []string{"1", "2", "5", "10", "20", "50"}, labels(1, 64))
	require.Equal(t, []string{"200", "300", "400"}, labels(110, 410))
	require.Equal(t, []string{"10", "100", "1k", "10k", "100k", "1M", "10M"}, labels(10, 1e7))
}

// A picture is well-formed, on a white card, with all that it has to say in it.
func TestWrite(t *testing.T) {
	for _, logarithmic := range []bool{false, true} {
		p := Picture{Title: "title", X: "things", Y: "ns", LogY: logarithmic, Curves: []Curve{
			{Name: "one", Points: []Point{{1, 10, 9, 11}, {10, 20, 20, 20}, {1e6, 30, 20, 60}}},
			{Name: "two", Points: []Point{{1, 5, 5, 5}, {1e6, 3, 3, 3}}, Dashed: true, Color: 1},
			{Name: "three", Points: []Point{{1, 7, 6, 8}}, Dots: true, Color: 5},
		}}
		file := filepath.Join(t.TempDir(), "picture.svg")
		require.NoError(t, p.Write(file))
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		d := xml.NewDecoder(strings.NewReader(string(text)))
		for err == nil {
			_, err = d.Token()
		}
		require.Equal(t, io.EOF, err, "not well-formed")
		for _, said := range []string{"title", "things", "ns", "one", "two", "three", "100k", "sans-serif", "#FFFFFF"} {
			require.Contains(t, string(text), said)
		}
		require.NotContains(t, string(text), "NaN")
	}
}

package promela

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	runLarge = flag.Bool("large", false, "search the large configurations, too: minutes, and up to 6 GB")
	limit    = flag.Duration("limit", 2*time.Minute, "how long a large configuration may be searched")
)

// title names a search.
func (s search) title() string {
	title := strings.Join(append([]string{s.model}, s.defines...), " ")
	if s.fair {
		title += " fair"
	}
	return title
}

// table collects what was found, in the order of the searches.
type table struct {
	mu   sync.Mutex
	rows map[int]string
}

func (r *table) add(i int, s search, f found) {
	outcome := "no error"
	if f.errors > 0 {
		outcome = f.violation
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rows == nil {
		r.rows = map[int]string{}
	}
	r.rows[i] = fmt.Sprintf("%s\t%.0f\t%d\t%.2f s\t%.0f MB\t%t\t%s\t",
		s.title(), f.states, f.depth, f.seconds, f.memoryMB, f.exhausted, outcome)
}

func (r *table) log(t *testing.T) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "configuration\tstates\tdepth\ttime\tmemory\texhausted\toutcome\t")
	for _, i := range slices.Sorted(maps.Keys(r.rows)) {
		fmt.Fprintln(w, r.rows[i])
	}
	require.NoError(t, w.Flush())
	t.Log("\n" + b.String())
}

// The protocols are right, in all interleavings of the small configurations. In each of
// them every process can end, and together they reach every line of the models.
func TestSmall(t *testing.T) {
	requireSpin(t)
	var all table
	var mu sync.Mutex
	lines, reached := map[string]bool{}, map[string]bool{}
	note := func(model string, to, from map[string]bool) {
		for line := range from {
			to[model+" "+line] = true
		}
	}
	t.Run("search", func(t *testing.T) {
		for i, s := range small {
			t.Run(s.title(), func(t *testing.T) {
				t.Parallel()
				f := s.run(t, budget{optimize: "-O0", hashBits: 20, memoryMB: 1000})
				all.add(i, s, f)
				require.Zero(t, f.errors, f.violation)
				require.True(t, f.exhausted)
				require.Empty(t, f.endless)
				if s.fair {
					return // it has a process more
				}
				mu.Lock()
				defer mu.Unlock()
				note(s.model, lines, f.lines)
				note(s.model, reached, f.reached)
			})
		}
	})
	all.log(t)
	if t.Failed() {
		return
	}
	for _, line := range slices.Sorted(maps.Keys(lines)) {
		model, at, _ := strings.Cut(line, " ")
		_, number, _ := strings.Cut(at, ":")
		n, err := strconv.Atoi(number)
		require.NoError(t, err)
		require.True(t, reached[line], "never reached in %s: %s", line, strings.Split(readModel(t, model), "\n")[n-1])
	}
	require.NotEmpty(t, lines)
}

// Each planted bug is found, and by the property that it violates.
func TestPlantedBugs(t *testing.T) {
	requireSpin(t)
	var all table
	t.Run("search", func(t *testing.T) {
		for i, s := range planted {
			t.Run(s.title(), func(t *testing.T) {
				t.Parallel()
				f := s.run(t, budget{optimize: "-O0", hashBits: 18, memoryMB: 1000})
				all.add(i, s, f)
				require.Positive(t, f.errors)
				require.Contains(t, f.violation, s.finds)
			})
		}
	})
	all.log(t)
}

// Every bug that can be switched on is in the table, once.
func TestNoBugIsForgotten(t *testing.T) {
	in := map[string]bool{}
	for _, s := range planted {
		require.False(t, in[s.defines[0]], s.defines[0])
		in[s.defines[0]] = true
	}
	written := map[string]bool{}
	for _, model := range []string{"ring", "bell", "room", "ticket"} {
		for _, bug := range regexp.MustCompile(`BUG_\w+`).FindAllString(readModel(t, model), -1) {
			written[bug] = true
		}
	}
	require.Equal(t, written, in)
}

// Larger configurations, as far as they go in the time.
func TestLarge(t *testing.T) {
	if !*runLarge {
		t.Skip("go test ./fuzz/promela -v -run TestLarge -large -timeout 20m")
	}
	requireSpin(t)
	var all table
	for i, s := range large {
		f := s.run(t, budget{optimize: "-O2", compress: true, hashBits: 24, memoryMB: 6000, time: *limit})
		all.add(i, s, f)
		fmt.Fprintf(os.Stderr, "%s: %.0f states in %.0f s\n", s.title(), f.states, f.seconds)
		require.Zero(t, f.errors, "%s: %s", s.title(), f.violation)
	}
	all.log(t)
}

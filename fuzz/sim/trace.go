//go:build explore

package sim

import (
	"fmt"
	"path"
	"runtime"
	"strings"

	"example.com/contend/ring/interleave"
)

// trace is where goroutines came by. A nil trace takes nothing down.
type trace struct{ lines []string }

func (t *trace) add(w *task, kind interleave.Kind) {
	if t == nil {
		return
	}
	t.lines = append(t.lines, fmt.Sprintf("g%-3d %-6s %s", w.name, kind, callers()))
}

// callers names the three innermost functions that are not about synchronising.
func callers() string {
	pcs := make([]uintptr, 16)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	var names []string
	for len(names) < 3 {
		f, more := frames.Next()
		if !strings.Contains(f.Function, "interleave") && !strings.Contains(f.Function, "(*Turnstile)") && !strings.Contains(f.File, "_explore.go") && f.Function != "" {
			name := f.Function[strings.LastIndexByte(f.Function, '/')+1:]
			names = append(names, fmt.Sprintf("%s %s:%d", name, path.Base(f.File), f.Line))
		}
		if !more {
			break
		}
	}
	return strings.Join(names, " ← ")
}

// Trace returns where goroutines came by, if the turnstile was told to write that
// down: who has the token, what it is about to do, and where.
func (t *Turnstile) Trace() []string {
	if t.trace == nil {
		return nil
	}
	return t.trace.lines
}

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/klauspost/cpuid/v2"
)

// header is where and how the report was made.
type header struct {
	date       time.Time
	cpu        string
	processors int
	commit     string
	arguments  []string
	took       time.Duration
	rounds     int
	skipped    int
}

func newHeader() *header {
	return &header{
		date: time.Now().UTC(), cpu: cpuid.CPU.BrandName, processors: runtime.NumCPU(),
		commit: commit(), arguments: os.Args[1:],
	}
}

// commit names what was measured, as git does: go run does not stamp it.
func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// writeConfig begins a file for benchstat.
func (h *header) writeConfig(w io.Writer) {
	fmt.Fprintf(w, "goos: %s\ngoarch: %s\npkg: example.com/contend/bench/peers\ncpu: %s\n", runtime.GOOS, runtime.GOARCH, h.cpu)
	fmt.Fprintf(w, "commit: %s\ndate: %s\n", h.commit, h.date.Format(time.RFC3339))
}

func (h *header) write(w io.Writer) {
	fmt.Fprintf(w, "# contend beside its peers\n\n")
	fmt.Fprintf(w, "- %d × %s, %s/%s, %s\n", h.processors, h.cpu, runtime.GOOS, runtime.GOARCH, runtime.Version())
	fmt.Fprintf(w, "- commit %s, %s\n", h.commit, h.date.Format("2006-01-02 15:04 MST"))
	fmt.Fprintf(w, "- `go run -C bench/peers ./report %s`, %v\n", strings.Join(shown(h.arguments), " "), h.took.Round(time.Second))
	fmt.Fprintf(w, "- medians of %s in which the contestants took turns, ± how far a round was from it", counted(h.rounds, "round"))
	if h.skipped > 0 {
		fmt.Fprintf(w, "; there was no time for %d measurements of later rounds", h.skipped)
	}
	fmt.Fprintf(w, "\n")
}

// shown shortens the arguments that are files.
func shown(arguments []string) (all []string) {
	for _, a := range arguments {
		if strings.Contains(a, "/") {
			a = filepath.Base(a)
		}
		all = append(all, a)
	}
	return all
}

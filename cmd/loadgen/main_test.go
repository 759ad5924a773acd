package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// loadgen runs the command and returns its exit status and what it printed.
func loadgen(ctx context.Context, args ...string) (status int, out, progress string) {
	var o, p bytes.Buffer
	status = run(ctx, args, &o, &p)
	return status, o.String(), p.String()
}

func TestSummary(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"--rung", "decisions", "--batch", "16"},
		{"--rung", "handles", "--withdraw", "0.1", "--producers", "3", "--skew", "zipf"},
		{"--rung", "blocking", "--rate", "20k"},
		{"--rate", "flat-out", "--operations", "20000", "--skew", "hot"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			args := append([]string{"--rate", "100k", "--duration", "100ms", "--window", "20ms", "--targets", "500"}, args...)
			status, out, _ := loadgen(context.Background(), args...)
			assert.Equal(t, exitOK, status, out)
			for _, word := range []string{"submitted", "won", "rejected", "withdrawn", "refused", "conflicts", "lateness", "p99.9", "cpu", "memory", "agree with the reference model"} {
				assert.Contains(t, out, word)
			}
		})
	}
}

func writeTrace(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "trace.csv")
	require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	return name
}

func TestTraceNamesTheHottestTargets(t *testing.T) {
	trace := "target\n" + strings.Repeat("00000000000000aa\n", 30) + strings.Repeat("00000000000000bb\n", 10)
	status, out, _ := loadgen(context.Background(), "--trace", writeTrace(t, trace), "--rate", "10k", "--window", "20ms")
	assert.Equal(t, exitOK, status, out)
	assert.Regexp(t, `hottest targets(.|\n)* 30 +\d(.|\n)* 10 +\d`, out)
}

// A malformed line is named, with what was expected, and nothing runs.
func TestMalformedTrace(t *testing.T) {
	name := writeTrace(t, "target\n00000000000000aa\n00000000000000zz\n")
	status, out, errs := loadgen(context.Background(), "--trace", name)
	assert.Equal(t, exitUsage, status)
	assert.Empty(t, out)
	assert.Contains(t, errs, name+":3:")
	assert.Contains(t, errs, "16 lower-case hexadecimal digits")
}

func TestBadInput(t *testing.T) {
	for args, want := range map[string]string{
		"--rate -5":                  "rate",
		"--skew sideways":            "threes, uniform, zipf or hot",
		"--priorities urgent=1":      "urgent",
		"--duration 0s":              "--duration",
		"--targets 0":                "--targets",
		"--producers 0":              "--producers",
		"--window 0s":                "--window",
		"--shards=-1":                "Config.Shards",
		"--trace /nowhere/trace.csv": "/nowhere/trace.csv",
		"--batch 16":                 "decisions",
		"--exponent 2":               "--skew zipf",
		"--operations 0":             "1 or more",
		"--hottest 3 --no-verify":    "verify",
		"--rate flat-out --net":      "leave net out",
		"--nonsense":                 "nonsense",
	} {
		status, out, errs := loadgen(context.Background(), strings.Fields(args)...)
		assert.Equal(t, exitUsage, status, args)
		assert.Empty(t, out, args)
		assert.Contains(t, errs, want, args)
	}
}

// A journal that could not be written is told, beside what the run came to.
func TestJournalThatIsNotWhole(t *testing.T) {
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skip("needs " + full)
	}
	status, out, errs := loadgen(context.Background(), "--operations", "100", "--window", "20ms", "--journal", full)
	assert.Equal(t, exitViolation, status)
	assert.Contains(t, out, "agree with the reference model")
	assert.Contains(t, errs, "--journal: the file is not whole")
}

// What is refused leaves the journal of before as it is.
func TestRefusedKeepsTheJournal(t *testing.T) {
	name := writeTrace(t, "what was there")
	for _, args := range [][]string{{"--batch", "16"}, {"--shards=-1"}, {"--rate", "flat-out", "--net"}} {
		status, _, _ := loadgen(context.Background(), append(args, "--journal", name)...)
		assert.Equal(t, exitUsage, status)
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, "what was there", string(text))
	}
}

func TestHelp(t *testing.T) {
	status, out, _ := loadgen(context.Background(), "--help")
	assert.Equal(t, exitOK, status)
	assert.Contains(t, out, "--trace=FILE")
}

// cancelling ends its context at the first line of progress, as Ctrl-C would.
type cancelling struct {
	bytes.Buffer
	cancel context.CancelFunc
}

func (c *cancelling) Write(b []byte) (int, error) {
	c.cancel()
	return c.Buffer.Write(b)
}

func TestInterruptedStillReports(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var out bytes.Buffer
	status := run(ctx, []string{"--duration", "1h", "--rate", "20k"}, &out, &cancelling{cancel: cancel})
	assert.Equal(t, exitOK, status, out.String())
	assert.Contains(t, out.String(), "interrupted")
	assert.Contains(t, out.String(), "agree with the reference model")
}

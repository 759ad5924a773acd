package shard

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/datadriven"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// The scripts in testdata are commands to one core, each with the transcript
// it must give; go test -rewrite writes the transcripts anew.
//
//	stage t=0ms target=x op=a prio=5 window=100ms [at=0ms] [withdrawable]
//	stage t=0ms target=x op=(a,b,c) prio=(5,8,2) window=100ms
//	stage t=0ms target=x tag=7 prio=5 window=100ms      without a ticket
//	withdraw op=a
//	advance t=100ms
//	next
//	abandon
//
// A target is its name; the one named zero is the zero UUID.
func TestCoreScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &script{core: NewCore(CoreConfig{}), ops: map[string]*Ticket{}}
		datadriven.RunTest(t, path, s.run)
	})
}

// script is a core and the tickets of a script by name.
type script struct {
	core     *Core
	ops      map[string]*Ticket
	sequence uint64
}

func (s *script) run(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "stage":
		s.stage(t, d)
		return fmt.Sprintf("%d staged, %d open", s.core.Staged(), s.core.Open())
	case "withdraw":
		var out strings.Builder
		for _, name := range values(t, d, "op") {
			fmt.Fprintf(&out, "%s withdrawn: %t\n", name, s.ops[name].Withdraw())
		}
		return out.String()
	case "advance":
		s.core.Advance(moment(t, d, "t"))
		return s.decide()
	case "abandon":
		s.core.Abandon()
		return s.decide()
	case "next":
		if at, ok := s.core.Next(); ok {
			return time.Duration(at).String()
		}
		return "never"
	}
	d.Fatalf(t, "unknown command %q", d.Cmd)
	return ""
}

// stage stages one operation, or several with the same other arguments.
func (s *script) stage(t *testing.T, d *datadriven.TestData) {
	op := Op{Target: targetNamed(values(t, d, "target")[0]), At: unstamped}
	op.Hash = uint32(xxhash.Sum64(op.Target[:])) &^ heedBit
	op.Terms = NewTerms(time.Duration(moment(t, d, "window")), 0)
	if d.HasArg("at") {
		op.At = moment(t, d, "at")
	}
	now, priorities := moment(t, d, "t"), values(t, d, "prio")
	priority := func(i int) int32 {
		p, err := strconv.ParseInt(priorities[min(i, len(priorities)-1)], 10, 32)
		require.NoError(t, err, d.Pos)
		return int32(p)
	}
	if d.HasArg("tag") {
		d.ScanArgs(t, "tag", &op.Tag)
		op.Priority = priority(0)
		s.core.Stage(&op, 1<<60, now)
		return
	}
	for i, name := range values(t, d, "op") {
		require.NotContains(t, s.ops, name, d.Pos)
		op := op
		op.Priority = priority(i)
		op.Ticket = &Ticket{Name: name, Withdrawable: d.HasArg("withdrawable")}
		require.True(t, op.Begin(), d.Pos)
		s.ops[name] = op.Ticket
		s.sequence++
		s.core.Stage(&op, s.sequence, now)
	}
}

// decide takes all decisions out and writes them down.
func (s *script) decide() string {
	var out strings.Builder
	for batch := s.core.Decide(); len(batch) > 0; batch = s.core.Decide() {
		for i := range batch {
			transcribe(&out, &batch[i])
		}
		s.core.Release()
	}
	if out.Len() == 0 {
		return "nothing decided"
	}
	return out.String()
}

// transcribe writes a decision and what each contender is to be told.
func transcribe(out *strings.Builder, d *Decision) {
	fmt.Fprintf(out, "%d. %s: %d contending, opened %s, due %s, closed %s\n", d.Number,
		targetName(d.Target), d.Contenders,
		time.Duration(d.Opened), time.Duration(d.Due), time.Duration(d.Closed))
	for member := range d.All() {
		fmt.Fprintf(out, "  %s: ", inWords(member))
		switch {
		case d.Abandoned && d.Winner != (Standing{}):
			fmt.Fprintf(out, "%s, though %s won\n", Stopped, inWords(d.Winner))
		case d.Abandoned:
			fmt.Fprintln(out, Stopped)
		case member == d.Winner:
			fmt.Fprintln(out, Won)
		default:
			fmt.Fprintf(out, "%s to %s\n", Lost, inWords(d.Winner))
		}
	}
}

func inWords(s Standing) string {
	name := fmt.Sprintf("tag %d", s.ID)
	if s.Ticket != nil {
		name = s.Ticket.Name
	}
	return fmt.Sprintf("%s (priority %d)", name, s.Priority)
}

func targetNamed(name string) (id uuid.UUID) {
	if name != "zero" {
		copy(id[:], name)
	}
	return id
}

func targetName(id uuid.UUID) string {
	if id == uuid.Nil {
		return "zero"
	}
	return strings.TrimRight(string(id[:]), "\x00")
}

// values returns the values of an argument that must be there.
func values(t *testing.T, d *datadriven.TestData, key string) []string {
	arg, ok := d.Arg(key)
	require.True(t, ok, "%s: %s is missing", d.Pos, key)
	return arg.Vals
}

func moment(t *testing.T, d *datadriven.TestData, key string) int64 {
	at, err := time.ParseDuration(values(t, d, key)[0])
	require.NoError(t, err, d.Pos)
	return int64(at)
}

package shard

import (
	"fmt"
	"slices"
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
// it must give; go test -rewrite writes the transcripts anew. What the
// transcript of a stage shows is told without anything else happening; what is
// decided shows at the next advance, or at a decide, which lets no time pass.
//
//	core limit=3                                        before anything is staged
//	rules name=r [policy=first|last|deadline] [early] [runners=n] [idle=1ms] [size=n]
//	      [decisive=n] [exclusive] [preempt]
//	      [order=higher|cyclic|both|panics] [choose=last|lowest|panics|nobody]
//
//	stage t=0ms target=x op=a prio=5 window=100ms [at=0ms] [withdrawable] [rules=r]
//	      [deadline=1ms] [retry=n [backoff=1ms] [most=1ms] [step=n]] [fold=f]
//	stage t=0ms target=x op=(a,b,c) prio=(5,8,2) window=100ms
//	stage t=0ms target=x tag=7 prio=5 window=100ms      without a ticket
//	withdraw op=a
//	ended target=x [token=stale]                        the target's last winner
//	lock id=1 name=l [target=x] below=n [expires=1ms]   of all targets; for good
//	unlock id=1
//	clear target=x
//	windows                                             all that are open
//	advance t=100ms
//	decide
//	next
//	count
//	close
//	abandon
//
// A target is its name; the one named zero is the zero UUID.
func TestCoreScripts(t *testing.T) {
	if explored {
		t.Skip("batches are smaller there, and whoever is dismissed is told with one")
	}
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		s := newScript()
		datadriven.RunTest(t, path, s.run)
	})
}

// script is a core and what a script has given names to.
type script struct {
	config   CoreConfig
	core     *Core // made when the first command needs it
	ops      map[string]*Ticket
	rules    map[string]uint8
	folds    map[string]*Fold
	tokens   map[uuid.UUID]uint64 // of the last winners of exclusive targets
	sequence uint64
	told     int // of the core's dismissals, those that were written down
	warned   int // of its preemptions, likewise
}

func newScript() *script {
	return &script{
		ops: map[string]*Ticket{}, rules: map[string]uint8{},
		folds: map[string]*Fold{}, tokens: map[uuid.UUID]uint64{},
	}
}

func (s *script) run(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "core":
		require.Nil(t, s.core, d.Pos)
		s.config.Limit = int(number(t, d, "limit"))
		return fmt.Sprintf("limit %d", s.config.Limit)
	case "rules":
		return s.define(t, d)
	}
	if s.core == nil {
		s.core = NewCore(s.config)
	}
	switch d.Cmd {
	case "stage":
		s.stage(t, d)
		return s.aside() + fmt.Sprintf("%d staged, %d open", s.core.Staged(), s.core.Open())
	case "withdraw":
		var out strings.Builder
		for _, name := range values(t, d, "op") {
			fmt.Fprintf(&out, "%s withdrawn: %t\n", name, s.ops[name].Withdraw())
		}
		return out.String()
	case "ended":
		return s.ended(t, d)
	case "lock":
		s.core.Lock(lockOf(t, d))
		return fmt.Sprintf("%d locks", len(s.core.Locks()))
	case "unlock":
		s.core.Unlock(uint64(number(t, d, "id")))
		return fmt.Sprintf("%d locks", len(s.core.Locks()))
	case "clear":
		target := targetNamed(values(t, d, "target")[0])
		n := s.core.Clear(&target, uint32(xxhash.Sum64(target[:])))
		return s.aside() + fmt.Sprintf("%d cleared, %d staged, %d open", n, s.core.Staged(), s.core.Open())
	case "windows":
		return s.windows()
	case "advance":
		s.core.Advance(moment(t, d, "t"))
		return s.decide()
	case "decide":
		return s.decide()
	case "close":
		s.core.Close()
		return fmt.Sprintf("%d staged, %d open", s.core.Staged(), s.core.Open())
	case "abandon":
		s.core.Abandon()
		return s.decide()
	case "count":
		return fmt.Sprintf("%d staged, %d open, %d found withdrawn", s.core.Staged(), s.core.Open(), s.core.Withdrawn())
	case "next":
		if at, ok := s.core.Next(); ok {
			return time.Duration(at).String()
		}
		return "never"
	}
	d.Fatalf(t, "unknown command %q", d.Cmd)
	return ""
}

// define adds rules to those that the core will know.
func (s *script) define(t *testing.T, d *datadriven.TestData) string {
	require.Nil(t, s.core, d.Pos)
	r := Rules{
		Early:     d.HasArg("early"),
		RunnersUp: int(number(t, d, "runners")),
		Size:      int(number(t, d, "size")),
		Decisive:  Priority(number(t, d, "decisive")),
		Exclusive: d.HasArg("exclusive"),
		Preempt:   d.HasArg("preempt"),
	}
	if d.HasArg("idle") {
		r.Idle = time.Duration(moment(t, d, "idle"))
	}
	if d.HasArg("policy") {
		policies := map[string]Policy{"first": FirstWins, "last": LastWins, "deadline": EarliestDeadline}
		name := values(t, d, "policy")[0]
		require.Contains(t, policies, name, d.Pos)
		r.Policy = policies[name]
	}
	if d.HasArg("order") {
		name := values(t, d, "order")[0]
		require.Contains(t, orders, name, d.Pos)
		r.Order = orders[name]
	}
	if d.HasArg("choose") {
		name := values(t, d, "choose")[0]
		require.Contains(t, choices, name, d.Pos)
		r.Choose = choices[name]
	}
	if err := r.Validate(); err != nil {
		return err.Error()
	}
	s.config.Rules = append(s.config.Rules, r)
	s.rules[values(t, d, "name")[0]] = uint8(len(s.config.Rules))
	return "valid"
}

// orders and choices stand for the user's code.
var orders = map[string]func(a, b Standing) bool{
	"higher": func(a, b Standing) bool { return a.Priority > b.Priority },
	// Each of three successive priorities wins over the one below, the lowest
	// over the highest.
	"cyclic": func(a, b Standing) bool { return (a.Priority-b.Priority+3)%3 == 1 },
	"both":   func(a, b Standing) bool { return true },
	"panics": func(a, b Standing) bool { panic("no idea") },
}

var choices = map[string]func([]Standing) int{
	"last": func(group []Standing) int { return len(group) - 1 },
	"lowest": func(group []Standing) (lowest int) {
		for i, s := range group {
			if s.Priority < group[lowest].Priority {
				lowest = i
			}
		}
		return lowest
	},
	"panics": func([]Standing) int { panic("no idea") },
	"nobody": func([]Standing) int { return -1 },
}

// stage stages one operation, or several with the same other arguments.
func (s *script) stage(t *testing.T, d *datadriven.TestData) {
	op := Op{Target: targetNamed(values(t, d, "target")[0]), At: unstamped}
	op.Hash = uint32(xxhash.Sum64(op.Target[:])) &^ hashFlags
	op.Terms = NewTerms(time.Duration(moment(t, d, "window")), s.rulesOf(t, d))
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
		op.Ticket = &Ticket{Name: name, Withdrawable: d.HasArg("withdrawable"), Extra: s.extra(t, d)}
		require.True(t, op.Begin(), d.Pos)
		s.ops[name] = op.Ticket
		s.sequence++
		s.core.Stage(&op, s.sequence, now)
	}
}

func (s *script) rulesOf(t *testing.T, d *datadriven.TestData) uint8 {
	if !d.HasArg("rules") {
		return 0
	}
	name := values(t, d, "rules")[0]
	require.Contains(t, s.rules, name, d.Pos)
	return s.rules[name]
}

// extra makes what an operation needs beyond the usual, nil for nothing.
func (s *script) extra(t *testing.T, d *datadriven.TestData) *Extra {
	if !d.HasArg("deadline") && !d.HasArg("retry") && !d.HasArg("fold") {
		return nil
	}
	x := &Extra{
		Deadline: optional(t, d, "deadline"),
		Retry: Retry{
			Limit:      int(number(t, d, "retry")),
			Backoff:    time.Duration(optional(t, d, "backoff")),
			MaxBackoff: time.Duration(optional(t, d, "most")),
			Step:       Priority(number(t, d, "step")),
		},
	}
	if d.HasArg("fold") {
		name := values(t, d, "fold")[0]
		if s.folds[name] == nil {
			s.folds[name] = new(Fold)
		}
		x.Fold = s.folds[name]
	}
	return x
}

// windows lists what is open, by name.
func (s *script) windows() string {
	var lines []string
	for from, more := uint32(0), true; more; {
		var some []Window
		some, from, more = s.core.Windows(from, make([]Window, 0, 2))
		for _, w := range some {
			line := fmt.Sprintf("%s: %d since %v, due %v", targetName(w.Target), w.Contenders, time.Duration(w.Opened), time.Duration(w.Due))
			if w.Waiting {
				line += ", waiting"
			}
			if w.Led {
				line += fmt.Sprintf(", led by %s, priority %d", w.LeaderName, w.Leader.Priority)
			}
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// ended tells the core that the last winner of a target has ended, or that one
// before it did, long ago.
func (s *script) ended(t *testing.T, d *datadriven.TestData) string {
	target := targetNamed(values(t, d, "target")[0])
	token := s.tokens[target]
	if d.HasArg("token") {
		require.Equal(t, "stale", values(t, d, "token")[0], d.Pos)
		token--
	}
	if !s.core.Ended(target, token) {
		return "ignored"
	}
	return "free"
}

func lockOf(t *testing.T, d *datadriven.TestData) Lock {
	l := Lock{
		ID:      uint64(number(t, d, "id")),
		Name:    values(t, d, "name")[0],
		All:     !d.HasArg("target"),
		Below:   int32(number(t, d, "below")),
		Expires: optional(t, d, "expires"),
		Stay:    !d.HasArg("expires"),
	}
	if !l.All {
		l.Target = targetNamed(values(t, d, "target")[0])
	}
	return l
}

// decide takes all decisions out and writes them down, and what was told apart
// from them unless it was shown before.
func (s *script) decide() string {
	var out strings.Builder
	for batch := s.core.Decide(); len(batch)+len(s.core.Dismissed())+len(s.core.Preempted()) > 0; batch = s.core.Decide() {
		out.WriteString(s.aside())
		for i := range batch {
			transcribe(&out, &batch[i])
			if batch[i].Exclusive() {
				s.tokens[batch[i].Target] = batch[i].Token()
			}
		}
		s.core.Release()
		s.told, s.warned = 0, 0
	}
	if out.Len() == 0 {
		return "nothing decided"
	}
	return out.String()
}

// aside writes down what is told apart from decisions, as far as it was not
// written down before.
func (s *script) aside() string {
	var out strings.Builder
	for _, p := range s.core.Preempted()[s.warned:] {
		fmt.Fprintf(&out, "%s: the winner with token %d is to make way\n", targetName(p.Target), p.Token)
		s.warned++
	}
	for _, d := range s.core.Dismissed()[s.told:] {
		fmt.Fprintf(&out, "%s: %s", inWords(d.Op), d.Outcome)
		switch d.Outcome {
		case Lost:
			leader := d.Leader
			leader.Ticket = s.ops[d.LeaderName]
			fmt.Fprintf(&out, " early to %s, %d contending", inWords(leader), d.Contenders)
		case Masked:
			fmt.Fprintf(&out, " by %s", d.Lock)
		}
		fmt.Fprintln(&out)
		s.told++
	}
	return out.String()
}

// transcribe writes a decision and what each contender is to be told.
func transcribe(out *strings.Builder, d *Decision) {
	fmt.Fprintf(out, "%d. %s: %d contending%s, opened %s, due %s, closed %s%s\n", d.Number,
		targetName(d.Target), d.Contenders, share(d.Early, "early")+share(d.Retried, "retried"),
		time.Duration(d.Opened), time.Duration(d.Due), time.Duration(d.Closed), held(d))
	if err := d.Fault(); err != nil {
		fmt.Fprintf(out, "  %v\n", err)
	}
	for member := range d.All() {
		fmt.Fprintf(out, "  %s: ", inWords(member))
		switch outcome := d.OutcomeOf(member); outcome {
		case Lost:
			fmt.Fprintf(out, "%s to %s\n", outcome, inWords(d.Winner))
		case Folded:
			fmt.Fprintf(out, "%s into %s\n", outcome, inWords(d.Winner))
		case Stopped:
			fmt.Fprint(out, outcome)
			if d.Winner != (Standing{}) {
				fmt.Fprintf(out, ", though %s won", inWords(d.Winner))
			}
			fmt.Fprintln(out)
		default:
			fmt.Fprintln(out, outcome)
		}
	}
}

// share tells how many of the contenders are not told with the decision.
func share(n int, of string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d %s", n, of)
}

func held(d *Decision) string {
	if !d.Exclusive() {
		return ""
	}
	return fmt.Sprintf(", held with token %d", d.Token())
}

func inWords(s Standing) string {
	name := fmt.Sprintf("tag %d", s.ID)
	if s.Ticket != nil {
		name = s.Ticket.Name
	}
	if n := s.Retries(); n > 0 {
		return fmt.Sprintf("%s (priority %d, retry %d)", name, s.Priority, n)
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

// optional is moment for an argument that may be missing.
func optional(t *testing.T, d *datadriven.TestData, key string) int64 {
	if !d.HasArg(key) {
		return 0
	}
	return moment(t, d, key)
}

func number(t *testing.T, d *datadriven.TestData, key string) int64 {
	if !d.HasArg(key) {
		return 0
	}
	n, err := strconv.ParseInt(values(t, d, key)[0], 10, 64)
	require.NoError(t, err, d.Pos)
	return n
}

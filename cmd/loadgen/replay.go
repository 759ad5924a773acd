package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"example.com/contend/engine"
	"example.com/contend/shard"
	"github.com/alecthomas/kong"
	"github.com/google/uuid"
)

// replayFlags are the command line of loadgen replay.
type replayFlags struct {
	File   string `arg:"" help:"A journal, as --journal or Config.Journal writes it."`
	Target string `help:"Tell this target's history: its UUID, or hottest." placeholder:"UUID"`
	Top    int    `help:"How many of the hottest targets to name." default:"10"`
}

// replay plays a journal. Decisions that differ from the journal's are a
// violation.
func replay(args []string, out, problems io.Writer) int {
	var f replayFlags
	exited := false
	parser, err := kong.New(&f,
		kong.Name("loadgen replay"),
		kong.Description("Plays a journal through the deciding core again and holds every decision against the journal's checksums."),
		kong.Writers(out, problems),
		kong.Exit(func(int) { exited = true }),
	)
	if err != nil {
		panic(err) // the flags struct is at fault
	}
	_, err = parser.Parse(args)
	if exited {
		return exitOK
	}
	if err == nil {
		err = f.play(out)
	}
	if err != nil {
		fmt.Fprintf(problems, "loadgen: replay: %v\n", err)
		if errors.Is(err, shard.ErrDiverged) {
			return exitViolation
		}
		return exitUsage
	}
	return exitOK
}

func (f *replayFlags) play(out io.Writer) error {
	if f.Top < 0 {
		return fmt.Errorf("--top must not be negative, for instance 10")
	}
	targets := map[uuid.UUID]*activity{}
	sum, err := f.read(func(_ int, e *engine.JournalEvent) { tally(targets, e) })
	if err != nil {
		return err
	}
	agreed := fmt.Sprintf("all %s rounds agree with the journal's checksums", comma(sum.Rounds))
	if sum.Rounds == 0 {
		agreed = "nothing is decided in it that could be held against a checksum"
	}
	fmt.Fprintf(out, "%s operations on %s targets, %s decisions in %d shards: %s\n",
		comma(sum.Operations), comma(len(targets)), comma(sum.Decisions), sum.Shards, agreed)
	if sum.Truncated {
		fmt.Fprintln(out, "the journal ends within a block: what came after it is not there")
	}
	if sum.Lost > 0 {
		fmt.Fprintf(out, "%d shards' journals end early: their writer could not keep up\n", sum.Lost)
	}
	hottest := byOperations(targets)
	switch f.Target {
	case "":
		top(out, hottest[:min(len(hottest), f.Top)])
		return nil
	case "hottest":
		if len(hottest) == 0 {
			return fmt.Errorf("there is no target in %s", f.File)
		}
		return f.tell(out, hottest[0].target)
	}
	target, err := uuid.Parse(f.Target)
	if err != nil {
		return fmt.Errorf("--target: want a UUID or hottest: %w", err)
	}
	if targets[target] == nil {
		return fmt.Errorf("--target: %v is not in %s; without --target the hottest are named", target, f.File)
	}
	return f.tell(out, target)
}

func (f *replayFlags) read(see func(int, *engine.JournalEvent)) (engine.JournalSummary, error) {
	file, err := os.Open(f.File)
	if err != nil {
		return engine.JournalSummary{}, err
	}
	defer file.Close()
	return engine.ReadJournal(file, see)
}

// activity is what happened at a target.
type activity struct {
	target                uuid.UUID
	operations, decisions int
}

func tally(targets map[uuid.UUID]*activity, e *engine.JournalEvent) {
	at := func(target uuid.UUID) *activity {
		a := targets[target]
		if a == nil {
			a = &activity{target: target}
			targets[target] = a
		}
		return a
	}
	switch e.Kind {
	case shard.EventStaged:
		at(e.Op.Target).operations++
	case shard.EventDecided:
		at(e.Decision.Target).decisions++
	}
}

func byOperations(targets map[uuid.UUID]*activity) []*activity {
	var all []*activity
	for _, a := range targets {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b *activity) int {
		if a.operations != b.operations {
			return b.operations - a.operations
		}
		return slices.Compare(a.target[:], b.target[:])
	})
	return all
}

func top(out io.Writer, hottest []*activity) {
	fmt.Fprintf(out, "\nhottest targets                        operations   decisions\n")
	for _, a := range hottest {
		fmt.Fprintf(out, "  %v %10s  %10s\n", a.target, comma(a.operations), comma(a.decisions))
	}
	fmt.Fprintln(out, "\ntell one's history with --target UUID, or --target hottest")
}

// tell plays the journal again for one target's history: in the order of time, since an
// operation can be staged for the next window before the one before is decided.
func (f *replayFlags) tell(out io.Writer, target uuid.UUID) error {
	type moment struct {
		at   int64
		line string
	}
	var history []moment
	_, err := f.read(func(shard int, e *engine.JournalEvent) {
		for _, line := range story(shard, e, target) {
			history = append(history, moment{e.At, line})
		}
	})
	slices.SortStableFunc(history, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	fmt.Fprintf(out, "\nhistory of %v\n", target)
	for _, m := range history {
		fmt.Fprintf(out, "%14v  %s\n", time.Duration(m.at).Round(time.Microsecond), m.line)
	}
	return err
}

// story says in words what an event means for a target; nothing if it does not
// concern it.
func story(index int, e *engine.JournalEvent, target uuid.UUID) []string {
	switch {
	case e.Kind == shard.EventStaged && e.Op.Target == target:
		return []string{staged(index, e)}
	case e.Kind == shard.EventDismissed && e.Dismissal.Target == target:
		return []string{dismissed(index, e.Dismissal)}
	case e.Kind == shard.EventDecided && e.Decision.Target == target:
		return decided(e.Decision)
	case e.Kind == shard.EventEnded && e.Ended.Target == target:
		return []string{fmt.Sprintf("ended      the winner with token %d", e.Ended.Token)}
	case e.Kind == shard.EventPreempted && e.Preempted.Target == target:
		return []string{fmt.Sprintf("preempted  the winner with token %d is to make way", e.Preempted.Token)}
	case e.Kind == shard.EventLocked && (e.Lock.All || e.Lock.Target == target):
		return []string{fmt.Sprintf("locked     by %q below priority %d", e.Lock.Name, e.Lock.Below)}
	}
	return nil
}

// who names an operation.
func who(index int, s engine.Standing) string {
	switch {
	case s.Ticket == nil:
		return fmt.Sprintf("tag %d", s.ID)
	case s.Name() == "":
		return fmt.Sprintf("%d/%d", index, s.ID)
	}
	return fmt.Sprintf("%q (%d/%d)", s.Name(), index, s.ID)
}

func staged(index int, e *engine.JournalEvent) string {
	s := engine.Standing{Ticket: e.Op.Ticket, ID: e.Sequence}
	return fmt.Sprintf("staged     %s, priority %d", who(index, s), e.Op.Priority)
}

func dismissed(index int, d *engine.Dismissal) string {
	line := fmt.Sprintf("%-10s %s, priority %d", d.Outcome, who(index, d.Op), d.Op.Priority)
	switch d.Outcome {
	case engine.Lost:
		return line + fmt.Sprintf(", early, to %d/%d with priority %d", index, d.Leader.ID, d.Leader.Priority)
	case engine.Masked:
		return line + fmt.Sprintf(", by the lock %q", d.Lock)
	}
	return line
}

func decided(d *engine.Decision) (lines []string) {
	index := int(d.Shard)
	var extra []string
	for _, n := range []struct {
		what  string
		count int
	}{{"try again", d.Retried}, {"lost early", d.Early}, {"folded", d.Folded}} {
		if n.count > 0 {
			extra = append(extra, fmt.Sprintf("%d %s", n.count, n.what))
		}
	}
	head := fmt.Sprintf("decided    number %d, a window of %v: %d contended", d.Number, time.Duration(d.Closed-d.Opened).Round(time.Microsecond), d.Contenders)
	if len(extra) > 0 {
		head += " (" + strings.Join(extra, ", ") + ")"
	}
	if err := d.Fault(); err != nil {
		head += "; " + err.Error()
	}
	lines = append(lines, head)
	for m := range d.All() {
		line := fmt.Sprintf("             %-8s %s, priority %d", d.OutcomeOf(m), who(index, m), m.Priority)
		if d.OutcomeOf(m) == engine.Lost {
			line += fmt.Sprintf(", margin %d to the winner", int64(d.Winner.Priority)-int64(m.Priority))
		}
		lines = append(lines, line)
	}
	return lines
}

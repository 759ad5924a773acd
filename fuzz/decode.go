package fuzz

import (
	"time"

	"github.com/google/uuid"

	"example.com/contend/fuzz/model"
)

// farthest is where a program's time stops: beyond it only windows and pauses
// end.
const farthest = 10 * 24 * 365 * time.Hour

// decoder reads a program.
type decoder struct {
	code    []byte
	program Program
	calm    bool
	locks   bool
	targets byte // how many

	now          int64
	staged       uint64
	withdrawable []uint64
	exclusive    bool
	closed       bool
}

// stepBytes is how many bytes an instruction takes.
const stepBytes = 5

// Decode reads a program from any bytes: two with what concerns all of it, two
// for each set of rules, and five for each instruction.
//
//	sets, targets, calm, abandon, plain | limit, locks, carried, fence
//	winner, early, exclusive | idle, size, decisive, preempt
//	kind and gap | target and priority | window and stamp | retry | fold, deadline, undecided
func Decode(code []byte) *Program {
	d := decoder{code: code}
	d.header(d.next(), d.next())
	for len(d.code) >= stepBytes {
		d.step([stepBytes]byte(d.code))
		d.code = d.code[stepBytes:]
	}
	return &d.program
}

// next takes a byte, 0 if there is none.
func (d *decoder) next() (b byte) {
	if len(d.code) > 0 {
		b, d.code = d.code[0], d.code[1:]
	}
	return b
}

func (d *decoder) header(general, limit byte) {
	d.targets = [4]byte{1, 2, 4, 32}[general>>2&3]
	d.calm = general&0x10 != 0
	d.program.Abandon = general&0x20 != 0
	if limit&8 != 0 {
		d.program.Limit = 3 + int(limit&7)
	}
	d.locks = limit&0x10 != 0
	d.program.Carried = limit&0x40 != 0
	if limit&0x80 != 0 {
		d.program.Fence = 1 << 40
	}
	if general>>6 == 0 {
		return // plain rules only
	}
	for range 1 + general&3 {
		r := d.rules(d.next(), d.next())
		d.program.Rules = append(d.program.Rules, r)
		d.exclusive = d.exclusive || r.Exclusive
	}
}

func (d *decoder) rules(who, when byte) RuleSet {
	r := winners[who&0x0f]
	r.Early = who&0x10 != 0 && r.Choosing == NoChoice
	if r.Early {
		r.RunnersUp = [4]int{0, 0, 1, 3}[who>>5&3]
	}
	r.Exclusive = who&0x80 != 0
	r.Idle = idles[when&3]
	r.Size = sizes[when>>2&3]
	r.Decisive = decisives[when>>4&3]
	r.Preempt = when>>6 != 0 && r.Exclusive && r.Decisive != 0
	return r
}

// step reads an instruction.
func (d *decoder) step(code [stepBytes]byte) {
	what, who, how := code[0], code[1], code[2]
	s := Step{Kind: Advance, Decide: true}
	kind := what & 0x0f
	switch {
	case kind < 8 && !d.closed:
		s.Kind, s.Form = Stage, Form(kind%3)
	case kind < 10 && len(d.withdrawable) > 0:
		// Counted from the latest, most of whom are undecided.
		back := int(who) % len(d.withdrawable)
		s.Kind, s.ID = Withdraw, d.withdrawable[len(d.withdrawable)-1-back]
	case kind < 12:
	case kind < 14 && d.exclusive:
		s.Kind, s.Held, s.Stale = End, int(who), how&3 == 0
	case kind == 14 && d.locks:
		s.Kind = Lock
	case kind == 15 && who >= 0x80 && who < 0xf8:
		s.Kind, s.Target = Clear, uuid.UUID{who & 0x1f % d.targets}
	case kind == 15 && who >= 0xf8:
		s.Kind = Close
		d.closed = true
	}
	s.Now = d.pass(s.Kind, what>>4)
	switch s.Kind {
	case Stage:
		s.Op = d.op(s.Form, code)
	case Lock:
		d.lock(&s, who, how)
	}
	switch s.Kind {
	case Advance:
	case End:
		s.Decide = code[4]>>6 > 1
	default:
		s.Decide = code[4]>>6 != 3
	}
	d.program.Steps = append(d.program.Steps, s)
}

// pass lets some time pass before a step.
func (d *decoder) pass(k Kind, gap byte) int64 {
	switch {
	case d.now >= int64(farthest):
	case !d.calm:
		d.now += int64(gaps[gap])
	case k == Advance:
		d.now += int64(calmGaps[gap])
	default:
		d.now += int64(calmGaps[gap&7])
	}
	return d.now
}

func (d *decoder) op(form Form, code [stepBytes]byte) model.Op {
	who, how := code[1], code[2]
	target := who & 0x1f % d.targets
	op := model.Op{
		ID: d.staged, Target: uuid.UUID{target},
		Priority: priorities[who>>5],
		At:       d.stamp(how >> 4),
		Window:   int64(windows[how&0x0f]),
	}
	if d.calm {
		op.Window = int64(calmWindows[how&0x0f])
	}
	if sets := len(d.program.Rules); sets > 0 {
		op.Rules = 1 + int(target)%sets
		if how>>4 == 9 { // now and then other rules than the target's
			op.Rules = int(code[3]) % (sets + 1)
		}
	}
	if form != Tagged {
		op.Withdrawable = form == Withdrawable
		op.Retry = d.retry(code[3])
		op.Fold = max(0, int(code[4]&3)-1)
		op.Deadline = deadlines[code[4]>>2&3]
	}
	if form == Withdrawable {
		d.withdrawable = append(d.withdrawable, d.staged)
	}
	d.staged++
	return op
}

func (d *decoder) retry(choice byte) *model.Retry {
	r := backoffs[choice>>2&7]
	r.Limit = [4]int{0, 0, 1, 3}[choice&3]
	if r.Limit == 0 && choice&1 == 0 {
		return nil
	}
	if d.program.Abandon && r.MaxBackoff == time.Second {
		r.MaxBackoff = 0 // for ever
	}
	r.Step = steps[choice>>5]
	return &r
}

func (d *decoder) lock(s *Step, who, how byte) {
	id := uint64(how & 3)
	if how>>2&3 == 0 {
		s.Kind, s.ID = Unlock, id
		return
	}
	s.Lock = model.Lock{
		ID: id, Name: [4]string{"a", "b", "c", "d"}[id],
		All:     how>>2&3 == 1,
		Below:   priorities[who>>5],
		Expires: d.now + int64(gaps[how>>4]), Stay: how>>4 == 15,
	}
	if !s.Lock.All {
		s.Lock.Target = uuid.UUID{who & 0x1f % d.targets}
	}
}

// stamp is when an operation was submitted that is staged now: mostly not
// known, else some time ago.
func (d *decoder) stamp(choice byte) int64 {
	switch {
	case choice < 10:
		return -1
	case d.calm:
		return max(0, d.now-int64(calmGaps[choice-8])) // at most 2 ms
	}
	return max(0, d.now-int64(gaps[choice]))
}

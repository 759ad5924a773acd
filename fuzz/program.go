package fuzz

import (
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"

	"example.com/contend/fuzz/model"
)

// Kind is what a step does.
type Kind uint8

const (
	// Stage stages an operation, now.
	Stage Kind = iota
	// Withdraw takes an operation back.
	Withdraw
	// Advance moves the time forward and decides.
	Advance
)

// Form is how an operation is staged.
type Form uint8

const (
	// Tagged operations have no ticket.
	Tagged Form = iota
	// Ticketed operations have one.
	Ticketed
	// Withdrawable operations have one that allows withdrawal.
	Withdrawable
)

// Step is one instruction of a program.
type Step struct {
	Kind Kind
	Now  int64 // never goes back

	Op   model.Op // Stage; IDs count from 0
	Form Form     // Stage
	ID   uint64   // Withdraw: of an operation that was staged as Withdrawable
}

// String returns the step as a line of a script.
func (s Step) String() string {
	now := time.Duration(s.Now)
	switch s.Kind {
	case Stage:
		return fmt.Sprintf("%s: stage %d form=%d target=%d prio=%d at=%d window=%s", now,
			s.Op.ID, s.Form, s.Op.Target[0], s.Op.Priority, s.Op.At, time.Duration(s.Op.Window))
	case Withdraw:
		return fmt.Sprintf("%s: withdraw %d", now, s.ID)
	case Advance:
		return fmt.Sprintf("%s: advance", now)
	}
	return fmt.Sprintf("kind %d", s.Kind)
}

// The values that bytes choose from: those where mistakes live, and a few
// plain ones.
var (
	priorities = [8]int32{5, 5, 8, 0, -1, math.MaxInt32, math.MinInt32, math.MinInt32 + 1}

	windows = [16]time.Duration{
		1, time.Microsecond, time.Millisecond - 1, time.Millisecond, time.Millisecond + 1,
		2 * time.Millisecond, 100 * time.Millisecond, 100 * time.Millisecond,
		255 * time.Millisecond, 256 * time.Millisecond, 257 * time.Millisecond,
		time.Minute, time.Hour, 5 * time.Hour, 24 * 365 * time.Hour, math.MaxInt64,
	}

	gaps = [16]time.Duration{
		0, 0, 1, 999, time.Microsecond, time.Millisecond - 1, time.Millisecond,
		time.Millisecond + 1, 10 * time.Millisecond, 99 * time.Millisecond,
		100 * time.Millisecond, 256 * time.Millisecond, time.Second, time.Minute,
		66 * time.Second, 5 * time.Hour,
	}
)

// farthest is where a program's time stops: beyond it only windows that never
// close are left.
const farthest = 100 * 24 * 365 * time.Hour

// Decode reads a program from any bytes. Every instruction takes three:
//
//	kind and gap | target, form and priority | window, stamp or operation
func Decode(code []byte) []Step {
	var steps []Step
	var withdrawable []uint64
	now, staged := int64(0), uint64(0)
	for ; len(code) >= 3; code = code[3:] {
		what, who, how := code[0], code[1], code[2]
		gap := int64(gaps[what>>4])
		if now < int64(farthest) {
			now += gap
		}
		step := Step{Now: now}
		switch kind := what & 0x0f; {
		case kind < 9:
			step.Kind, step.Form = Stage, Form(kind%3)
			step.Op = model.Op{
				ID: staged, Target: uuid.UUID{who & 0x1f},
				Priority: priorities[who>>5],
				At:       stamp(how>>4, now),
				Window:   int64(windows[how&0x0f]),
			}
			if step.Form == Withdrawable {
				withdrawable = append(withdrawable, staged)
			}
			staged++
		case kind < 12 && len(withdrawable) > 0:
			// Counted from the latest, most of whom are undecided.
			back := int(who) % len(withdrawable)
			step.Kind, step.ID = Withdraw, withdrawable[len(withdrawable)-1-back]
		default:
			step.Kind = Advance
		}
		steps = append(steps, step)
	}
	return steps
}

// stamp is when an operation was submitted that is staged now: mostly not
// known, else now or some time ago.
func stamp(choice byte, now int64) int64 {
	if choice < 10 {
		return -1
	}
	return max(0, now-int64(gaps[choice]))
}

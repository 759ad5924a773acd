package peers

import (
	"time"

	"github.com/google/uuid"
)

// Contestant decides between operations.
type Contestant interface {
	// Submit hands an operation over. It returns when the operation is accepted;
	// the op is told later.
	Submit(target uuid.UUID, priority int32, op *Op)
	// Close lets open windows close and returns when everything was told and
	// nothing is left of the contestant. No submission may be under way.
	Close()
}

// Config configures a contestant.
type Config struct {
	// Window is how long a target collects contenders.
	Window time.Duration
	// Shards is over how many goroutines targets are spread, where they are.
	Shards int
	// Decided, if set, is called once for each group, before its operations are
	// told, with the one that opened the window. It may be called concurrently.
	Decided func(first *Op, contenders int)
}

// Entry is a contestant of the roster.
type Entry struct {
	Name string
	New  func(Config) Contestant
	// Windowless means that windows are not those of the contract: they may close
	// early, and leave out what came before.
	Windowless bool
}

// Contend is the name of what is compared with the others.
const Contend = "contend"

// Roster returns all contestants, contend first.
func Roster() []Entry {
	return []Entry{
		{Name: Contend, New: newContend},
		{Name: "expert", New: func(c Config) Contestant { return newExpert(c, false) }},
		{Name: "expert-rows", New: func(c Config) Contestant { return newExpert(c, true) }},
		{Name: "afterfunc", New: func(c Config) Contestant { return newAfterFunc(c, 1) }},
		{Name: "afterfunc64", New: func(c Config) Contestant { return newAfterFunc(c, 64) }},
		{Name: "scan", New: newScan},
		{Name: "timingwheel", New: newTimingWheel},
		{Name: "actors", New: newActors},
		{Name: "streams", New: newStreams, Windowless: true},
	}
}

// Find returns the entry with a name.
func Find(name string) (Entry, bool) {
	for _, e := range Roster() {
		if e.Name == name {
			return e, true
		}
	}
	return Entry{}, false
}

// Nobody decides nothing: every operation is told at once that it has won. It is
// for measuring what submits.
type Nobody struct{}

// Submit tells the operation.
func (Nobody) Submit(_ uuid.UUID, priority int32, op *Op) {
	op.priority = priority
	op.tell(Verdict{Won: true, WinnerPriority: priority, Contenders: 1})
}

// Close does nothing.
func (Nobody) Close() {}

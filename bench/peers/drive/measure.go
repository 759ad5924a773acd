package drive

import (
	"fmt"
	"runtime"
)

// Measure makes a measurement, in this process.
func Measure(s Spec) (*Result, error) {
	if s.Procs > 0 {
		runtime.GOMAXPROCS(s.Procs)
	}
	measure, ok := kinds[s.Kind]
	if !ok {
		return nil, fmt.Errorf("drive: there is no measurement %q", s.Kind)
	}
	return measure(s)
}

// The kinds of measurement.
const (
	Callback = "Callback" // the whole job, told in the operation's memory
	Channel  = "Channel"  // told through a channel of the operation's own
	Blocking = "Blocking" // a goroutine waits for each
	Batch    = "Batch"    // submitted together, told by group
	Handles  = "Handles"  // contend's Submit
	Staged   = "Staged"   // everything submitted before the first window closes
	Highest  = "Highest"  // the highest rate that is kept up with
	Accept   = "Accept"   // how long submitting takes
	Idle     = "Idle"     // wake-ups with nothing to do
	Queue    = "Queue"    // the ring alone, and others
	Part     = "Part"     // one of the things that the whole is made of
)

var kinds = map[string]func(Spec) (*Result, error){
	Callback: measureCallback,
	Channel:  measureChannel,
	Blocking: measureBlocking,
	Batch:    measureBatch,
	Handles:  measureHandles,
	Staged:   measureStaged,
	Highest:  measureHighest,
	Accept:   measureAccept,
	Idle:     measureIdle,
	Queue:    measureQueue,
	Part:     measurePart,
}

package drive

import (
	"fmt"

	"example.com/contend/bench/peers"
)

// Those that decide nothing, and so are not in the roster.
const (
	Nobody = "nobody"     // tells at once, where it is submitted
	Waits  = "only-waits" // what only waits for a window, where goroutines do
	Wakes  = "only-wakes" // what only wakes when a window has passed, where operations are called back
)

// newContestant makes a contestant by name, from the roster or not.
func newContestant(by string, c peers.Config) (_ peers.Contestant, windowless bool, err error) {
	switch by {
	case Nobody:
		return peers.Nobody{}, false, nil
	case Waits:
		return peers.NewWaits(c), false, nil
	case Wakes:
		return peers.NewWakes(c), false, nil
	}
	entry, err := find(by)
	if err != nil {
		return nil, false, err
	}
	return entry.New(c), entry.Windowless, nil
}

// find returns the roster's entry with a name.
func find(name string) (peers.Entry, error) {
	entry, ok := peers.Find(name)
	if !ok {
		return entry, fmt.Errorf("drive: there is no contestant %q", name)
	}
	return entry, nil
}

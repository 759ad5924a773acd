package shard

// Tape stands between a core and the inputs that do not come through its
// methods, to write them down or to play them back.
type Tape interface {
	// check returns what a ticket's state word says.
	check(read func() bool) bool
	// ask returns what the user's policy says. If that fails, the fault is set:
	// by f, or from what was written down.
	ask(x *more, f func() int) int
}

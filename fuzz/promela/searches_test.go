package promela

// search is one run of the model checker.
type search struct {
	model   string
	defines []string
	// fair looks for cycles without progress, under weak fairness, instead of for
	// assertions and invalid end states.
	fair bool
	// finds is the violation that has to be found; empty for none.
	finds string
}

// What Spin calls a violation.
const (
	assertion  = "assertion violated"
	stuck      = "invalid end state"
	noProgress = "non-progress cycle"
)

// small are searched to the end in seconds, each time that the tests run.
var small = []search{
	{model: "ring", defines: []string{"PRODUCERS=1", "PUSHES=3"}},
	{model: "ring", defines: []string{"PRODUCERS=2", "BATCHES=2", "CAP=1", "RELEASE=1"}},
	{model: "ring", defines: []string{"PRODUCERS=2", "BATCHES=2", "CAP=4"}},
	{model: "ring", defines: []string{"PRODUCERS=2", "CLOSERS=2"}},
	{model: "ring", defines: []string{"PRODUCERS=2", "PUSHES=2", "CLOSERS=0"}},
	{model: "ring", defines: []string{"PRODUCERS=3"}},

	{model: "bell", defines: []string{"PRODUCERS=1", "PUSHES=3"}},
	{model: "bell", defines: []string{"PRODUCERS=1", "MAIL=1", "CLOSERS=1"}},
	{model: "bell", defines: []string{"PRODUCERS=2"}},
	{model: "bell", defines: []string{"PRODUCERS=2", "CLOSERS=1"}},

	{model: "room", defines: []string{"PRODUCERS=2", "OWNER=0", "DONE=1"}},
	{model: "room", defines: []string{"PRODUCERS=2", "OWNER=0", "CLOSERS=1"}},
	{model: "room", defines: []string{"PRODUCERS=2", "PUSHES=2"}},
	{model: "room", defines: []string{"PRODUCERS=2", "CLOSERS=1", "DONE=1"}},
	{model: "room", defines: []string{"PRODUCERS=3"}},
	{model: "room", defines: []string{"PRODUCERS=2"}, fair: true},

	{model: "ticket", defines: []string{"ROUNDS=2", "WITHDRAWERS=2", "LOOKS=1"}},
	{model: "ticket", defines: []string{"ROUNDS=3", "WITHDRAWERS=2", "LOOKS=2"}},
}

// large take from seconds to minutes, and are searched on demand.
var large = []search{
	{model: "ring", defines: []string{"PRODUCERS=2", "PUSHES=2", "BATCHES=1"}},
	{model: "ring", defines: []string{"PRODUCERS=3", "BATCHES=3"}},
	{model: "ring", defines: []string{"PRODUCERS=3", "BATCHES=1", "CAP=4", "CLOSERS=0"}},
	{model: "ring", defines: []string{"PRODUCERS=2", "PUSHES=3", "BATCHES=1"}},
	{model: "ring", defines: []string{"PRODUCERS=3", "CLOSERS=2"}},
	{model: "ring", defines: []string{"PRODUCERS=3", "PUSHES=2", "CLOSERS=0"}},
	{model: "ring", defines: []string{"PRODUCERS=4", "CLOSERS=0"}},

	{model: "bell", defines: []string{"PRODUCERS=2", "MAIL=1"}},
	{model: "bell", defines: []string{"PRODUCERS=2", "PUSHES=2"}},
	{model: "bell", defines: []string{"PRODUCERS=3"}},

	{model: "room", defines: []string{"PRODUCERS=3", "CLOSERS=1"}},
	{model: "room", defines: []string{"PRODUCERS=2", "PUSHES=3", "CAP=2"}},
	{model: "room", defines: []string{"PRODUCERS=2", "CLOSERS=1"}, fair: true},
	{model: "room", defines: []string{"PRODUCERS=3"}, fair: true},

	{model: "ticket", defines: []string{"ROUNDS=4", "WITHDRAWERS=3", "LOOKS=3"}},
}

// planted are bugs, each in the smallest configuration that shows it.
var planted = []search{
	{"ring", []string{"BUG_CLAIM_WITHOUT_SWAP"}, false, assertion},
	{"ring", []string{"BUG_CLOSE_IGNORED"}, false, assertion},
	{"ring", []string{"BUG_CLOSE_WITHOUT_SWAP"}, false, assertion},
	{"ring", []string{"BUG_FULL_IGNORED", "CAP=1", "RELEASE=1"}, false, assertion},
	{"ring", []string{"BUG_HEAD_BEFORE_CLEAR", "CAP=1", "RELEASE=1"}, false, assertion},
	{"ring", []string{"BUG_HEAD_FIRST", "CAP=1", "RELEASE=1"}, false, assertion},
	{"ring", []string{"BUG_HOLE_SKIPPED"}, false, assertion},
	{"ring", []string{"BUG_NOT_CLEARED"}, false, assertion},
	{"ring", []string{"BUG_PUBLISH_BEFORE_WRITE"}, false, assertion},

	{"bell", []string{"BUG_HOLE_IGNORED", "PRODUCERS=3"}, false, stuck},
	{"bell", []string{"BUG_HOLE_NOT_REARMED"}, false, stuck},
	{"bell", []string{"BUG_NOT_DUE_FOREVER"}, false, stuck},
	{"bell", []string{"BUG_NO_LOOK_AFTER_ARM"}, false, stuck},
	{"bell", []string{"BUG_NO_SECOND_LOOK"}, false, stuck},
	{"bell", []string{"BUG_PUBLISH_FIRST"}, false, stuck},
	{"bell", []string{"BUG_RING_BEFORE_CLOSE", "PRODUCERS=1", "CLOSERS=1"}, false, stuck},
	{"bell", []string{"BUG_RING_WITHOUT_SWAP"}, false, assertion},
	{"bell", []string{"BUG_WAITS_TOO_LATE", "PRODUCERS=1", "MAIL=1"}, false, stuck},

	{"room", []string{"BUG_CLOSING_IGNORED", "CLOSERS=1"}, false, stuck},
	{"room", []string{"BUG_DONE_IGNORED", "OWNER=0", "DONE=1"}, false, stuck},
	{"room", []string{"BUG_NOT_ADMITTED"}, true, noProgress},
	{"room", []string{"BUG_NO_LEAVE"}, false, assertion},
	{"room", []string{"BUG_NO_RING"}, false, stuck},
	{"room", []string{"BUG_RING_BEFORE_ENTER"}, false, stuck},
	{"room", []string{"BUG_SEAT_IS_SLOT"}, false, assertion},
	{"room", []string{"BUG_SLEEPS_ON_WAITERS"}, false, stuck},

	{"ticket", []string{"BUG_CANCEL_WITHOUT_SWAP"}, false, assertion},
	{"ticket", []string{"BUG_NOT_RELEASED"}, false, stuck},
	{"ticket", []string{"BUG_READ_AFTER_RELEASE"}, false, assertion},
	{"ticket", []string{"BUG_RELEASED_TOO_EARLY"}, false, assertion},
	{"ticket", []string{"BUG_SETTLE_WITHOUT_SWAP"}, false, assertion},
	{"ticket", []string{"BUG_WITHDRAW_FREES"}, false, assertion},
	{"ticket", []string{"BUG_WITHDRAW_WITHOUT_SWAP"}, false, assertion},
}

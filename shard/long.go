//go:build !explore

package shard

const (
	// longLook is how many operations to stage, or to tell, take so long that somebody
	// else has to wait at Go's poller meanwhile, and to tell, that others may be given the
	// processor. What a contender or a hook takes is not known, and not counted.
	longLook = 4096

	// settleAtOnce is how many operations are settled, which reads and writes their
	// tickets, before they are told: so that these are in the cache when they are.
	settleAtOnce = 4096

	// longTelling is after how many contenders a look has been telling for so long, about
	// a millisecond, that submissions go on meanwhile, and again after as many if a batch
	// has so many. They do not before: what a look has let in, the next one has to close,
	// and looks would grow.
	longTelling = 4 * longLook

	// largeGroups is how many contenders the groups of a look have on average if it is
	// worth while to close the rest in advance, which costs another way through memory.
	largeGroups = 8
)

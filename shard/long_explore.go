//go:build explore

package shard

// As in long.go, but so that looks are long in a simulation, too.
const (
	longLook     = 2
	longTelling  = 2 * longLook
	settleAtOnce = 2
	largeGroups  = 1
)

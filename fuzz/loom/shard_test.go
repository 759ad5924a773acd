//go:build explore

package loom

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var shardConfigurations = []configuration{
	shardWith(shardSizes{producers: 2, items: 1, slots: 4}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 2, slots: 8}, 8, 3),
	shardWith(shardSizes{producers: 3, items: 1, slots: 16, apart: true}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 16, apart: true, late: true}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 8, ordered: true}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 8, ordered: true, late: true}, 8, 3),
	shardWith(shardSizes{producers: 3, items: 1, slots: 16, ordered: true, late: true}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 1, how: waiting}, 8, 3),
	shardWith(shardSizes{producers: 3, items: 1, slots: 1, how: waiting, gives: true}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 1, how: leaving}, 8, 3),
	shardWith(shardSizes{producers: 3, items: 1, slots: 1, how: leaving}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 1, how: leaving, withdraws: true}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 1, how: leaving, withdraws: true, ends: closes}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 1, how: leaving, ends: closes}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 1, how: leaving, ends: aborts}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 1, how: mixed}, 8, 3),
	shardWith(shardSizes{producers: 3, items: 1, slots: 1, how: mixed, withdraws: true}, 8, 3),
	shardWith(shardSizes{producers: 3, items: 1, slots: 1, how: mixed, ends: closes}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 3, slots: 4, how: batch}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 4, withdraws: true}, 8, 3),
	shardWith(shardSizes{producers: 1, items: 2, slots: 4, withdraws: true, reuses: true}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 1, how: waiting, withdraws: true, ends: closes}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 4, ends: closes, ordered: true}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 1, how: waiting, ends: closes}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 4, ends: aborts, withdraws: true}, 8, 3),
	shardWith(shardSizes{producers: 1, items: 1, slots: 16, locks: true}, 8, 3),
	shardWith(shardSizes{producers: 1, items: 1, slots: 16, locks: true, ends: closes}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 2, slots: 16, exclusive: true}, 8, 3),
	shardWith(shardSizes{producers: 2, items: 1, slots: 16, exclusive: true, ends: closes}, 8, 3),
	shardWith(shardSizes{producers: 3, items: 1, slots: 16, retries: true, withdraws: true}, 8, 3),
}

func TestShard(t *testing.T) { explore(t) }

// shardSizes are a shard's users.
type shardSizes struct {
	producers, items int
	slots            int // of the ring
	how              how
	apart            bool // targets and windows: one for each producer, else one for all
	ordered          bool // events are compared, too: which call had returned when another began
	late             bool // time passes although threads can run
	withdraws        bool // somebody withdraws what producer 0 submits
	reuses           bool // producer 0 submits the same ticket again
	gives            bool // somebody lets producer 0 give up waiting
	locks            bool // somebody locks all targets, submits, unlocks, submits
	exclusive        bool // targets are; winners are ended by somebody
	retries          bool // losers try again once
	ends             ends
}

// how producers submit.
type how uint8

const (
	atOnce how = iota
	waiting
	leaving
	mixed // producer 1 as waiting, the others as leaving
	batch
)

// ends is how the shard ends.
type ends uint8

const (
	decided ends = iota // closed when everything was decided
	closes              // closed meanwhile
	aborts              // aborted meanwhile
)

func (z shardSizes) String() string {
	name := fmt.Sprintf("%dx%d,slots=%d", z.producers, z.items, z.slots)
	for _, option := range []struct {
		on   bool
		name string
	}{
		{z.how == waiting, "waits"}, {z.how == leaving, "leaves"}, {z.how == mixed, "mixed"}, {z.how == batch, "batches"}, {z.apart, "apart"}, {z.ordered, "ordered"},
		{z.late, "late"}, {z.withdraws, "withdraws"}, {z.reuses, "reuses"}, {z.gives, "gives up"}, {z.locks, "locks"},
		{z.exclusive, "exclusive"}, {z.retries, "retries"}, {z.ends == closes, "closes"}, {z.ends == aborts, "aborts"},
	} {
		if option.on {
			name += "," + option.name
		}
	}
	return strings.ReplaceAll(name, " ", "_")
}

func shardWith(z shardSizes, share, preemptions int) configuration {
	return configuration{z.String(), share, preemptions, false, func(w *World) func() { return newShardUsers(w, z).check }}
}

const (
	window   = 10 * time.Millisecond
	lateness = window // that the clock adds, if it does: a window is due at once

	// lookEvery is how long an owner takes at most to look again on its own, with
	// somebody in its waiting room: package shard's.
	lookEvery = time.Millisecond
)

// windowOf is the window of what a producer submits.
func (z *shardSizes) windowOf(p int) time.Duration {
	if z.apart && p == z.producers-1 {
		return window / 5
	}
	return window
}

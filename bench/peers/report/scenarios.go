package main

import (
	"time"

	"example.com/contend/bench"
	"example.com/contend/bench/peers/drive"
)

// The home scenario.
const (
	homeTargets = 10_000
	homeRate    = bench.Rate(300_000)
	homeFlight  = 30_000
	million     = 1_000_000
	window      = 100 * time.Millisecond

	// flatOutFlight is about as much as flat out holds in flight: a window of the 2 to 5
	// million operations a second that contend takes here. What is in flight does not fit
	// into a core's own cache then. Whoever met the bars would have more.
	flatOutFlight = 400_000
)

// scenarios makes specs.
type scenarios struct{ seed uint64 }

// flat is the whole job flat out, from which the others differ: one producer, one
// shard where there are shards.
func (c scenarios) flat(targets int, skew bench.Skew) drive.Spec {
	return drive.Spec{
		Kind: drive.Callback, Targets: targets, Skew: skew, Rate: bench.FlatOut,
		Producers: 1, Shards: 1, Procs: 2, Window: window, Duration: 300 * time.Millisecond, Seed: c.seed,
	}
}

// home is the home scenario.
func (c scenarios) home() drive.Spec {
	s := c.flat(homeTargets, bench.Threes)
	s.Rate, s.Duration = homeRate, time.Second
	return s
}

// waitingFor is for how long waiting goroutines are measured: ten windows.
const waitingFor = time.Second

func (c scenarios) blocking(waiters int) drive.Spec {
	s := c.flat(homeTargets, bench.Threes)
	s.Kind, s.InFlight, s.Duration = drive.Blocking, waiters, waitingFor
	return s
}

// staged has n operations in flight, three for each target.
func (c scenarios) staged(n int) drive.Spec {
	s := c.flat(n/3, bench.Threes)
	s.Kind, s.InFlight, s.Duration = drive.Staged, n, 0
	s.Window = min(max(300*time.Millisecond, time.Duration(n)*4*time.Microsecond), 20*time.Second)
	return s
}

func (c scenarios) batch(targets int, skew bench.Skew) drive.Spec {
	s := c.flat(targets, skew)
	s.Kind = drive.Batch
	return s
}

func (c scenarios) highest() drive.Spec {
	s := c.flat(homeTargets, bench.Threes)
	s.Kind = drive.Highest
	return s
}

func (c scenarios) accept() drive.Spec {
	s := c.flat(homeTargets, bench.Threes)
	s.Kind = drive.Accept
	return s
}

func (c scenarios) idle() drive.Spec {
	s := c.flat(1, bench.Hot)
	s.Kind, s.Duration = drive.Idle, 2100*time.Millisecond
	return s
}

func (c scenarios) part(targets int, skew bench.Skew) drive.Spec {
	s := c.flat(targets, skew)
	s.Kind, s.Shards, s.Procs, s.Duration = drive.Part, 0, 1, 120*time.Millisecond
	return s
}

// shards is the whole job with as many producers as shards.
func (c scenarios) shards(n int) drive.Spec {
	s := c.flat(homeTargets, bench.Uniform)
	s.Producers, s.Shards = 2, n
	return s
}

func (c scenarios) queue(producers int) drive.Spec {
	return drive.Spec{Kind: drive.Queue, Rate: bench.FlatOut, Producers: producers, Procs: 2, Duration: 80 * time.Millisecond}
}

package main

import (
	"errors"
	"fmt"
	"time"

	"example.com/contend/bench"
)

// flags are the command line.
type flags struct {
	Listen   string        `help:"Where to answer who watches." default:"localhost:8080" placeholder:"ADDR"`
	Duration time.Duration `help:"How long to run; 0 means until Ctrl-C." default:"0s"`

	Calm         time.Duration `help:"How long each calm phase takes." default:"5s" group:"Load"`
	CalmRate     bench.Rate    `help:"Operations per second meanwhile." default:"20k" group:"Load"`
	Overload     time.Duration `help:"How long each overload takes." default:"3s" group:"Load"`
	OverloadRate bench.Rate    `help:"Operations per second meanwhile." default:"150k" group:"Load"`
	Targets      int           `help:"How many targets to contend for." default:"10000" group:"Load"`
	Skew         bench.Skew    `help:"How operations are spread over targets: threes, uniform, zipf or hot." default:"zipf" group:"Load"`
	Seed         uint64        `help:"Decides targets and priorities." group:"Load"`

	Window        time.Duration `help:"How long a target collects contenders." default:"100ms" group:"Engine"`
	DegradedAbove int           `help:"Operations staged beyond which health is degraded." default:"4000" group:"Engine"`
	MaxStaged     int           `help:"Operations that each of the two shards may hold; more are refused." default:"4000" group:"Engine"`
}

// validate returns an error that says what to change. Beside what can be run at all,
// the phases have to show what they are for: that health is degraded in an overload,
// and only there.
func (f *flags) validate() error {
	switch {
	case f.Duration < 0:
		return errors.New("--duration must be positive, for instance 20s, or 0 to run until Ctrl-C")
	case f.Calm < bench.Burst || f.Overload < bench.Burst:
		return fmt.Errorf("--calm and --overload must be %v at least, for instance 5s and 3s", bench.Burst)
	case f.CalmRate == bench.FlatOut || f.OverloadRate == bench.FlatOut:
		return errors.New("--calm-rate and --overload-rate must be numbers, for instance 20k and 150k: a service is not asked flat-out")
	case f.Targets <= 0:
		return errors.New("--targets must be positive, for instance 10000")
	case f.Window <= 0:
		return errors.New("--window must be positive, for instance 100ms")
	case f.DegradedAbove <= 0:
		return errors.New("--degraded-above must be positive, for instance 4000")
	case f.MaxStaged <= f.DegradedAbove/shards:
		return fmt.Errorf("--max-staged %d in each of %d shards never is more than --degraded-above %d: use %d at least",
			f.MaxStaged, shards, f.DegradedAbove, f.DegradedAbove/shards+1)
	}
	if _, most := f.staged(f.CalmRate); most > f.DegradedAbove {
		return fmt.Errorf("--calm-rate %v keeps up to %d operations staged, more than --degraded-above %d: lower the rate, or raise the bound",
			f.CalmRate, most, f.DegradedAbove)
	}
	if least, most := f.staged(f.OverloadRate); least <= f.DegradedAbove {
		return fmt.Errorf("--overload-rate %v keeps only %d to %d operations staged, which need not be more than --degraded-above %d: raise the rate, or lower the bound",
			f.OverloadRate, least, most, f.DegradedAbove)
	}
	return f.workload().Validate()
}

// staged returns how many operations a rate keeps staged, refusals apart: those of a
// whole window if each of them opens one, about half as many if nearly all come into
// one that is open.
func (f *flags) staged(r bench.Rate) (least, most int) {
	most = int(float64(r) * f.Window.Seconds())
	return most / 2, most
}

// workload is what is submitted; when, the phases say.
func (f *flags) workload() bench.Workload {
	return bench.Workload{
		Rate: f.OverloadRate, Operations: bench.Endless,
		Targets: f.Targets, Skew: f.Skew, Seed: f.Seed, Window: f.Window,
	}
}

// phases are those of the load.
func (f *flags) phases() phases {
	return phases{{"calm", f.CalmRate, f.Calm}, {"overload", f.OverloadRate, f.Overload}}
}

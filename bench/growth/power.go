package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"example.com/contend/bench"
	"example.com/contend/bench/growth/point"
	"example.com/contend/engine"
	"github.com/google/uuid"
)

// powerCommand counts wake-ups.
type powerCommand struct {
	Duration time.Duration `help:"How long each measurement takes." default:"5s"`
	Rounds   int           `help:"How often each is taken." default:"3"`
}

const powerArgument = "measure-power"

// powerRun is what a child is asked for: Rate operations per second, of which the
// engine gets none if Dry. Rate 0 is an engine at rest, or no engine if Dry.
type powerRun struct {
	Rate     int64
	Dry      bool
	Duration time.Duration
}

// power is what it found, per second.
type power struct {
	CPU    float64 // seconds
	Waits  float64 // times that a thread gave up its processor of its own will, and was woken
	Sleeps float64 // times that the engine slept with a timer
	Late   float64 // p99 lateness, seconds
}

// Run measures each rate with and without the engine, interleaved.
func (c *powerCommand) Run(s *surroundings) error {
	if c.Duration <= 0 || c.Rounds <= 0 {
		return usageError{fmt.Errorf("--duration and --rounds must be positive")}
	}
	rates := []int64{0, 1_000, 300_000}
	wet, dry := make([][]power, len(rates)), make([][]power, len(rates))
	for range c.Rounds {
		for i, rate := range rates {
			for _, isDry := range []bool{false, true} {
				var p power
				if err := point.Child(s, powerArgument, nil, powerRun{rate, isDry, c.Duration}, &p); err != nil {
					return err
				}
				if isDry {
					dry[i] = append(dry[i], p)
				} else {
					wet[i] = append(wet[i], p)
				}
			}
		}
	}
	fmt.Fprintln(s.out, "| operations/s | the engine's timers, per s | waits of threads, per s | of the generator alone | CPU, ms per s | of the generator alone | net, share of a core | p99 lateness |\n|---|---|---|---|---|---|---|---|")
	for i, rate := range rates {
		cpu := func(p power) float64 { return 1e3 * p.CPU }
		waits := func(p power) float64 { return p.Waits }
		engine, alone := powers(wet[i]), powers(dry[i])
		fmt.Fprintf(s.out, "| %d | %.0f | %s | %s | %s | %s | %.2f %% | %.1f ms |\n", rate,
			engine.of(func(p power) float64 { return p.Sleeps }).Median,
			spread("%.0f", engine.of(waits)), spread("%.0f", alone.of(waits)),
			spread("%.2f", engine.of(cpu)), spread("%.2f", alone.of(cpu)),
			(engine.of(cpu).Median-alone.of(cpu).Median)/10,
			1e3*engine.of(func(p power) float64 { return p.Late }).Median)
	}
	if n := powers(wet[0]).of(func(p power) float64 { return p.Sleeps }).Most; n > 0 {
		return fmt.Errorf("an engine at rest slept with a timer, %v times per second", n)
	}
	return nil
}

type powers []power

func (all powers) of(figure func(power) float64) point.Spread {
	var values []float64
	for _, p := range all {
		values = append(values, figure(p))
	}
	return point.NewSpread(values)
}

// powerMain is a child.
func powerMain(ctx context.Context, in io.Reader, out io.Writer) error {
	var run powerRun
	if err := json.NewDecoder(in).Decode(&run); err != nil {
		return err
	}
	p, err := run.measure(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(p)
}

func (r *powerRun) measure(ctx context.Context) (power, error) {
	if r.Rate == 0 {
		return r.rest()
	}
	begun, waits := time.Now(), threadWaits()
	report, err := bench.Run(ctx, bench.Workload{Rate: bench.Rate(r.Rate), Duration: r.Duration}, bench.Options{Dry: r.Dry})
	if err != nil {
		return power{}, err
	}
	seconds := time.Since(begun).Seconds()
	return power{
		CPU:    report.CPU.Total().Seconds() / seconds,
		Waits:  float64(threadWaits()-waits) / seconds,
		Sleeps: float64(report.Stats.Sleeps) / seconds,
		Late:   report.Lateness.P99.Seconds(),
	}, nil
}

// settle is how long the language's runtime needs to come to rest as well.
const settle = 2 * time.Second

// rest has an engine that was used once, and then nothing.
func (r *powerRun) rest() (p power, err error) {
	var e *engine.Engine
	var sleeps uint64
	if !r.Dry {
		e, err = engine.New(engine.Config{Window: 10 * time.Millisecond, Registry: engine.Discard})
		if err != nil {
			return p, err
		}
		defer e.Stop(context.Background())
		_, err = engine.Do(context.Background(), e, engine.Op{Target: uuid.Max}, func(context.Context) (int, error) { return 0, nil })
		if err != nil {
			return p, err
		}
	}
	time.Sleep(settle)
	if e != nil {
		sleeps = e.Stats().Sleeps
	}
	begun, waits, cpu := time.Now(), threadWaits(), bench.ProcessCPU()
	time.Sleep(r.Duration)
	seconds := time.Since(begun).Seconds()
	p = power{
		CPU:   bench.ProcessCPU().Sub(cpu).Total().Seconds() / seconds,
		Waits: float64(threadWaits()-waits) / seconds,
	}
	if e != nil {
		p.Sleeps = float64(e.Stats().Sleeps-sleeps) / seconds
	}
	return p, nil
}

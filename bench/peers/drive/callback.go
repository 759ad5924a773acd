package drive

import (
	"runtime"
	"sync"
	"time"

	"example.com/contend/bench"
	"example.com/contend/bench/peers"
)

// run is a workload played through callbacks.
type run struct {
	spec       Spec
	workload   bench.Workload
	contestant peers.Contestant
	windowless bool
	start      time.Time
	producers  []*producer
	recorder   *recorder // nil when flat out
}

// producer submits the operations of one stream.
type producer struct {
	run    *run
	stream *bench.Stream
	lines  *lines
	count  int64
}

// flatOutBurst is how many operations are submitted between two looks at the clock.
const flatOutBurst = 256

func newRun(s Spec) (*run, error) {
	w, err := s.workload()
	if err != nil {
		return nil, err
	}
	r := &run{spec: s, workload: w}
	config := peers.Config{Window: w.Window, Shards: s.Shards}
	if w.Rate != bench.FlatOut {
		r.recorder = &recorder{run: r, lateness: bench.NewLateness()}
		config.Decided = r.recorder.decided
	}
	for _, stream := range w.Streams() {
		r.producers = append(r.producers, &producer{run: r, stream: stream, lines: newLines(w.Producers)})
	}
	if s.By == Nobody {
		r.contestant = peers.Nobody{}
		return r, nil
	}
	entry, err := find(s.By)
	if err != nil {
		return nil, err
	}
	r.windowless = entry.Windowless
	r.contestant = entry.New(config)
	return r, nil
}

// measureCallback plays the whole job: every operation is told in memory of its own.
func measureCallback(s Spec) (*Result, error) {
	r, err := newRun(s)
	if err != nil {
		return nil, err
	}
	result := &Result{}
	own := r.bytes()
	runtime.GC()
	m := startMeter()
	r.start = time.Now()
	r.produce()
	r.contestant.Close()
	result.Operations = r.count()
	m.stop(result, r.bytes()-own, r.workload.Window)
	r.settle(result)
	return result, nil
}

func (r *run) produce() {
	var producing sync.WaitGroup
	for _, p := range r.producers {
		producing.Go(func() {
			if r.workload.Rate == bench.FlatOut {
				p.flatOut()
			} else {
				p.openLoop()
			}
		})
	}
	producing.Wait()
}

func (r *run) bytes() (n int64) {
	for _, p := range r.producers {
		n += p.lines.bytes()
	}
	return n
}

func (r *run) count() (n int64) {
	for _, p := range r.producers {
		n += p.count
	}
	return n
}

// settle looks whether everybody was told, and what.
func (r *run) settle(result *Result) {
	var won, told, untold, wrong int64
	for _, p := range r.producers {
		untold += p.lines.settle()
		won += p.lines.won
		wrong += p.lines.wrong
		told += p.lines.won + p.lines.lost + p.lines.wrong
	}
	if untold > 0 || told != r.count() {
		result.fault("%d operations were submitted, %d told, %d not", r.count(), told, untold)
	}
	if wrong > 0 || r.count() > 0 && won == 0 {
		result.fault("%d operations were told what cannot be right, %d that they won", wrong, won)
	}
	if r.recorder == nil || r.windowless || r.spec.By == Nobody {
		return
	}
	summary := r.recorder.lateness.Summary()
	result.addLateness(summary)
	if summary.Early > 0 {
		result.fault("%d operations were decided early", summary.Early)
	}
}

// flatOut submits as fast as the contestant takes it, until the time is over.
func (p *producer) flatOut() {
	for p.stream.Left() > 0 && time.Since(p.run.start) < p.run.workload.Duration {
		n := min(flatOutBurst, p.stream.Left())
		p.submit(n)
	}
}

// openLoop submits what is due in bursts, one every millisecond, whatever became of
// those before.
func (p *producer) openLoop() {
	r := p.run
	mask := r.recorder.mask()
	for burst := int64(1); p.stream.Left() > 0; burst++ {
		at := time.Duration(burst) * bench.Burst
		if early := at - time.Since(r.start); early > 0 {
			time.Sleep(early)
		}
		due := int64(r.workload.Rate) * burst / int64(time.Second/bench.Burst)
		for p.stream.Index() < due && p.stream.Left() > 0 {
			sample := p.stream.Index()&mask == 0
			target, priority, _ := p.stream.Next()
			op := p.lines.take()
			op.Prepare(uint32(burst), sample)
			r.contestant.Submit(target, priority, op)
			p.count++
		}
	}
}

// recorder counts how late groups are decided: from the time at which the operation
// that opened the window was to be submitted.
type recorder struct {
	run      *run
	mu       sync.Mutex
	lateness *bench.Lateness
}

// mask says which operations are sampled: one in eight, where there are so many that
// the clock and the histogram would be a share of what is measured.
func (r *recorder) mask() int64 {
	if w := r.run.workload; w.Rate >= 100_000 && w.Targets >= 10_000 {
		return 7
	}
	return 0
}

func (r *recorder) decided(first *peers.Op, contenders int) {
	burst, sample := first.Burst()
	if !sample {
		return
	}
	due := time.Duration(burst)*bench.Burst + r.run.workload.Window
	late := time.Since(r.run.start) - due
	r.mu.Lock()
	r.lateness.RecordN(late, int64(contenders))
	r.mu.Unlock()
}

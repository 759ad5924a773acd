package drive

import (
	"runtime"
	"sync"
	"sync/atomic"
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
	warmUp     time.Duration // from the start, not measured
	measuring  chan struct{} // closed when the measurement has begun: no stream ends before
	before     int64         // operations submitted until then; set before it is closed
	producers  []*producer
	recorder   *recorder // nil when flat out
}

// producer submits the operations of one stream.
type producer struct {
	run    *run
	stream *bench.Stream
	lines  *lines

	// What the measuring goroutine looks at meanwhile.
	count atomic.Int64 // operations submitted
	bytes atomic.Int64 // of lines
}

// publish shows how far the producer has come.
func (p *producer) publish(submitted int64) {
	p.count.Add(submitted)
	p.bytes.Store(p.lines.bytes())
}

// flatOutBurst is how many operations are submitted between two looks at the clock.
const flatOutBurst = 256

// newRun makes a run that is measured when it has gone on for so many windows, and its
// contestant.
func newRun(s Spec, warm float64) (*run, error) {
	r, err := newRunAlone(s, warm)
	if err != nil {
		return nil, err
	}
	return r, r.admit()
}

// newRunAlone makes a run that has no contestant yet.
func newRunAlone(s Spec, warm float64) (*run, error) {
	warmUp := time.Duration(warm * float64(s.Window))
	s.Duration += warmUp
	w, err := s.workload()
	if err != nil {
		return nil, err
	}
	r := &run{spec: s, workload: w, warmUp: warmUp, measuring: make(chan struct{})}
	for _, stream := range w.Streams() {
		r.producers = append(r.producers, &producer{run: r, stream: stream, lines: newLines(w.Producers)})
	}
	return r, nil
}

// admit makes the contestant.
func (r *run) admit() (err error) {
	config := peers.Config{Window: r.workload.Window, Shards: r.spec.Shards}
	if r.workload.Rate != bench.FlatOut {
		r.recorder = &recorder{run: r, lateness: bench.NewLateness()}
		config.Decided = r.recorder.decided
	}
	r.contestant, r.windowless, err = newContestant(r.spec.By, config)
	return err
}

// measureCallback plays the whole job: every operation is told in memory of its own.
func measureCallback(s Spec) (*Result, error) {
	r, err := newRun(s, warmWindows)
	if err != nil {
		return nil, err
	}
	result := &Result{}
	runtime.GC()
	r.start = time.Now()
	produced := r.produce()
	time.Sleep(r.warmUp)
	own := r.bytes()
	r.before = r.count()
	m := startMeter()
	close(r.measuring)
	<-produced
	result.Operations = r.count() - r.before
	spent := m.read()
	spent.allocated -= r.bytes() - own
	spent.add(r.close(m.began))
	spent.addTo(result)
	r.settle(result)
	return result, nil
}

// close closes the contestant and returns what is to be counted of that: nothing, as a
// rule, since as much was in flight when the measurement began. But whoever lets operations
// wait without bound has put off their cost. That shows in how long it takes then, and
// belongs to the measurement as far as it was made in it.
func (r *run) close(measured time.Time) (late cost) {
	share := float64(time.Since(measured)) / float64(time.Since(r.start))
	m := startMeter()
	r.contestant.Close()
	if late = m.read(); late.wall < 2*r.workload.Window {
		return cost{}
	}
	return cost{
		wall: time.Duration(share * float64(late.wall-r.workload.Window)), cpu: time.Duration(share * float64(late.cpu)),
		allocated: int64(share * float64(late.allocated)), objects: int64(share * float64(late.objects)),
	}
}

// warmWindows is for how many windows a load goes on before it is measured: in the
// first, memory is made that is kept, and the second is the first that is full.
const warmWindows = 2.5

// produce begins to submit, and closes the channel when that ends.
func (r *run) produce() (produced chan struct{}) {
	produced = make(chan struct{})
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
	go func() {
		producing.Wait()
		close(produced)
	}()
	return produced
}

func (r *run) bytes() (n int64) {
	for _, p := range r.producers {
		n += p.bytes.Load()
	}
	return n
}

func (r *run) count() (n int64) {
	for _, p := range r.producers {
		n += p.count.Load()
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
	for time.Since(p.run.start) < p.run.workload.Duration {
		p.submit(flatOutBurst)
	}
	<-p.run.measuring
	p.submit(flatOutBurst)
	for p.run.tooFew() {
		p.submit(flatOutBurst)
	}
}

// Who is held up for long, by a million timers for instance, is measured longer: until
// there are so many operations, or for so much time more.
const (
	fewOperations = 300_000
	muchTime      = 2500 * time.Millisecond
)

// tooFew reports whether too few operations were measured yet, in the time of a workload
// that is meant to be measured.
func (r *run) tooFew() bool {
	return r.warmUp > 0 && r.count()-r.before < fewOperations && time.Since(r.start) < r.workload.Duration+muchTime
}

// openLoop submits what is due in bursts, one every millisecond, whatever became of
// those before.
func (p *producer) openLoop() {
	r := p.run
	mask := r.recorder.mask()
	sleeper := bench.NewSleeper()
	defer sleeper.Close()
	for burst := int64(1); p.stream.Left() > 0; burst++ {
		at := time.Duration(burst) * bench.Burst
		if early := at - time.Since(r.start); early > 0 {
			sleeper.Sleep(early)
		}
		if r.workload.Duration-at < 2*bench.Burst {
			<-r.measuring
		}
		due, submitted := int64(r.workload.Rate)*burst/int64(time.Second/bench.Burst), int64(0)
		for p.stream.Index() < due && p.stream.Left() > 0 {
			sample := p.stream.Index()&mask == 0
			target, priority, _ := p.stream.Next()
			op := p.lines.take()
			op.Prepare(uint32(burst), sample)
			r.contestant.Submit(target, priority, op)
			submitted++
		}
		p.publish(submitted)
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
	if due-r.run.workload.Window < r.run.warmUp {
		return
	}
	r.mu.Lock()
	r.lateness.RecordN(late, int64(contenders))
	r.mu.Unlock()
}

package live

import (
	"cmp"
	"slices"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

// update is what the page is told, as JSON.
type update struct {
	Name   string        `json:"name"`
	At     int64         `json:"at_ms"` // Unix time
	Every  int64         `json:"every_ms"`
	Health engine.Health `json:"health"`

	Staged  int    `json:"staged"`
	Windows int    `json:"windows"`
	Running int    `json:"running"`
	Bytes   int    `json:"bytes"`
	Totals  totals `json:"totals"`
	Rates   *rates `json:"rates"` // since the update before; null in the first

	// These are of the last ten updates; null if nothing was decided or executed.
	Lateness   *percentiles `json:"lateness"`
	Resolution *percentiles `json:"resolution"`
	Execution  *percentiles `json:"execution"`
	Contenders float64      `json:"contenders"` // per group, the mean; 0 if there was none

	Shards     []load     `json:"shards"` // the most loaded ones, by number
	ShardCount int        `json:"shard_count"`
	Hot        []hot      `json:"hot"`
	Conflicts  []conflict `json:"conflicts"`
	Partial    bool       `json:"partial"` // there were more conflicts than were watched
}

// totals count since the engine was made.
type totals struct {
	Staged    uint64 `json:"staged"`
	Decided   uint64 `json:"decided"`
	Groups    uint64 `json:"groups"`
	Conflicts uint64 `json:"conflicts"`
	Rejected  uint64 `json:"rejected"`
	Retried   uint64 `json:"retried"`
	Withdrawn uint64 `json:"withdrawn"`
	Refused   uint64 `json:"refused"`
	Completed uint64 `json:"completed"`
	Failed    uint64 `json:"failed"`
	Dropped   uint64 `json:"events_dropped"`
}

func totalsOf(s *engine.Stats) totals {
	return totals{
		Staged: s.Submitted,
		Decided: s.Won + s.Rejected + s.Folded + s.Masked + s.Displaced + s.Undecided + s.Cleared +
			s.Withdrawn,
		Groups: s.Won, Conflicts: s.Conflicts, Rejected: s.Rejected, Retried: s.Retried,
		Withdrawn: s.Withdrawn, Refused: s.Refused, Completed: s.Completed, Failed: s.Failed,
		Dropped: s.EventsDropped,
	}
}

// rates are per second.
type rates struct {
	Staged    float64 `json:"staged"`
	Decided   float64 `json:"decided"`
	Groups    float64 `json:"groups"`
	Conflicts float64 `json:"conflicts"`
	Rejected  float64 `json:"rejected"`
	Retried   float64 `json:"retried"`
	Refused   float64 `json:"refused"`
	Failed    float64 `json:"failed"`
}

// losing returns how many events a page's subscription is told.
func (r *rates) losing() float64 { return r.Rejected + r.Retried }

func ratesOf(now, before totals, elapsed time.Duration) *rates {
	per := func(now, before uint64) float64 { return float64(int64(now-before)) / elapsed.Seconds() }
	return &rates{
		Staged: per(now.Staged, before.Staged), Decided: per(now.Decided, before.Decided),
		Groups: per(now.Groups, before.Groups), Conflicts: per(now.Conflicts, before.Conflicts),
		Rejected: per(now.Rejected, before.Rejected), Retried: per(now.Retried, before.Retried),
		Refused: per(now.Refused, before.Refused), Failed: per(now.Failed, before.Failed),
	}
}

// percentiles are in milliseconds.
type percentiles struct {
	Count uint64  `json:"count"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p999_ms"`
}

func percentilesOf(h engine.Histogram) *percentiles {
	if h.Count == 0 {
		return nil
	}
	ms := func(q float64) float64 { return h.Quantile(q) * 1e3 }
	return &percentiles{h.Count, ms(0.5), ms(0.9), ms(0.99), ms(0.999)}
}

// load is what is staged in a shard.
type load struct {
	Shard  int `json:"shard"`
	Staged int `json:"staged"`
}

// mostShards is how many shards an update tells.
const mostShards = 16

func loadsOf(staged []int) []load {
	all := make([]load, len(staged))
	for i, n := range staged {
		all[i] = load{i, n}
	}
	if len(all) > mostShards {
		slices.SortStableFunc(all, func(a, b load) int { return cmp.Compare(b.Staged, a.Staged) })
		all = all[:mostShards]
		slices.SortFunc(all, func(a, b load) int { return cmp.Compare(a.Shard, b.Shard) })
	}
	return all
}

// hot is a much contended target.
type hot struct {
	Target     uuid.UUID `json:"target"`
	Shard      uint32    `json:"shard"`
	Operations uint64    `json:"operations"`
	Excess     uint64    `json:"excess"`
}

// look makes updates of an engine. It belongs to one page.
type look struct {
	engine  *engine.Engine
	options *Options
	past    []moment // the last ones, the latest last
}

// moment is what an engine had counted at a time.
type moment struct {
	at      int64 // by the engine's clock
	metrics engine.Metrics
}

// lookBack is over how many updates distributions are taken.
const lookBack = 10

// now looks at the engine.
func (l *look) now() *update {
	m := moment{l.engine.Now(), l.engine.Metrics()}
	u := &update{
		Name: l.options.Name, At: time.Now().UnixMilli(), Every: l.options.Every.Milliseconds(),
		Health: l.engine.Health(),
		Staged: m.metrics.Staged, Windows: m.metrics.Windows, Running: m.metrics.Running, Bytes: m.metrics.Bytes,
		Totals: totalsOf(&m.metrics.Stats),
		Shards: loadsOf(m.metrics.StagedIn), ShardCount: len(m.metrics.StagedIn),
		Hot: []hot{}, Conflicts: []conflict{},
	}
	for _, h := range l.engine.Hottest(l.options.Targets) {
		if h.Excess <= h.Operations/2 { // else it stands for all those that are not counted
			u.Hot = append(u.Hot, hot{h.Target, h.Shard, h.Operations, h.Excess})
		}
	}
	if n := len(l.past); n > 0 {
		before := &l.past[n-1]
		u.Rates = ratesOf(u.Totals, totalsOf(&before.metrics.Stats), time.Duration(max(1, m.at-before.at)))
		l.distributions(u, m.metrics.Sub(l.past[0].metrics))
	}
	if l.past = append(l.past, m); len(l.past) > lookBack {
		l.past = slices.Delete(l.past, 0, 1)
	}
	return u
}

func (l *look) distributions(u *update, m engine.Metrics) {
	u.Lateness, u.Resolution = percentilesOf(m.Lateness), percentilesOf(m.Resolution)
	u.Execution = percentilesOf(m.Execution)
	u.Contenders = m.Utilisation.Mean()
}

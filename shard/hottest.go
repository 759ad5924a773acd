package shard

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"
)

// hotHalfLife is how long it takes for a count of the hottest targets to be halved.
const hotHalfLife = int64(10 * time.Second)

// MaxHottest is how many targets can be counted.
const MaxHottest = 1 << 12

// Hot is a much contended target.
type Hot struct {
	Target uuid.UUID
	Shard  uint32
	// Operations is how many contended lately: counts are halved every ten
	// seconds. It is too high by up to Excess, and never too low by more than
	// halving rounds away.
	Operations, Excess uint64
}

// hottest counts the operations of the targets that get most, in little memory:
// Space-Saving (Metwally, Agrawal and El Abbadi 2005). A target that is not counted
// takes the place of the one with the lowest count and inherits that as its
// excess. So whatever has more than 1/size of all operations is there.
//
// The owner adds a group at a time, when it is decided; anyone may ask. Counts are
// in a heap, the lowest first.
type hottest struct {
	size int // 0: nothing is counted

	mu     mutex // guards what follows; taken by the owner once for a batch
	places map[uuid.UUID]int
	heap   []Hot
	halved int64 // when the counts were halved last
}

func newHottest(size int) *hottest {
	if size == 0 {
		return nil
	}
	return &hottest{size: min(size, MaxHottest), places: make(map[uuid.UUID]int)}
}

// count adds the groups of a batch.
func (h *hottest) count(batch []Decision, now int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.halve(now)
	for i := range batch {
		if d := &batch[i]; !d.Abandoned {
			h.add(&d.Target, d.Shard, uint64(d.Contenders))
		}
	}
}

func (h *hottest) add(target *uuid.UUID, shard uint32, n uint64) {
	at, ok := h.places[*target]
	switch {
	case ok:
	case len(h.heap) < h.size:
		at = len(h.heap)
		h.heap = append(h.heap, Hot{Target: *target, Shard: shard})
		h.places[*target] = at
		at = h.up(at)
	default:
		least := &h.heap[0]
		delete(h.places, least.Target)
		least.Target, least.Shard, least.Excess = *target, shard, least.Operations
		h.places[*target] = 0
	}
	h.heap[at].Operations += n
	h.down(at)
}

// halve makes old operations count less.
func (h *hottest) halve(now int64) {
	times := (now - h.halved) / hotHalfLife
	if times <= 0 { // negative: who asked before had read the clock later
		return
	}
	h.halved += times * hotHalfLife
	kept := h.heap[:0]
	for _, hot := range h.heap {
		hot.Operations >>= min(times, 63)
		hot.Excess >>= min(times, 63)
		if hot.Operations > 0 {
			kept = append(kept, hot)
		}
	}
	clear(h.heap[len(kept):])
	h.heap = kept
	clear(h.places)
	slices.SortFunc(h.heap, func(a, b Hot) int { return cmp.Compare(a.Operations, b.Operations) }) // a heap, too
	for i := range h.heap {
		h.places[h.heap[i].Target] = i
	}
}

// up moves a newcomer without a count to the top and returns where it is.
func (h *hottest) up(at int) int {
	for at > 0 {
		parent := (at - 1) / 2
		if h.heap[parent].Operations <= h.heap[at].Operations {
			break
		}
		h.swap(at, parent)
		at = parent
	}
	return at
}

func (h *hottest) down(at int) {
	for {
		least := at
		for child := 2*at + 1; child <= 2*at+2 && child < len(h.heap); child++ {
			if h.heap[child].Operations < h.heap[least].Operations {
				least = child
			}
		}
		if least == at {
			return
		}
		h.swap(at, least)
		at = least
	}
}

func (h *hottest) swap(i, j int) {
	h.heap[i], h.heap[j] = h.heap[j], h.heap[i]
	h.places[h.heap[i].Target], h.places[h.heap[j].Target] = i, j
}

// Hottest returns the targets that were contended for most, in no order: at most
// Config.Hottest. It is safe for concurrent use and asks nothing of the owner.
func (s *Shard) Hottest() []Hot {
	h := s.hottest
	if h == nil {
		return nil
	}
	now := s.config.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.halve(now)
	return slices.Clone(h.heap)
}

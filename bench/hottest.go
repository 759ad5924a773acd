package bench

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/google/uuid"
)

// Hottest counts operations per target, to tell which targets have the most.
// It is exact and holds every target. The zero value is empty and ready.
// It belongs to one goroutine.
type Hottest struct {
	counts map[uuid.UUID]int64
	total  int64
}

// TargetCount is a target with its number of operations.
type TargetCount struct {
	Target uuid.UUID
	Count  int64
}

// Add counts n operations of a target.
func (h *Hottest) Add(target uuid.UUID, n int64) {
	if h.counts == nil {
		h.counts = make(map[uuid.UUID]int64)
	}
	h.counts[target] += n
	h.total += n
}

// Total returns the number of operations.
func (h *Hottest) Total() int64 { return h.total }

// Distinct returns the number of targets.
func (h *Hottest) Distinct() int { return len(h.counts) }

// Top returns the k targets with the most operations, or all if there are
// fewer: most first, and among equals the smaller UUID first.
func (h *Hottest) Top(k int) []TargetCount {
	all := make([]TargetCount, 0, len(h.counts))
	for target, n := range h.counts {
		all = append(all, TargetCount{target, n})
	}
	slices.SortFunc(all, func(a, b TargetCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), bytes.Compare(a.Target[:], b.Target[:]))
	})
	return slices.Clone(all[:max(0, min(k, len(all)))])
}

package engine

import "maps"

// book is a map that gives a burst's memory back, which a map keeps. Its zero value is
// empty. Whoever has it guards it.
type book[K comparable, V any] struct {
	entries map[K]V
	most    int // entries since the map was made
}

// fewEntries are not worth a new map.
const fewEntries = 128

func (b *book[K, V]) set(k K, v V) {
	if b.entries == nil {
		b.entries = make(map[K]V)
	}
	b.entries[k] = v
	b.most = max(b.most, len(b.entries))
}

func (b *book[K, V]) delete(k K) {
	delete(b.entries, k)
	if b.most > fewEntries && len(b.entries) < b.most/4 {
		b.shrink()
	}
}

// shrink is apart, so that the stack of a winner's goroutine need not grow for it.
//
//go:noinline
func (b *book[K, V]) shrink() {
	few := make(map[K]V, len(b.entries))
	maps.Copy(few, b.entries)
	b.entries, b.most = few, len(few)
}

package shard

import (
	"math/bits"
	"slices"
	"unsafe"
)

// pageItems is how many records a page holds: 64 KiB of groups. A page is nothing but
// its records, so that its size is one of the allocator's: for a few bytes more it would
// add 8 KiB.
const pageItems = 512

// keptPages is for how many pages a slab keeps what it knows of them.
const keptPages = 64

// slab hands out records by index from pages that are never moved, and gives
// the memory of empty pages back. Records live in the lowest page with room,
// in ascending order, so that records made one after another lie side by side
// and pages at the end run empty after a burst.
//
// It belongs to the owner goroutine.
type slab[T any] struct {
	pages  []*page[T] // a nil page was given back
	usages []usage    // of pages
	room   []uint64   // bit per page: exists and has a free record
	open   uint32     // the page being filled
	live   int        // records in use
	used   int        // pages with a record in use
	spare  int        // pages without one
	peak   int        // most pages in use since the last age
	kept   int        // and before that, since the age before
}

type page[T any] [pageItems]T

// usage is which records of a page are in use.
type usage struct {
	free [pageItems / 64]uint64 // bit per record
	live int
}

// at returns the record with the given index.
func (s *slab[T]) at(i uint32) *T {
	return &s.pages[i/pageItems][i%pageItems]
}

// alloc returns the index of a zeroed record.
func (s *slab[T]) alloc() (uint32, *T) {
	if int(s.open) >= len(s.pages) || s.pages[s.open] == nil || s.usages[s.open].live == pageItems {
		s.open = s.pageWithRoom()
	}
	u := &s.usages[s.open]
	for w, free := range u.free {
		if free == 0 {
			continue
		}
		i := uint32(w*64 + bits.TrailingZeros64(free))
		u.free[w] = free & (free - 1)
		if u.live == 0 {
			s.used++
			s.spare--
			s.peak = max(s.peak, s.used)
		}
		u.live++
		s.live++
		if u.live == pageItems {
			s.room[s.open/64] &^= 1 << (s.open % 64)
		}
		return s.open*pageItems + i, &s.pages[s.open][i]
	}
	panic("shard: slab page with room has no free record")
}

// nextUsed returns the first index from i on of a record in use, or one behind the
// last page.
func (s *slab[T]) nextUsed(i uint32) uint32 {
	for n := int(i / pageItems); n < len(s.pages); n++ {
		if u := &s.usages[n]; s.pages[n] != nil && u.live > 0 {
			for w := int(i % pageItems / 64); w < len(u.free); w++ {
				if used := ^u.free[w] >> (i % 64) << (i % 64); used != 0 {
					return uint32(n*pageItems + w*64 + bits.TrailingZeros64(used))
				}
				i = 0
			}
		}
		i = 0
	}
	return uint32(len(s.pages) * pageItems)
}

// each calls f with every record in use, which f must not release.
func (s *slab[T]) each(f func(uint32, *T)) {
	end := uint32(len(s.pages) * pageItems)
	for i := s.nextUsed(0); i < end; i = s.nextUsed(i + 1) {
		f(i, s.at(i))
	}
}

// bytes returns the memory held in pages.
func (s *slab[T]) bytes() int {
	return (s.used + s.spare) * int(unsafe.Sizeof(page[T]{}))
}

// pageWithRoom returns the lowest page with a free record, making one if there
// is none.
func (s *slab[T]) pageWithRoom() uint32 {
	for w, room := range s.room {
		if room != 0 {
			return uint32(w*64 + bits.TrailingZeros64(room))
		}
	}
	n := 0
	for n < len(s.pages) && s.pages[n] != nil {
		n++
	}
	if n == len(s.pages) {
		s.pages, s.usages = append(s.pages, nil), append(s.usages, usage{})
		if n/64 == len(s.room) {
			s.room = append(s.room, 0)
		}
	}
	s.pages[n] = new(page[T])
	for w := range s.usages[n].free {
		s.usages[n].free[w] = ^uint64(0)
	}
	s.room[n/64] |= 1 << (n % 64)
	s.spare++
	return uint32(n)
}

// release zeroes a record and takes it back.
func (s *slab[T]) release(i uint32) {
	n := i / pageItems
	u := &s.usages[n]
	var zero T
	s.pages[n][i%pageItems] = zero
	u.free[i%pageItems/64] |= 1 << (i % 64)
	u.live--
	s.live--
	s.room[n/64] |= 1 << (n % 64)
	if u.live == 0 {
		s.used--
		s.spare++
		s.trim()
	}
}

// age says that some time has passed. What was not in use then, nor in the time
// before, is given back.
func (s *slab[T]) age() {
	s.kept, s.peak = s.peak, s.used
	s.trim()
}

// trim gives back what was not in use for a while. An even load keeps a quarter of
// its pages as spare ones; one that comes in waves keeps what the last waves took.
func (s *slab[T]) trim() {
	for s.spare > max(1+s.used/4, max(s.peak, s.kept)-s.used) {
		s.giveBack()
	}
}

// surplus reports whether age would have something to give back, now or later.
func (s *slab[T]) surplus() bool { return s.spare > 1+s.used/4 }

// giveBack lets go of the last empty page.
func (s *slab[T]) giveBack() {
	n := s.lastEmpty()
	s.pages[n] = nil
	s.room[n/64] &^= 1 << (n % 64)
	s.spare--
	for n := len(s.pages); n > 0 && s.pages[n-1] == nil; n-- {
		s.pages, s.usages = s.pages[:n-1], s.usages[:n-1]
	}
	if n := len(s.pages); cap(s.pages) > keptPages && n < cap(s.pages)/4 {
		s.pages, s.usages = slices.Clone(s.pages), slices.Clone(s.usages)
	}
}

// lastEmpty returns the last page without a record in use. It looks only at
// pages with room: when groups close in the order in which they opened, the
// pages behind the one that ran empty are full and need not be touched.
func (s *slab[T]) lastEmpty() int {
	for w := len(s.room) - 1; w >= 0; w-- {
		for room := s.room[w]; room != 0; {
			bit := bits.Len64(room) - 1
			if n := w*64 + bit; s.usages[n].live == 0 {
				return n
			}
			room &^= 1 << bit
		}
	}
	panic("shard: slab with spare pages has no empty page")
}

package shard

import "unsafe"

// more is what rules need to know about a group, apart from it so that a plain
// group stays at two cache lines.
type more struct {
	end       int64  // when its window ends at the latest
	last      int64  // when its latest operation arrived
	arrived   int64  // operations, whatever became of them
	dismissed int32  // operations told early that they lost
	deferred  uint32 // index+1 of the group record that holds its deferred ones
	serial    uint64 // of the group, never 0: no other has had it; see rank
	gone      int32  // gaps that displaced operations left
	fault     *Fault // its policy failed
	deadline  int64  // of the best so far, if that counts
}

// failed reports whether a group's policy failed. A plain group has no more.
func (x *more) failed() bool { return x != nil && x.fault != nil }

// mores holds a more for each group that needs one, under the group's index.
type mores struct {
	pages []*[pageItems]more
	live  []int            // records in use per page
	spare *[pageItems]more // an empty page, or nil
}

// make returns the record of a new group, in use from here on by its serial.
func (m *mores) make(index uint32, serial uint64) *more {
	page := int(index / pageItems)
	for page >= len(m.pages) {
		m.pages, m.live = append(m.pages, nil), append(m.live, 0)
	}
	if m.pages[page] == nil {
		m.pages[page], m.spare = m.spare, nil
	}
	if m.pages[page] == nil {
		m.pages[page] = new([pageItems]more)
	}
	m.live[page]++
	x := &m.pages[page][index%pageItems]
	x.serial = serial
	return x
}

// at returns the record of a group, nil if it has none.
func (m *mores) at(index uint32) *more {
	page := int(index / pageItems)
	if page >= len(m.pages) || m.pages[page] == nil {
		return nil
	}
	if x := &m.pages[page][index%pageItems]; x.serial != 0 {
		return x
	}
	return nil
}

// warm touches the record of a group, if it has one.
func (m *mores) warm(index uint32) uint64 {
	if x := m.at(index); x != nil {
		return x.serial
	}
	return 0
}

// release takes a group's record back, if it has one, and gives the memory of
// empty pages back but for one.
func (m *mores) release(index uint32) {
	if len(m.pages) == 0 {
		return
	}
	x := m.at(index)
	if x == nil {
		return
	}
	*x = more{}
	page := index / pageItems
	if m.live[page]--; m.live[page] > 0 {
		return
	}
	m.spare, m.pages[page] = m.pages[page], nil
	for n := len(m.pages); n > 0 && m.pages[n-1] == nil; n-- {
		m.pages, m.live = m.pages[:n-1], m.live[:n-1]
	}
}

// bytes returns the memory held in pages.
func (m *mores) bytes() int {
	pages := 0
	for _, p := range m.pages {
		if p != nil {
			pages++
		}
	}
	if m.spare != nil {
		pages++
	}
	return pages * int(unsafe.Sizeof([pageItems]more{}))
}

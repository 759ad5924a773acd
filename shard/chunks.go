package shard

// chunkItems is how many operations a chunk holds, so that it fills one cache
// line on 64-bit machines.
const chunkItems = 3

// chunk is a run of a group's operations, column by column.
type chunk struct {
	tickets    [chunkItems]*Ticket
	ids        [chunkItems]uint64
	priorities [chunkItems]int32
	next       uint32 // see link: index+1 of the next chunk; 0: none
}

const (
	// rowChunks is how many chunks lie side by side in a row.
	rowChunks = 8
	// rowsFrom is how many operations a group has before it gets rows. Below, a
	// row would mostly be empty.
	rowsFrom = 4 * chunkItems
	// rowBit marks the index of a chunk in a row.
	rowBit = 1 << 29
)

// chunks are the chunks of all groups but their first ones: single ones for
// groups that are small, and for others rows. Following a chain of single chunks,
// the processor waits for each before it knows where the next one is; through a
// row it runs ahead.
type chunks struct {
	singles slab[chunk]
	rows    slab[[rowChunks]chunk]
}

// at returns the chunk with the given index.
func (s *chunks) at(i uint32) *chunk {
	if i&rowBit == 0 {
		return s.singles.at(i)
	}
	i &^= rowBit
	return &s.rows.at(i / rowChunks)[i%rowChunks]
}

// follow returns the chunk behind the last one of a group, making it if need be,
// and its index+1. The last one's index+1 is 0 if it is the group's first.
func (s *chunks) follow(last *chunk, index uint32, operations uint32) (*chunk, uint32) {
	if beside(index) {
		return s.at(index), index + 1
	}
	link := s.link(last, index)
	if operations < rowsFrom {
		i, ch := s.singles.alloc()
		*link = i + 1
		return ch, i + 1
	}
	i, row := s.rows.alloc()
	*link = rowBit | i*rowChunks + 1
	return &row[0], *link
}

// beside reports whether the chunk behind one, given by its index+1, is the next in
// the same row. Nothing has to be read to know where that is.
func beside(index uint32) bool { return index&rowBit != 0 && index%rowChunks != 0 }

// link returns where it is written what comes behind a chunk that has none beside it:
// for those of a row in its first one, which whoever goes through the row reads first.
func (s *chunks) link(ch *chunk, index uint32) *uint32 {
	if index&rowBit == 0 {
		return &ch.next
	}
	return &s.rows.at((index - 1) &^ rowBit / rowChunks)[0].next
}

// after returns the index+1 of the chunk behind one, 0 if there is none.
func (s *chunks) after(ch *chunk, index uint32) uint32 {
	if beside(index) {
		return index + 1
	}
	return *s.link(ch, index)
}

// release gives a chunk and all behind it back, but not in the middle of a row.
func (s *chunks) release(next uint32) {
	for next != 0 {
		i := next - 1
		if i&rowBit == 0 {
			next = s.singles.at(i).next
			s.singles.release(i)
			continue
		}
		i = i &^ rowBit / rowChunks
		next = s.rows.at(i)[0].next
		s.rows.release(i)
	}
}

// cut gives everything behind a chunk back but what is left of its row. The index
// is the chunk's plus one, 0 for a group's first.
func (s *chunks) cut(ch *chunk, index uint32) {
	link := s.link(ch, index)
	next := *link
	*link = 0
	s.release(next)
}

func (s *chunks) age() {
	s.singles.age()
	s.rows.age()
}

func (s *chunks) surplus() bool { return s.singles.surplus() || s.rows.surplus() }

func (s *chunks) bytes() int { return s.singles.bytes() + s.rows.bytes() }

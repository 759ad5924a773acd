package engine

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"example.com/contend/shard"
)

// A journal is a line, then blocks: the shard's index and the block's length, as
// variable-length numbers, the CRC-32C of these and of the block, and the block, which
// is the shard's (see shard/journal.go).
const (
	journalName  = "contend journal "
	journalMagic = journalName + "4\n"
)

// queuedBlocks is how many blocks a shard may be ahead of the journal's writer.
const queuedBlocks = 64

// maxReused bounds the memory of a block that is used again, keptBlocks how many of
// these are kept for each shard.
const (
	maxReused  = 128 << 10
	keptBlocks = 2
)

// maxBlock bounds what a reader takes for a block.
const maxBlock = 1 << 28

// journal writes down a generation's blocks.
type journal struct {
	engine *Engine
	blocks chan journalBlock
	free   chan []byte   // memory of blocks that were written
	done   chan struct{} // closed when everything is written
	lost   []bool        // by shard: blocks of it; the owner's until it has ended

	// The writer's, of whom there is one at a time.
	begun  bool
	err    error // why it has ended; nil if it has not
	header []byte
}

type journalBlock struct {
	shard int
	bytes []byte
}

// newJournal makes the journal of a generation. That of the last one has ended.
func (e *Engine) newJournal() *journal {
	return &journal{
		engine: e,
		blocks: make(chan journalBlock, queuedBlocks*e.config.Shards),
		free:   make(chan []byte, keptBlocks*e.config.Shards),
		done:   make(chan struct{}),
		lost:   make([]bool, e.config.Shards),
	}
}

// maxAhead is how long a block may grow while the queue is full.
const maxAhead = 4 << 20

// hand returns how a shard hands its blocks over, on its goroutine.
func (j *journal) hand(index int) func([]byte) ([]byte, bool) {
	return func(block []byte) ([]byte, bool) {
		if len(block) == 0 {
			j.lost[index] = true // the shard's own end of it
		}
		if !j.lost[index] {
			select {
			case j.blocks <- journalBlock{index, block}:
				return j.fresh(), true
			default:
			}
			if len(block) < maxAhead {
				return nil, false
			}
			j.lost[index] = true // what follows could not be played
		}
		j.engine.counts.journalLost.Inc()
		return block, true
	}
}

// fresh returns memory of a block that was written, nil if there is none.
func (j *journal) fresh() []byte {
	select {
	case fresh := <-j.free:
		return fresh
	default:
		return nil
	}
}

// run writes until all shards have ended.
func (j *journal) run(shards []*shard.Shard) {
	go j.addTails(shards)
	j.drain()
}

// addTails adds what shards have yet to hand over when they end.
func (j *journal) addTails(shards []*shard.Shard) {
	for i, s := range shards {
		<-s.Done()
		if tail := s.JournalTail(); len(tail) > 0 && !j.lost[i] {
			j.blocks <- journalBlock{i, tail}
		}
	}
	close(j.blocks)
}

// drain takes what is handed over, and writes it unless the journal has ended. A
// writer or logger that ends its goroutine ends this one: another goes on.
func (j *journal) drain() {
	ended := false
	defer func() {
		if !ended {
			defer func() { go j.drain() }()
			j.fail(ErrGoexit)
		}
	}()
	if !j.begun {
		j.begun = true
		j.begin()
	}
	for b := range j.blocks {
		j.put(b)
	}
	for index, lost := range j.lost {
		if lost { // an empty block tells the reader
			j.writeBlock(index, nil)
		}
	}
	ended = true
	close(j.done)
}

// begin writes what a journal begins with, unless an earlier generation has.
func (j *journal) begin() {
	e := j.engine
	j.err = e.journalError.Load() // what follows half a block could not be read
	if !e.begun {
		e.begun = true
		j.write([]byte(journalMagic))
	}
}

// put writes a block, and gives its memory back.
func (j *journal) put(b journalBlock) {
	written := false
	defer func() { // also if the writer ends the goroutine
		if !written {
			j.engine.counts.journalLost.Inc()
		}
	}()
	j.writeBlock(b.shard, b.bytes)
	written = j.err == nil
	if cap(b.bytes) > maxReused {
		return // of a burst
	}
	select {
	case j.free <- b.bytes:
	default:
	}
}

func (j *journal) writeBlock(index int, block []byte) {
	j.header = appendHeader(j.header[:0], uint64(index), len(block))
	j.header = binary.LittleEndian.AppendUint32(j.header, shard.BlockSum(j.header, block))
	j.write(j.header, block)
}

// appendHeader appends what stands before a block, but for its checksum.
func appendHeader(to []byte, index uint64, length int) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(to, index), uint64(length))
}

// write writes unless the journal has ended, which it does with the first error.
func (j *journal) write(parts ...[]byte) {
	if j.err != nil {
		return
	}
	if err := writeAll(j.engine.config.Journal, parts...); err != nil {
		j.fail(err)
	}
}

// fail ends the journal, unless it has ended.
func (j *journal) fail(err error) {
	if j.err != nil {
		return
	}
	j.err = err
	j.engine.journalError.Store(err)
	j.engine.report("contend: the journal ends", slog.Any("error", err))
}

// writeAll keeps a panic of the user's writer from ending the process.
func writeAll(w io.Writer, parts ...[]byte) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = caught(v)
		}
	}()
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// await waits until everything is written, or done closes. A nil journal is.
func (j *journal) await(done <-chan struct{}) bool {
	if j == nil {
		return true
	}
	return reached(j.done, done)
}

// ended reports whether everything is written. A nil journal is.
func (j *journal) ended() bool {
	if j == nil {
		return true
	}
	return reachedYet(j.done)
}

// JournalEvent is one thing that a shard was told or said; see shard.Event.
type JournalEvent = shard.Event

// JournalSummary is what a journal came to.
type JournalSummary struct {
	Shards     int
	Operations uint64 // staged
	Decisions  uint64 // derived again
	Rounds     uint64 // of decisions whose checksum is that of the journal
	Truncated  bool   // the last block is not whole: the process had ended
	Lost       int    // gaps: how often a shard's journal ends before the shard had
}

// ReadJournal plays a journal through cores of its own, without clock or
// goroutine, and holds what they decide against the checksums in the journal. It
// shows what happens to see, shard by shard in order, but shards among each
// other in the order of their blocks; nil sees nothing. An operation can be staged
// for a target's next window before the decision on the one before is shown. It fails with
// shard.ErrDiverged if a decision differs, or because it is no journal.
//
// A user's policy is not needed: what it said is in the journal.
func ReadJournal(r io.Reader, see func(shard int, e *JournalEvent)) (JournalSummary, error) {
	in := bufio.NewReader(r)
	magic := make([]byte, len(journalMagic))
	if _, err := io.ReadFull(in, magic); err != nil || string(magic) != journalMagic {
		if err == nil && strings.HasPrefix(string(magic), journalName) {
			return JournalSummary{}, fmt.Errorf("contend: a journal of another format: it begins with %q, not with %q; read it with the version that wrote it", magic, journalMagic)
		}
		return JournalSummary{}, fmt.Errorf("contend: not a journal: it does not begin with %q", journalMagic)
	}
	players := map[uint64]*shard.Player{}
	var sum JournalSummary
	var err error
	for {
		var index uint64
		var block []byte
		index, block, err = readBlock(in)
		if err != nil {
			break
		}
		if len(block) == 0 {
			sum.Lost++
			continue
		}
		p := players[index]
		if p == nil {
			p = newPlayer(index, see)
			players[index] = p
		}
		if err = p.Play(block); err != nil {
			break
		}
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		sum.Truncated, err = true, nil
	}
	if err == io.EOF {
		err = nil
	}
	sum.Shards = len(players)
	for _, p := range players {
		sum.Operations += p.Operations
		sum.Decisions += p.Decisions
		sum.Rounds += p.Rounds
	}
	return sum, err
}

func newPlayer(index uint64, see func(int, *JournalEvent)) *shard.Player {
	if see == nil {
		return shard.NewPlayer(uint32(index), nil)
	}
	return shard.NewPlayer(uint32(index), func(e *shard.Event) { see(int(index), e) })
}

// readBlock reads one block. It fails with io.EOF at the end, and with
// io.ErrUnexpectedEOF if that is within a block.
func readBlock(in *bufio.Reader) (index uint64, block []byte, err error) {
	if index, err = binary.ReadUvarint(in); err != nil {
		return 0, nil, err
	}
	length, err := binary.ReadUvarint(in)
	if err != nil {
		return 0, nil, unexpected(err)
	}
	if index >= maxShards || length > maxBlock {
		return 0, nil, fmt.Errorf("contend: not a journal: a block of %d bytes of shard %d", length, index)
	}
	var sum [4]byte
	if _, err := io.ReadFull(in, sum[:]); err != nil {
		return 0, nil, unexpected(err)
	}
	if block, err = readExactly(in, int64(length)); err != nil {
		return 0, nil, err
	}
	header := appendHeader(nil, index, len(block))
	if got, want := shard.BlockSum(header, block), binary.LittleEndian.Uint32(sum[:]); got != want {
		return 0, nil, fmt.Errorf("contend: the journal is damaged: a block of shard %d has the checksum %x, want %x", index, got, want)
	}
	return index, block, nil
}

// readExactly takes memory as bytes come, so that a damaged length costs no more
// than what follows it.
func readExactly(in io.Reader, length int64) ([]byte, error) {
	var block bytes.Buffer
	if _, err := io.CopyN(&block, in, length); err != nil {
		return nil, unexpected(err)
	}
	return block.Bytes(), nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

package shard

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"
)

// The journal of a core is everything that it is told, in order: its methods'
// arguments, what tickets' state words said and what the user's policy answered.
// A Player that tells another core the same gets the same decisions. To show
// that it does, the journal holds a checksum of them after each round.
//
// Records begin with a code. Numbers are variable-length (encoding/binary);
// times are differences to the one before.
type journalCode byte

const (
	codeStart   journalCode = iota + 1 // of a core, with its configuration
	codeTime                           // of the operations that follow
	codeStage                          // an operation
	codeAdvance                        // Advance
	codeNo                             // a state word: false
	codeYes                            // a state word: true
	codeAnswer                         // of the user's policy
	codeFault                          // of the user's policy, in words
	codeDecide                         // a round: what Decide asked, then
	codeSum                            // a checksum of what it decided, or
	codeEmpty                          // that this was nothing
	codeEnded
	codeLock
	codeUnlock
	codeHold
	codeClose
	codeAbandon
	codeClear
	codeCloseFired // what is staged from here on opens windows, whatever is not decided yet
)

// What an operation's record holds beside what all have.
const (
	hasTicket = 1 << iota
	hasName
	hasWithdraw
	hasStamp
	hasRetry
	hasFold
	hasDeadline
)

// blockSize is from which size on a block of the journal is handed over.
const blockSize = 32 << 10

// maxNames is for how many names a block refers back instead of repeating.
const maxNames = 1 << 12

// recorder writes a core's journal. Every block can be read once those before
// it have been. It belongs to the owner goroutine.
type recorder struct {
	hand  func(block []byte) (fresh []byte, taken bool) // see Config.Journal
	block []byte
	time  int64 // the last written
	now   int64 // the last codeTime
	names map[string]uint64
	sum   *xxhash.Digest
	since int64 // when the block was begun
	round bool  // begun, and not ended yet
	whole int   // length of the block before the round, or the operation being written

	writing bool // of an operation has begun, and not ended yet
}

func newRecorder(hand func([]byte) ([]byte, bool)) *recorder {
	return &recorder{hand: hand, names: map[string]uint64{}, sum: xxhash.New(), now: -1}
}

// start writes down what the core was made with.
func (r *recorder) start(c *CoreConfig) {
	r.code(codeStart)
	r.uint(uint64(c.Limit))
	r.uint(c.Fence)
	r.uint(uint64(len(c.Rules)))
	for i := range c.Rules {
		r.rules(&c.Rules[i])
	}
}

// What a record of rules says beside its numbers.
const (
	rulesOrder = 1 << iota
	rulesChoose
	rulesEarly
	rulesExclusive
	rulesPreempt
)

func (r *recorder) rules(u *Rules) {
	flags := byte(0)
	for flag, is := range map[byte]bool{
		rulesOrder: u.Order != nil, rulesChoose: u.Choose != nil, rulesEarly: u.Early,
		rulesExclusive: u.Exclusive, rulesPreempt: u.Preempt,
	} {
		if is {
			flags |= flag
		}
	}
	r.block = append(r.block, byte(u.Policy), flags)
	r.int(int64(u.RunnersUp))
	r.int(int64(u.Idle))
	r.int(int64(u.Size))
	r.int(int64(u.Decisive))
}

// flushEvery is how long a record stays in an unfinished block, as long as the
// owner does not sleep.
const flushEvery = int64(1e9)

// flush hands the block over, if there is one: one that is full or old, or any.
func (r *recorder) flush(now int64, any bool) {
	if len(r.block) < blockSize && !any && now-r.since < flushEvery {
		return
	}
	r.since = now
	if len(r.block) == 0 {
		return
	}
	if fresh, taken := r.hand(r.block); taken {
		r.block = fresh[:0]
	}
}

func (r *recorder) code(c journalCode)        { r.block = append(r.block, byte(c)) }
func (r *recorder) uint(v uint64)             { r.block = binary.AppendUvarint(r.block, v) }
func (r *recorder) int(v int64)               { r.block = binary.AppendVarint(r.block, v) }
func (r *recorder) bytes(b []byte)            { r.block = append(r.block, b...) }
func (r *recorder) string(s string)           { r.uint(uint64(len(s))); r.block = append(r.block, s...) }
func (r *recorder) moment(at int64)           { r.int(at - r.time); r.time = at }
func (r *recorder) at(c journalCode, t int64) { r.code(c); r.moment(t) }

// name writes a name in full once, later its number.
func (r *recorder) name(s string) {
	if number, ok := r.names[s]; ok {
		r.uint(number)
		return
	}
	r.uint(0)
	r.string(s)
	if len(r.names) < maxNames {
		r.names[s] = uint64(len(r.names) + 1)
	}
}

// stage writes an operation down that is staged now.
func (r *recorder) stage(op *Op, sequence uint64, now int64) {
	r.whole, r.writing = len(r.block), true
	if now != r.now {
		r.at(codeTime, now)
		r.now = now
	}
	r.code(codeStage)
	has := byte(0)
	set := func(flag byte, is bool) {
		if is {
			has |= flag
		}
	}
	t, x := op.Ticket, (*Extra)(nil)
	if t != nil {
		x = t.Extra
		set(hasTicket, true)
		set(hasName, t.Name != "")
		set(hasWithdraw, t.Withdrawable)
		set(hasRetry, x != nil && x.Retry.Limit > 0)
		set(hasFold, x != nil && x.Fold != nil)
		set(hasDeadline, x != nil && x.Deadline != 0)
	}
	set(hasStamp, op.At != unstamped)
	r.block = append(r.block, has)
	r.bytes(op.Target[:])
	if t != nil {
		r.uint(sequence)
	} else {
		r.uint(op.Tag)
	}
	r.int(int64(op.Priority))
	r.uint(uint64(op.Terms))
	if has&hasStamp != 0 {
		r.int(now - op.At)
	}
	if has&hasName != 0 {
		r.name(t.Name)
	}
	if has&hasRetry != 0 {
		r.retry(&x.Retry)
	}
	if has&hasFold != 0 {
		r.uint(x.Fold.numbered())
	}
	if has&hasDeadline != 0 {
		r.int(x.Deadline)
	}
	r.writing = false
}

func (r *recorder) retry(y *Retry) {
	r.uint(uint64(y.Limit))
	r.int(int64(y.Backoff))
	r.int(int64(y.MaxBackoff))
	r.int(int64(y.Step))
}

func (r *recorder) hold(c journalCode, h Hold) {
	r.code(c)
	r.bytes(h.Target[:])
	r.uint(h.Token)
}

func (r *recorder) lock(l *Lock) {
	r.code(codeLock)
	r.uint(l.ID)
	r.name(l.Name)
	r.bytes(l.Target[:])
	r.int(int64(l.Below))
	r.int(l.Expires)
	flags := byte(0)
	if l.All {
		flags |= 1
	}
	if l.Stay {
		flags |= 2
	}
	r.block = append(r.block, flags)
}

func (r *recorder) unlock(id uint64) {
	r.code(codeUnlock)
	r.uint(id)
}

func (r *recorder) clear(target *uuid.UUID) {
	r.code(codeClear)
	r.bytes(target[:])
}

// control writes down what an inbox held.
func (r *recorder) control(m *control) {
	switch m.kind {
	case endHold:
		r.hold(codeEnded, m.hold)
	case holdTarget:
		r.hold(codeHold, m.hold)
	case setLock:
		r.lock(&m.lock)
	case unsetLock:
		r.unlock(m.lock.ID)
	}
}

// check is a Tape's.
func (r *recorder) check(read func() bool) bool {
	yes := read()
	if yes {
		r.code(codeYes)
	} else {
		r.code(codeNo)
	}
	return yes
}

// ask is a Tape's.
func (r *recorder) ask(x *more, f func() int) int {
	// Written down in the end, whether f returns, panics or ends the goroutine.
	answer := 0
	defer func() {
		if x.fault != nil {
			r.code(codeFault)
			r.string(x.fault.Error())
			return
		}
		r.code(codeAnswer)
		r.int(int64(answer))
	}()
	answer = f()
	return answer
}

// begin begins a round of Decide, unless the last one did not come to its end:
// then this one goes on with it.
func (r *recorder) begin() {
	if !r.round {
		r.whole = len(r.block)
		r.code(codeDecide)
		r.round = true
	}
}

// breakOff ends the journal before its core: behind the last whole record or round.
// That there is no more is said by an empty block.
func (r *recorder) breakOff() {
	if r.round || r.writing {
		r.block = r.block[:r.whole]
	}
	if len(r.block) > 0 {
		r.hand(r.block)
	}
	r.hand(nil)
}

// end ends a round with a checksum of what was decided.
func (r *recorder) end(c *Core, batch []Decision) {
	r.round = false
	if len(batch)+len(c.dismissed)+len(c.preempted) == 0 {
		r.code(codeEmpty)
		return
	}
	r.code(codeSum)
	r.block = binary.LittleEndian.AppendUint64(r.block, checksum(r.sum, c, batch))
}

// checksum sums up everything that a core says in a round: the same sum, the
// same decisions, bit by bit.
func checksum(sum *xxhash.Digest, c *Core, batch []Decision) uint64 {
	sum.Reset()
	var memory [512]byte // a digest is slow at single numbers
	numbers := memory[:0]
	flush := func() {
		sum.Write(numbers)
		numbers = numbers[:0]
	}
	add := func(vs ...int64) {
		for _, v := range vs {
			numbers = binary.AppendVarint(numbers, v)
		}
		if len(numbers) > len(memory)-checksumRoom {
			flush()
		}
	}
	for i := range c.dismissed {
		d := &c.dismissed[i]
		flush()
		sum.Write(d.Target[:])
		add(int64(d.Outcome), int64(d.Op.ID), int64(d.Op.Priority), int64(d.Retries),
			int64(d.Leader.ID), int64(d.Leader.Priority), int64(d.Contenders), d.Opened, d.At)
		flush()
		sum.WriteString(d.Lock)
	}
	for i := range c.preempted {
		flush()
		sum.Write(c.preempted[i].Target[:])
		add(int64(c.preempted[i].Token))
	}
	for i := range batch {
		d := &batch[i]
		flush()
		sum.Write(d.Target[:])
		add(int64(d.Number), d.Opened, d.Due, d.Closed, int64(d.Contenders), int64(d.Folded),
			int64(d.Retried), int64(d.Early), int64(d.Winner.ID), int64(d.Winner.Priority), int64(d.Token()))
		for m := d.members; m.left > 0; m.advance() {
			s := m.standing()
			add(int64(s.ID), int64(s.Priority), int64(d.OutcomeOf(s)))
		}
	}
	flush()
	return sum.Sum64()
}

// checksumRoom is what the numbers of one thing take at most.
const checksumRoom = 11 * binary.MaxVarintLen64

// checksums of blocks, as files keep them.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// BlockSum returns the checksum of a block and what stands before it.
func BlockSum(header, block []byte) uint32 {
	return crc32.Update(crc32.Checksum(header, castagnoli), castagnoli, block)
}

package engine_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/contend/engine"
)

const journalHeader = "contend journal 4\n"

// smallJournal is one that an engine of a few shards wrote, with rules, a lock,
// a restart and a few operations.
func smallJournal(t testing.TB, shards, operations int) []byte {
	var journal bytes.Buffer
	e, err := engine.New(engine.Config{
		Shards: shards, HashSeed: 1, Journal: &journal, Window: 3 * time.Millisecond,
		Rules: engine.Rules{Early: true, RunnersUp: 1, Decisive: 9, Exclusive: true, Preempt: true},
	})
	require.NoError(t, err)
	_, err = e.Lock(background, engine.LockConfig{Name: "l", Target: target(1), Below: 2, For: time.Second})
	require.NoError(t, err)
	for i := range operations {
		op := engine.Op{Target: target(i % 3), Priority: engine.Priority(i * 7 % 11), Name: "op", Retry: engine.Retry{Limit: i % 2}}
		_, err := engine.Submit(background, e, op, answer(i))
		require.NoError(t, err)
		if i == operations/2 {
			time.Sleep(10 * time.Millisecond)
			require.NoError(t, e.Restart(background))
		}
	}
	require.NoError(t, e.Stop(background))
	return journal.Bytes()
}

// sealed makes a journal of a program: blocks of which each begins with its
// shard and its length, and gets a checksum here, which mutation cannot find.
func sealed(program []byte) []byte {
	journal := []byte(journalHeader)
	for len(program) > 2 {
		index, length := program[0], min(int(program[1]), len(program)-2)
		block := program[2 : 2+length]
		program = program[2+length:]
		header := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(index)), uint64(length))
		journal = append(journal, header...)
		journal = binary.LittleEndian.AppendUint32(journal, crc32.Checksum(append(header, block...), crc32.MakeTable(crc32.Castagnoli)))
		journal = append(journal, block...)
	}
	return journal
}

// FuzzJournal reads journals that no engine wrote, or that were damaged: what
// there is of them is played or an error, and nothing else. In sealed ones the
// checksums of the blocks hold.
func FuzzJournal(f *testing.F) {
	for shards := 1; shards <= 3; shards += 2 {
		for _, operations := range []int{0, 1, 5, 20} {
			journal := smallJournal(f, shards, operations)
			f.Add(journal, false)
			f.Add(journal[:len(journal)*2/3], false)
			f.Add(journal[len(journalHeader):], true)
		}
	}
	f.Add([]byte(journalHeader+"\x00\x00\x00\x00\x00\x00"), false)
	f.Add([]byte(journalHeader+"\x00\xff\xff\xff\x7f\x00\x00\x00\x00"), false)
	f.Add([]byte("\x00\x04\x01\x00\x00\x00\x01\x03\x01\x00\x00"), true)
	f.Fuzz(func(t *testing.T, content []byte, seal bool) {
		if len(content) > 1<<13 {
			return
		}
		if seal {
			content = sealed(content)
		}
		events := map[int]int{}
		sum, err := engine.ReadJournal(bytes.NewReader(content), func(shard int, _ *engine.JournalEvent) { events[shard]++ })
		again, errAgain := engine.ReadJournal(bytes.NewReader(content), nil)
		require.Equal(t, sum, again, "unseen")
		require.Equal(t, err, errAgain, "unseen")
		require.LessOrEqual(t, len(events), sum.Shards)
		require.LessOrEqual(t, sum.Shards+sum.Lost, len(content))
		if seal {
			require.False(t, sum.Truncated)
		}
		if another := len(content) >= len(journalHeader) && bytes.HasPrefix(content, []byte("contend journal ")); another && !bytes.HasPrefix(content, []byte(journalHeader)) {
			require.ErrorContains(t, err, "a journal of another format")
		} else if !another {
			require.ErrorContains(t, err, "not a journal")
		}
	})
}

// A length that was damaged takes no memory that the journal does not have.
func TestJournalOfGreatPromise(t *testing.T) {
	journal := binary.AppendUvarint([]byte(journalHeader+"\x00"), 1<<28)
	journal = append(journal, make([]byte, 1000)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	sum, err := engine.ReadJournal(bytes.NewReader(journal), nil)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.True(t, sum.Truncated)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

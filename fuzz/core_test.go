package fuzz

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	programs  = flag.Int("programs", 10_000, "how many programs TestCoreAgainstModel runs")
	firstSeed = flag.Uint64("seed", 0, "the seed of the first of them")
)

// randomCode makes a program's bytes of a seed.
func randomCode(seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 0))
	code := make([]byte, 10+stepBytes*rng.IntN(120))
	for i := range code {
		code[i] = byte(rng.Uint32())
	}
	if seed%2 == 0 {
		code[0] |= 0x50 // calm, and with rules: there pairs of features are likely
	}
	return code
}

// Random programs, and every pair of features that can be on together is
// exercised by some.
func TestCoreAgainstModel(t *testing.T) {
	var mu sync.Mutex
	var seen counts
	decided, meanwhile := 0, 0
	t.Run("seeds", func(t *testing.T) {
		workers := runtime.GOMAXPROCS(0)
		for worker := range workers {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				var own counts
				n, let := 0, 0
				for i := worker; i < *programs; i += workers {
					seed := *firstSeed + uint64(i)
					m := runCode(t, randomCode(seed), fmt.Sprintf("-programs 1 -seed %d", seed))
					own.add(&m.coverage)
					n += m.decided
					let += m.meanwhile
				}
				mu.Lock()
				defer mu.Unlock()
				seen.merge(&own)
				decided += n
				meanwhile += let
			})
		}
	})
	t.Logf("%d programs, %d decisions, %d operations let in meanwhile", *programs, decided, meanwhile)
	if *programs >= 10_000 && !t.Failed() {
		require.Empty(t, seen.rare(30), "pairs of features in too few programs")
		require.Greater(t, decided, 100_000, "too little was compared")
		require.Greater(t, meanwhile, 1000, "too few were let in while others were told")
	}
}

// Programs with so much to decide at a time that it takes several batches, and
// with so many operations that the core's memory of them is swept.
func TestCoreAgainstModelLarge(t *testing.T) {
	decided := 0
	for seed := range uint64(12) {
		m := newMatch(largeProgram(seed))
		require.NoError(t, m.run(), "seed %d", seed)
		decided += m.decided
	}
	require.Greater(t, decided, 12*2*256)
}

// largeProgram spreads the operations of a program over many targets and
// decides seldom.
func largeProgram(seed uint64) *Program {
	rng := rand.New(rand.NewPCG(seed, 3))
	code := make([]byte, 10+stepBytes*6000)
	for i := range code {
		code[i] = byte(rng.IntN(0xf8)) // never Close
	}
	code[0] = code[0]&0x23 | 0x5c // calm, with rules and 32 targets
	p := Decode(code)
	if p.Limit > 0 {
		p.Limit += 300
	}
	steps := p.Steps
	p.Steps = nil
	spread, seldom := 1+rng.IntN(40), 20<<rng.IntN(6)
	for _, s := range steps {
		switch s.Kind {
		case Stage:
			s.Op.Target[1] = byte(rng.IntN(spread))
			s.Decide = false
		case Advance:
			s.Decide = true
			if rng.IntN(seldom) > 0 {
				continue
			}
		}
		p.Steps = append(p.Steps, s)
	}
	return p
}

// runCode runs a program of bytes. If it fails, it is made as small as it gets
// and printed.
func runCode(t *testing.T, code []byte, name string) *match {
	t.Helper()
	m := newMatch(Decode(code))
	if m.run() == nil {
		return m
	}
	code = shrink(code)
	p := Decode(code)
	require.NoError(t, newMatch(p).run(), "%s, now smaller:\n%s", name, p)
	return m
}

// shrink takes bytes out of a failing program, or makes them zero, as long as
// it still fails.
func shrink(code []byte) []byte {
	fails := func(code []byte) bool { return newMatch(Decode(code)).run() != nil }
	for before := -1; before != len(code); {
		before = len(code)
		for i := len(code) - stepBytes; i >= 0; i-- {
			if less := slices.Delete(slices.Clone(code), i, i+stepBytes); fails(less) {
				code = less
				i = min(i, len(code)-stepBytes+1)
			}
		}
	}
	for i := range code {
		for bit := byte(0x80); bit > 0; bit >>= 1 {
			if code[i]&bit == 0 {
				continue
			}
			if code[i] ^= bit; !fails(code) {
				code[i] |= bit
			}
		}
	}
	return code
}

func FuzzCore(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(randomCode(seed))
	}
	const longest = 10 + stepBytes*300 // the model is slow
	f.Fuzz(func(t *testing.T, code []byte) {
		code = code[:min(len(code), longest)]
		runCode(t, code, fmt.Sprintf("%q", code))
	})
}

// The decoder itself: everything can be reached.
func TestDecodeReachesEverything(t *testing.T) {
	seen := map[any]int{}
	for seed := range uint64(2000) {
		p := Decode(randomCode(seed))
		for _, r := range p.Rules {
			rules := r.shard(func() {})
			require.NoError(t, rules.Validate())
			seen[r.Ordering]++
			seen[r.Choosing]++
			seen[r.Policy]++
		}
		last, closed := int64(0), false
		for _, s := range p.Steps {
			require.GreaterOrEqual(t, s.Now, last)
			require.False(t, closed && s.Kind == Stage)
			last, closed = s.Now, closed || s.Kind == Close
			seen[s.Kind]++
			if s.Kind == Stage {
				require.LessOrEqual(t, s.Op.At, s.Now)
				seen[s.Form]++
				seen[time.Duration(s.Op.Window)]++
			}
		}
	}
	// All values of the kinds, forms, orderings, choices and policies; of the
	// windows, those of two tables, of which some are there twice or in both.
	const windowLengths = 15 + 4
	require.Len(t, seen, int(kinds)+3+5+5+4+windowLengths)
}

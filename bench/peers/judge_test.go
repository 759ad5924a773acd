package peers

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/contend/fuzz/model"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// attempt is a submission as seen from outside. It is the op's listener.
type attempt struct {
	model.Attempt
	op       Op
	clock    clock
	mu       sync.Mutex
	verdicts []Verdict
	answered []int64
}

func (a *attempt) Hear(_ *Op, v Verdict) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.verdicts = append(a.verdicts, v)
	a.answered = append(a.answered, a.clock.now())
}

// game is what the producers of a test do. Each has targets of its own, so that the
// order of submission to a target is known although all submit at once.
type game struct {
	seed      uint64
	producers int
	each      int // operations of a producer
	targets   int // of a producer
	window    time.Duration
	pause     time.Duration // the longest between two submissions
}

// play plays a game to its end and returns the attempts.
func (g *game) play(c Contestant) []*attempt {
	clock := newClock()
	played := make([][]*attempt, g.producers)
	var producing sync.WaitGroup
	for p := range g.producers {
		producing.Go(func() { played[p] = g.produce(c, clock, uint64(p)) })
	}
	producing.Wait()
	c.Close()
	return slices.Concat(played...)
}

func (g *game) produce(c Contestant, clock clock, number uint64) (played []*attempt) {
	random := rand.New(rand.NewPCG(g.seed, number))
	for i := range g.each {
		a := &attempt{clock: clock}
		a.ID = number<<32 | uint64(i+1)
		a.Target = uuid.UUID{1, byte(number), byte(random.IntN(g.targets))}
		a.Priority, a.State = int32(random.IntN(5)-2), model.Accepted
		a.op.Listen(a)
		a.Begun = clock.now()
		c.Submit(a.Target, a.Priority, &a.op)
		a.Returned = clock.now()
		played = append(played, a)
		if random.IntN(3) == 0 {
			time.Sleep(time.Duration(random.Int64N(int64(g.pause))))
		}
	}
	return played
}

// judge holds what was seen against the model. Groups are what was told to have the
// same winner. Their windows are taken to be as short as they may be: from the
// first submission for the window's length; where the contestant has other windows,
// for no time at all. The model then finds who was told before its window could be
// over, and who was left out of one that it must be in.
func (g *game) judge(attempts []*attempt, windowless bool, late time.Duration) []model.Violation {
	h := &model.History{End: 1 << 62, Late: int64(late)}
	window := int64(g.window)
	if windowless {
		window, h.Late = 0, 0
	}
	groups := make(map[groupKey][]*attempt)
	for _, a := range attempts {
		a.Window = window
		for i, v := range a.verdicts {
			answer := model.Answer{Ending: model.EndRejected, At: a.answered[i]}
			if v.Won {
				answer.Ending = model.EndWon
			}
			a.Answers = append(a.Answers, answer)
		}
		h.Attempts = append(h.Attempts, a.Attempt)
		if len(a.verdicts) > 0 {
			key := groupKey{a.Target, a.verdicts[0].Winner}
			groups[key] = append(groups[key], a)
		}
	}
	var wrong []model.Violation
	h.Rulings, wrong = rulings(groups, window)
	return append(wrong, model.Judge(h)...)
}

// groupKey names a group by its winner.
type groupKey struct {
	target uuid.UUID
	winner uint64
}

// rulings puts the decisions together from what the members were told.
func rulings(groups map[groupKey][]*attempt, window int64) (all []model.Ruling, wrong []model.Violation) {
	for key, members := range groups {
		d := model.Ruling{Target: key.target, Seen: 1 << 62}
		d.Opened = members[0].Begun
		for _, a := range members {
			d.Members = append(d.Members, model.Standing{ID: a.ID, Priority: a.Priority})
			d.Seen = min(d.Seen, slices.Min(a.answered))
			if a.verdicts[0].Won {
				d.Winner = a.ID
			}
			if a.verdicts[0].Contenders != len(members) {
				wrong = append(wrong, model.Violation{Kind: model.WronglyWon, Text: "told another number of contenders"})
			}
		}
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b model.Ruling) int { return cmp.Compare(a.Members[0].ID, b.Members[0].ID) })
	closed := make(map[uuid.UUID]int64)
	for i := range all {
		d := &all[i]
		d.Opened = max(d.Opened, closed[d.Target])
		d.Due = d.Opened + window
		d.Closed = d.Due
		closed[d.Target] = d.Closed
	}
	return all, wrong
}

// requireRight plays a game and requires that the model finds nothing wrong.
func (g *game) requireRight(t *testing.T, c Contestant, windowless bool, late time.Duration) {
	t.Helper()
	attempts := g.play(c)
	require.Len(t, attempts, g.producers*g.each)
	require.Empty(t, g.judge(attempts, windowless, late))
}

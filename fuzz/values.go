package fuzz

import (
	"math"
	"time"

	"example.com/contend/fuzz/model"
	"example.com/contend/shard"
)

// The values that bytes choose from: those where mistakes live, and a few
// plain ones.
var (
	priorities = [8]int32{5, 5, 8, 0, -1, math.MaxInt32, math.MinInt32, math.MinInt32 + 1}

	windows = [16]time.Duration{
		1, time.Microsecond, time.Millisecond - 1, time.Millisecond, time.Millisecond + 1,
		2 * time.Millisecond, 100 * time.Millisecond, 100 * time.Millisecond,
		255 * time.Millisecond, 256 * time.Millisecond, 257 * time.Millisecond,
		time.Minute, time.Hour, 5 * time.Hour, 24 * 365 * time.Hour, shard.MaxWindow,
	}

	// calmWindows and calmGaps let more operations meet.
	calmWindows = [16]time.Duration{
		1, time.Millisecond - 1, time.Millisecond, time.Millisecond + 1,
		2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 10 * time.Millisecond,
		10 * time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond, 50 * time.Millisecond,
		100 * time.Millisecond, 100 * time.Millisecond, time.Second, time.Minute,
	}

	gaps = [16]time.Duration{
		0, 0, 1, 999, time.Microsecond, time.Millisecond - 1, time.Millisecond,
		time.Millisecond + 1, 10 * time.Millisecond, 99 * time.Millisecond,
		100 * time.Millisecond, 256 * time.Millisecond, time.Second, time.Minute,
		66 * time.Second, 5 * time.Hour,
	}

	calmGaps = [16]time.Duration{
		0, 0, 0, 1, 100 * time.Microsecond, time.Millisecond - 1, time.Millisecond, 2 * time.Millisecond,
		3 * time.Millisecond, 4 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond,
		20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 5 * time.Second,
	}

	backoffs = [8]model.Retry{
		{}, {}, {MaxBackoff: time.Millisecond}, {Backoff: 1}, {Backoff: time.Millisecond},
		{Backoff: 10 * time.Millisecond, MaxBackoff: 15 * time.Millisecond},
		{Backoff: 100 * time.Millisecond}, {Backoff: math.MaxInt64/2 + 1, MaxBackoff: time.Second},
	}

	steps = [8]int32{0, 0, 1, 3, 4, -1, math.MaxInt32, math.MinInt32}

	deadlines = [4]int64{0, 5, 7, -1}
	idles     = [4]time.Duration{0, 0, time.Millisecond, 4 * time.Millisecond}
	sizes     = [4]int{0, 0, 2, 4}
	decisives = [4]int32{0, 8, math.MaxInt32, math.MaxInt32}

	winners = [16]RuleSet{
		{Policy: model.HighestPriority},
		{Policy: model.FirstWins}, {Policy: model.FirstWins},
		{Policy: model.LastWins}, {Policy: model.LastWins},
		{Policy: model.EarliestDeadline}, {Policy: model.EarliestDeadline},
		{Ordering: Honest}, {Ordering: NonStrict}, {Ordering: Cyclic},
		{Ordering: PanicsAtTimes}, {Ordering: PanicsAtTimes},
		{Choosing: ChoosesBest}, {Choosing: ChoosesLowest}, {Choosing: ChoosesOrPanics}, {Choosing: ChoosesNobody},
	}
)

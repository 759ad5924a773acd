package fuzz

import (
	"fmt"
	"math/bits"
	"strings"

	"example.com/contend/fuzz/model"
)

// feature is something that a window's rules say, or that happened in its life.
type feature int

const (
	firstWins feature = iota
	lastWins
	earliestDeadline
	order
	choose
	early
	runnersUp
	idle
	size
	decisive
	exclusive
	preempt
	ofRules // how many are of the rules; the notes follow
)

var featureNames = [...]string{
	"firstWins", "lastWins", "earliestDeadline", "order", "choose", "early", "runnersUp",
	"idle", "size", "decisive", "exclusive", "preempt",

	"Waited", "Held", "Preempted", "ClosedByIdle", "PutOff", "ClosedBySize", "ClosedByPriority",
	"LostEarly", "Deferred", "Retried", "CameBack", "Paused", "Aged", "FoldedIn",
	"MaskedOut", "MadeRoom", "Withdrawn", "Emptied", "AtFault",
}

const features = feature(len(featureNames))

// note returns the feature of a note.
func note(n model.Notes) feature {
	return ofRules + feature(bits.TrailingZeros32(uint32(n)))
}

// featureSet has a bit for each feature.
type featureSet uint64

// ofWindow returns the features of a window.
func ofWindow(r *RuleSet, notes model.Notes) featureSet {
	set := featureSet(notes) << ofRules
	for f, on := range [ofRules]bool{
		firstWins:        r.Policy == model.FirstWins,
		lastWins:         r.Policy == model.LastWins,
		earliestDeadline: r.Policy == model.EarliestDeadline,
		order:            r.Ordering != NoOrder, choose: r.Choosing != NoChoice,
		early: r.Early, runnersUp: r.RunnersUp > 0,
		idle: r.Idle > 0, size: r.Size > 0, decisive: r.Decisive != 0,
		exclusive: r.Exclusive, preempt: r.Preempt,
	} {
		if on {
			set |= 1 << f
		}
	}
	return set
}

// coverage says of each feature which others a program had on or saw in the
// same window, as far as somebody of that window was told something.
type coverage [features]featureSet

func (c *coverage) add(p *Program, rules int, notes model.Notes) {
	var r RuleSet
	if rules > 0 {
		r = p.Rules[rules-1]
	}
	set := ofWindow(&r, notes)
	for f := range features {
		if set&(1<<f) != 0 {
			c[f] |= set
		}
	}
}

// counts are how many programs had a pair of features, or one and itself.
type counts [features][features]int

func (n *counts) add(c *coverage) {
	for a := range features {
		for b := range features {
			if c[a]&(1<<b) != 0 {
				n[a][b]++
			}
		}
	}
}

func (n *counts) merge(other *counts) {
	for a := range features {
		for b := range features {
			n[a][b] += other[a][b]
		}
	}
}

// rare returns the pairs that fewer programs had, but those that cannot be.
func (n *counts) rare(fewest int) string {
	var b strings.Builder
	for i := range features {
		for j := range i + 1 {
			if n[i][j] < fewest && !impossible(i, j) {
				fmt.Fprintf(&b, "\n%s and %s: %d", featureNames[i], featureNames[j], n[i][j])
			}
		}
	}
	return b.String()
}

// needs are the features without which another one cannot be.
var needs = map[feature][]feature{
	runnersUp:                    {early},
	preempt:                      {exclusive, decisive},
	note(model.Waited):           {exclusive},
	note(model.Held):             {exclusive},
	note(model.Preempted):        {preempt, note(model.Waited)},
	note(model.ClosedByIdle):     {idle},
	note(model.PutOff):           {idle},
	note(model.ClosedBySize):     {size},
	note(model.ClosedByPriority): {decisive},
	note(model.LostEarly):        {early},
	note(model.Deferred):         {early},
}

// excluded are the pairs that cannot be.
var excluded = map[[2]feature]string{
	{firstWins, lastWins}:         "one policy",
	{firstWins, earliestDeadline}: "one policy",
	{firstWins, order}:            "one policy",
	{firstWins, choose}:           "one policy",
	{lastWins, earliestDeadline}:  "one policy",
	{lastWins, order}:             "one policy",
	{lastWins, choose}:            "one policy",
	{earliestDeadline, order}:     "one policy",
	{earliestDeadline, choose}:    "one policy",
	{order, choose}:               "one policy",
	{early, choose}:               "Choose needs the whole group",

	{firstWins, note(model.AtFault)}:        "no code of the user's",
	{lastWins, note(model.AtFault)}:         "no code of the user's",
	{earliestDeadline, note(model.AtFault)}: "no code of the user's",

	{note(model.ClosedByIdle), note(model.ClosedBySize)}:     "closed by one of them",
	{note(model.ClosedByIdle), note(model.ClosedByPriority)}: "closed by one of them",

	{note(model.Held), note(model.AtFault)}:     "no winner",
	{note(model.Retried), note(model.AtFault)}:  "nobody lost",
	{note(model.FoldedIn), note(model.AtFault)}: "no winner",

	{note(model.Emptied), note(model.Held)}:             "never decided",
	{note(model.Emptied), note(model.Retried)}:          "never decided",
	{note(model.Emptied), note(model.FoldedIn)}:         "never decided",
	{note(model.Emptied), note(model.ClosedByIdle)}:     "never decided",
	{note(model.Emptied), note(model.ClosedBySize)}:     "closed before it could be cleared",
	{note(model.Emptied), note(model.ClosedByPriority)}: "closed before it could be cleared",
}

// impossible reports whether a pair of features, or what one of them needs,
// cannot be together.
func impossible(a, b feature) bool {
	for _, x := range withNeeds(a) {
		for _, y := range withNeeds(b) {
			if excluded[[2]feature{x, y}] != "" || excluded[[2]feature{y, x}] != "" {
				return true
			}
		}
	}
	return false
}

func withNeeds(f feature) []feature {
	all := []feature{f}
	for _, n := range needs[f] {
		all = append(all, withNeeds(n)...)
	}
	return all
}

package shard

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// An owner is busy if a lookEvery, this one or the one before, had busyOps
// operations, however many looks found them.
func TestPace(t *testing.T) {
	const start, half = 10 * lookEvery, lookEvery / 2
	for name, c := range map[string]struct {
		looks [][2]int64 // when, and how many operations it found
		busy  bool
	}{
		"nothing":                   {nil, false},
		"enough at once":            {[][2]int64{{start, busyOps}}, true},
		"one less":                  {[][2]int64{{start, busyOps - 1}}, false},
		"in two looks":              {[][2]int64{{start, busyOps - 1}, {start + half, 1}}, true},
		"up to the end":             {[][2]int64{{start, busyOps - 1}, {start + lookEvery - 1, 1}}, true},
		"from the end on":           {[][2]int64{{start, busyOps - 1}, {start + lookEvery, 1}}, false},
		"in the one before":         {[][2]int64{{start, busyOps}, {start + lookEvery, 1}}, true},
		"long before":               {[][2]int64{{start, busyOps}, {start + 2*lookEvery, 1}}, false},
		"in the one before that":    {[][2]int64{{start, busyOps}, {start + lookEvery, 1}, {start + 2*lookEvery, 1}}, false},
		"never so many, but always": {[][2]int64{{start, 9}, {start + lookEvery, 9}, {start + 2*lookEvery, 9}}, false},
	} {
		var p pace
		for _, look := range c.looks {
			p.found(look[0], int(look[1]))
		}
		require.Equal(t, c.busy, p.busy(), name)
	}
}

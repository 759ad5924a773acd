package engine_test

import (
	"math"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// classes are the presets as they were asked for.
var classes = []struct {
	class              engine.Class
	name               string
	least, usual, most engine.Priority
	retries            int
	priorities         string // what a refusal of a priority wants
	limit              string // what a refusal of a limit wants
}{
	{engine.ClassStructural, "structural", 8, 10, 10, 20, "8 to 10 for class structural, or 0 for 10", "at most 20 for class structural, or 0 for 20"},
	{engine.ClassNormal, "normal", 3, 5, 7, 5, "3 to 7 for class normal, or 0 for 5", "at most 5 for class normal, or 0 for 5"},
	{engine.ClassLow, "low", 1, 2, 2, 3, "1 to 2 for class low, or 0 for 2", "at most 3 for class low, or 0 for 3"},
}

func TestClassesAreWhatWasAskedFor(t *testing.T) {
	for _, c := range classes {
		require.Equal(t, c.name, c.class.String())
		require.Equal(t, c.retries, c.class.Retries(), c.name)
		least, usual, most := c.class.Priorities()
		require.Equal(t, []engine.Priority{c.least, c.usual, c.most}, []engine.Priority{least, usual, most}, c.name)
	}
	require.Equal(t, engine.ClassNormal, engine.Class(0))
}

func TestClassFillsInWhatIsNotSet(t *testing.T) {
	for _, c := range classes {
		op, err := c.class.Op(engine.Op{})
		require.NoError(t, err)
		require.Equal(t, engine.Op{Type: c.name, Priority: c.usual, Retry: engine.Retry{Limit: c.retries}}, op)

		again, err := c.class.Op(op)
		require.NoError(t, err)
		require.Equal(t, op, again, "an operation of the class is one already")
	}
}

func TestClassKeepsWhatIsSet(t *testing.T) {
	for _, c := range classes {
		set := engine.Op{
			Target: target(1), Priority: c.least, Window: time.Second, Name: "name", Type: "type", ID: target(2), Mode: engine.None,
			Retry:   engine.Retry{Limit: 1, Backoff: 2, MaxBackoff: 3, Step: 4},
			Parents: []uuid.UUID{target(3)},
		}
		op, err := c.class.Op(set)
		require.NoError(t, err)
		require.Equal(t, set, op)
	}
}

// Exactly the priorities of the range, and 0, will do.
func TestClassRange(t *testing.T) {
	outside := []engine.Priority{math.MinInt32, -1, 11, math.MaxInt32}
	for _, c := range classes {
		for p := engine.Priority(1); p <= 10; p++ {
			op, err := c.class.Op(engine.Op{Priority: p})
			if p < c.least || p > c.most {
				invalid(t, err, "Op.Priority")
				continue
			}
			require.NoError(t, err)
			require.Equal(t, p, op.Priority)
		}
		for _, p := range outside {
			given := engine.Op{Priority: p}
			op, err := c.class.Op(given)
			invalid(t, err, "Op.Priority")
			require.ErrorContains(t, err, "want "+c.priorities)
			require.Equal(t, given, op, "as it was given")
		}
	}
	_, err := engine.ClassNormal.Op(engine.Op{Priority: engine.Critical})
	require.EqualError(t, err, "contend: invalid Op.Priority 10: want 3 to 7 for class normal, or 0 for 5")
}

func TestClassLimit(t *testing.T) {
	for _, c := range classes {
		op, err := c.class.Op(engine.Op{Retry: engine.Retry{Limit: c.retries}})
		require.NoError(t, err)
		require.Equal(t, c.retries, op.Retry.Limit)

		given := engine.Op{Retry: engine.Retry{Limit: c.retries + 1}}
		op, err = c.class.Op(given)
		invalid(t, err, "Op.Retry.Limit")
		require.ErrorContains(t, err, "want "+c.limit)
		require.Equal(t, given, op, "as it was given")
	}
}

func TestClassThatDoesNotExist(t *testing.T) {
	none := engine.Class(len(classes))
	op, err := none.Op(engine.Op{Name: "name"})
	invalid(t, err, "Class")
	require.Equal(t, engine.Op{Name: "name"}, op, "as it was given")
	require.Equal(t, "class 3", none.String())
	require.Zero(t, none.Retries())
	least, usual, most := none.Priorities()
	require.Zero(t, [3]engine.Priority{least, usual, most})
}

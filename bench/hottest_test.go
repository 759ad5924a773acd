package bench

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
)

func TestHottest(t *testing.T) {
	var h Hottest
	assert.Empty(t, h.Top(3))
	assert.Zero(t, h.Distinct())

	a, b, c := uuid.UUID{1}, uuid.UUID{2}, uuid.UUID{3}
	h.Add(c, 2)
	h.Add(b, 5)
	h.Add(a, 1)
	h.Add(a, 1)
	want := []TargetCount{{b, 5}, {a, 2}, {c, 2}} // equals by UUID
	assert.Equal(t, want, h.Top(3))
	assert.Equal(t, want, h.Top(99))
	assert.Equal(t, want[:1], h.Top(1))
	assert.Empty(t, h.Top(0))
	assert.Empty(t, h.Top(-1))
	assert.Equal(t, 3, h.Distinct())
	assert.EqualValues(t, 9, h.Total())
}

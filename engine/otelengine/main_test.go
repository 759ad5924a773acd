package otelengine_test

import (
	"context"
	"testing"
	"testing/synctest"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var background = context.Background()

// inBubble runs a test in virtual time. Engines must be made inside.
func inBubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// newEngine makes an engine that is stopped when the test, or its bubble, ends.
func newEngine(t *testing.T, config engine.Config) *engine.Engine {
	t.Helper()
	e, err := engine.New(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Stop(background)) })
	return e
}

// target returns the n-th of a fixed sequence of targets.
func target(n int) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceOID, []byte{byte(n)}) }

func nothing(context.Context) (int, error) { return 0, nil }

// submit submits an operation and must be accepted.
func submit(t *testing.T, e *engine.Engine, op engine.Op, fn func(context.Context) (int, error)) *engine.Handle[int] {
	t.Helper()
	h, err := engine.Submit(background, e, op, fn)
	require.NoError(t, err)
	return h
}

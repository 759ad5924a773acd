package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// The example on README's first screen.
func Example() {
	e, _ := engine.New(engine.Config{}) // windows of 100 ms, a shard per processor
	defer e.Stop(context.Background())
	player := uuid.New()
	var all sync.WaitGroup
	for name, priority := range map[string]engine.Priority{"hit": engine.Low, "heal": engine.High} {
		all.Go(func() {
			hp, err := engine.Do(context.Background(), e, engine.Op{Target: player, Priority: priority, Name: name},
				func(context.Context) (int, error) { return 10, nil })
			if lost := (*engine.RejectedError)(nil); errors.As(err, &lost) {
				fmt.Printf("%s %s, to %s\n", name, lost.Reason(), lost.Winner.Name)
			} else {
				fmt.Printf("%s executed: %d, %v\n", name, hp, err)
			}
		})
	}
	all.Wait()
}

// On a busy machine 100 ms may be over before the second one comes, so that the example
// is held to what it prints in virtual time, not by an Output comment.
func TestExampleOfREADME(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "printed"))
	require.NoError(t, err)
	defer file.Close()
	defer func(stdout *os.File) { os.Stdout = stdout }(os.Stdout)
	os.Stdout = file
	inBubble(t, func(*testing.T) { Example() })
	printed, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	require.ElementsMatch(t, []string{
		"heal executed: 10, <nil>",
		"hit lost pre-ECS priority conflict (priority 2 vs winner 8), to heal",
	}, strings.Split(strings.TrimSpace(string(printed)), "\n"))
}

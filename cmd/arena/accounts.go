package main

import (
	"fmt"
	"sync"
)

// violations is what a check has found. It is safe for concurrent use.
type violations struct {
	mu       sync.Mutex
	count    int
	messages []string // the first ones
}

const maxMessages = 5

func (v *violations) add(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.count++; v.count <= maxMessages {
		v.messages = append(v.messages, fmt.Sprintf(format, args...))
	}
}

// total returns how many there are, and the first ones in words.
func (v *violations) total() (int, []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.count, append([]string(nil), v.messages...)
}

// wealth returns all the gold there is.
func wealth(seen []body, chests []int32) (gold int64) {
	for _, b := range seen {
		gold += int64(b.gold)
	}
	for _, chest := range chests {
		gold += int64(chest)
	}
	return gold
}

// fitness returns the health of all entities.
func fitness(seen []body) (health int64) {
	for _, b := range seen {
		health += int64(b.health)
	}
	return health
}

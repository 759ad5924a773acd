//go:build explore

package interleave

import (
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
)

// yieldsVariable is the environment variable that says at one in how many accesses a
// goroutine gives way where there is no explorer.
const yieldsVariable = "CONTEND_YIELDS"

// mostYields is how often a goroutine gives way at most when it does.
const mostYields = 20

// yieldsAtOneIn is 0 if none does.
var yieldsAtOneIn = func() int {
	value := os.Getenv(yieldsVariable)
	if value == "" {
		return 0
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		panic(yieldsVariable + "=" + value + ": want a number of accesses, such as 24")
	}
	return n
}()

func yieldAtRandom() {
	if yieldsAtOneIn <= 0 || rand.IntN(yieldsAtOneIn) > 0 {
		return
	}
	for range 1 + rand.IntN(mostYields) {
		runtime.Gosched()
	}
}

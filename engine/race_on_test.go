//go:build race

package engine_test

// raceDetector is on: it allocates and slows down.
const raceDetector = true

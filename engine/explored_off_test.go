//go:build !explore

package engine_test

// explored: panics of the shards' own code end the process.
const explored = false

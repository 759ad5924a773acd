// Package loom runs parts of the engine in all the ways in which their goroutines
// can interleave, as far as that can be done.
package loom

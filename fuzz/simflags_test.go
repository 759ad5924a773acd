package fuzz

import "flag"

var (
	simSeeds      = flag.Int("seeds", 300, "how many seeds TestSim simulates, from -seed on")
	simTranscript = flag.Bool("transcript", false, "have TestSim print what happened in a seed that hangs, or in the only one")
)

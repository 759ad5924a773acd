package bench

import "runtime/metrics"

// Memory is a reading of Go's heap.
type Memory struct {
	// Live is the bytes that the last garbage collection found reachable. Call
	// runtime.GC before a reading that shall be of this moment.
	Live uint64

	// Heap is the bytes of objects now, garbage not yet collected included.
	Heap uint64

	// Allocated and Objects are the bytes and the number of objects allocated
	// since the process began, freed ones included. Small objects are counted
	// some kilobytes late.
	Allocated uint64
	Objects   uint64

	// Collections is the number of garbage collections completed.
	Collections uint64
}

// ReadMemory reads the heap's figures. Unlike runtime.ReadMemStats it does not
// stop the world, so it can be called in the middle of a run; it allocates
// some hundred bytes. Safe for concurrent use.
func ReadMemory() Memory {
	samples := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/gc/heap/allocs:objects"},
		{Name: "/gc/cycles/total:gc-cycles"},
	}
	metrics.Read(samples)
	return Memory{
		Live:        samples[0].Value.Uint64(),
		Heap:        samples[1].Value.Uint64(),
		Allocated:   samples[2].Value.Uint64(),
		Objects:     samples[3].Value.Uint64(),
		Collections: samples[4].Value.Uint64(),
	}
}

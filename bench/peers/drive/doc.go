// Package drive plays workloads against the contestants of package peers and
// measures them, all in the same way.
//
//	Spec ──▶ Measure ──▶ Result ──▶ a line in the format of Go's benchmarks
//
// A [Spec] says everything about a measurement, so that it can be made in a process
// of its own. The driver reads no clock for an operation that it submits flat out.
// What it costs itself can be measured with the contestant [Nobody].
package drive

//go:build !unix

package drive

// switches is not known here.
func switches() int64 { return 0 }

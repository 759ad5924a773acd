package shard

import "fmt"

// Priority ranks the contenders of a target: higher wins. Every int32 is
// valid, the extremes included.
type Priority int32

// The named priorities.
const (
	Background Priority = 1
	Low        Priority = 2
	Normal     Priority = 5
	High       Priority = 8
	Critical   Priority = 10
)

// String returns the name of a named priority, the number of any other.
func (p Priority) String() string {
	switch p {
	case Background:
		return "background"
	case Low:
		return "low"
	case Normal:
		return "normal"
	case High:
		return "high"
	case Critical:
		return "critical"
	}
	return fmt.Sprint(int32(p))
}

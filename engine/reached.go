package engine

// reached waits until a channel is closed or has a value, which it takes, and
// reports true; or until whoever waits gives up. If both have happened it is the
// former that counts, not chance.
func reached[T any](c <-chan T, givesUp <-chan struct{}) bool {
	select {
	case <-c:
		return true
	case <-givesUp:
		return reachedYet(c)
	}
}

// reachedYet is reached without waiting.
func reachedYet[T any](c <-chan T) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

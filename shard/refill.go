package shard

// refilled is how much a slice has held at most, since it was trimmed, that is filled and
// emptied over and over. Such a slice keeps the memory that it needs; after a burst that
// goes back.
type refilled int

// fewRefilled are kept for ever.
const fewRefilled = 1024

// emptied returns a slice without what was in it.
func emptied[T any](s []T, most *refilled) []T {
	*most = max(*most, refilled(len(s)))
	clear(s)
	return s[:0]
}

// trimmed says that some time has passed. It returns an empty slice without memory if it
// has not held a quarter of what it can since the last time.
func trimmed[T any](s []T, most *refilled) []T {
	needed := 4 * int(*most)
	*most = 0
	if len(s) == 0 && surplus(s) && needed < cap(s) {
		return nil
	}
	return s
}

// surplus reports whether trimmed would give memory back, now or later.
func surplus[T any](s []T) bool { return cap(s) > fewRefilled }

package shard

// beats is the policy: whether a challenger takes the place of the best so
// far, who was submitted earlier. Higher priority wins; among equals the first
// submitted stays. It compares and never subtracts, so that every int32 is a
// valid priority.
func beats(challenger, best int32) bool { return challenger > best }

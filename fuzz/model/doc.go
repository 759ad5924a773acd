// Package model says in plain code what the engine decides. It is the
// reference that the core, the engine and recorded histories are compared
// with, and is written to be read in one sitting, not to be fast.
//
// The plain window, which is all there is as long as the Rules are zero:
//
//   - The first operation for a target opens a window, at the time it was
//     submitted, but not before the last Advance. Its length and its rules are
//     those of the first operation; later ones' are ignored.
//   - The window closes at the first tick that is not before its due time.
//   - Everything staged until then contends, except what was withdrawn. The
//     window stays open when its first operation is withdrawn.
//   - The highest priority wins, and among equals the first staged.
//   - The next operation for the target opens the next window.
//
// That is enter.go, time.go and decide.go. What rules, locks and a limit change, and in which file:
//
//   - policy.go: who wins. A user's Order counts only where it is strict; one
//     that panics, or a Choose that names nobody, is a fault: all are told so.
//   - early.go: an operation that is behind in its window is told at once that
//     it lost, but for some runners-up. One that may try again or be folded is
//     not told, it stands behind the others.
//   - closing.go: a window closes before its time when nothing arrived for a
//     while, when enough did, or when a decisive operation did.
//   - exclusive.go: while a winner runs, its target's next window stays open.
//     A decisive newcomer may ask for the winner to make way.
//   - retry.go: a loser may try again in the next window, at once or after a
//     pause, with a priority that ages. A loser with the winner's fold is
//     carried out with it.
//   - locks.go: an operation below a lock's priority is masked when it enters
//     and when its window closes; ageing does not count.
//   - limit.go: in a full model the lowest priority has to make room.
//
// A withdrawn operation is only marked. It counts as staged until the model
// comes across it, and it is then dropped without a word: when its window
// closes, when somebody of its window is to be told early, when its pause is
// over, when it would be dismissed.
//
// Nothing here is safe for concurrent use.
package model

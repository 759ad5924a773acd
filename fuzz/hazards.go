// # Hazards
//
// What has gone wrong in systems like this one, and the tests that it does not go
// wrong here. TestHazards fails if one of them does not exist any more.
//
//	Ring wrap-around: ring.TestWrapAround, ring.TestManyProducers, ring.FuzzRing
//	Sequence overflow: ring.TestWrapAround, ring.TestLastPositions, shard.TestSequenceOverflow
//	Stalled producer: ring.TestHole, shard.TestStalledProducer
//	Lost wake-up: ring.TestNoWakeUpIsLost, shard.TestOwnerWakesInTime, shard.TestEndedIsNotLost
//	Full ring: ring.TestFullRefuses, shard.TestParkedProducersAreAllAdmitted, engine.TestParkInATinyRing, engine.TestRefuseInATinyRing, fuzz.TestWaitersOnASmallRing
//	GOMAXPROCS=1: engine.TestOneProcessor
//	Stop racing with Submit: engine.TestExactlyOneOutcomeAndStop, ring.TestCloseIsExact
//	Stop racing with Withdraw and the close of a window: engine.TestStopRacesWithWithdrawalAndClose, engine.TestStopGivesUpAtTheClose
//	Restart under load: engine.TestRestartWithoutPatience, engine.TestExactlyOneOutcomeAndStop
//	Submit from inside a winner on the same target and shard: engine.TestDoInsideAWinner, fuzz.TestReentrancy
//	A winner that never returns: engine.TestBlockedWinnerDelaysNobody, engine.TestStopGivesUp
//	Panic, Goexit and error in a function: engine.TestFunctionThatFails
//	Panic, Goexit and error in a policy: shard.TestPolicyThatFails, shard.TestPolicyThatFailsWhileDeciding, engine.TestPolicyThatFails, engine.TestPolicyThatPanicsWithNil
//	Panic, Goexit and error in a hook: engine.TestContenderAndHookThatFail, engine.TestOtherHooksThatFail, shard.TestGoexitWhileTelling, engine.TestExecutorThatFails
//	Panic, Goexit and error in a registry: engine.TestRegistryThatFails, engine.TestRegistryFinishThatFails
//	Slow subscribers: engine.TestSubscriberThatNeverReads, engine.TestHookThatBlocks, engine.TestSlowHookDelaysItsOwnShardOnly, engine.TestSlowRegistryDelaysItsWinnerOnly, engine.TestSlowExecutorDelaysItsOwnShardOnly, engine.TestSlowJournal, engine.TestStopBehindAStuckJournal
//	Absent subscribers: engine.TestAbsentSubscribers, engine.TestExecutorThatNeverRuns
//	One hot target with a million operations: engine.TestHotTargetWithAMillionOperations
//	A million targets with one each: engine.TestMillionTargetsWithOneOperationEach, engine.TestManyTargetsBackwards
//	Burst then silence, memory goes back: engine.TestBurstOfTickets, engine.TestBurstOfSubmits, engine.TestBurstOfDos, shard.TestCoreShrinksAfterBurst
//	Burst then silence, goroutines go back: engine.TestGoroutinesGoBackAfterABurst
//	Windows of zero: engine.TestDefaultWindow, engine.TestZeroConfigWorks
//	Windows of less than nothing: engine.TestInvalidConfig, engine.TestInvalidOperations, engine.TestInvalidBids
//	Windows of one nanosecond and of an hour: engine.TestWindowIsExact
//	Different windows side by side: engine.TestWindowsSideBySide, engine.TestShortWindowBehindLongOne
//	Wall clock stepping: engine.TestWallClockIsReadTwice, shard.TestWallClockSteppingBack, shard.TestSuspendedProcess
//	A process suspended for seconds: shard.TestSuspendedProcess
//	Priorities at both extremes: engine.TestHighestPriorityWins, engine.TestMarginOfExtremes, shard.TestPolicyIsATotalOrder
//	Equal priorities from many producers: engine.TestFirstAmongEqualsOfManyProducers
//	The zero UUID: engine.TestModeNoneAndNoTargetExecuteDirectly, engine.TestInvalidBids, engine.TestTargetsThatAWrapFinds, shard.TestTableAgainstMap
//	Duplicate operation IDs: engine.TestDuplicateOperationIDs, engine.TestDuplicateOperationIDsInALineage
//	Nil function: engine.TestInvalidOperations, engine.TestInvalidWraps, engine.TestInvalidFoldings
//	A context that is already done: engine.TestContextIsDoneAlready, engine.TestContextIsDoneOnOtherRungs
//	All target IDs in one shard: engine.TestAllTargetsInOneShard, fuzz.TestChosenTargetsSpread, shard.TestTableAgainstMap
package fuzz

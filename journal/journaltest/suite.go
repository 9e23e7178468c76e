// Package journaltest is the conformance suite of journals: [Run] tests a journal against
// every sentence of the contract in package journal. All journals of matchfloor pass it, also
// when package faultyjournal injects faults.
//
// To test a journal of your own, call Run from a test of its package with a function that
// opens a new, empty store. Run calls it once for each case:
//
//	func TestContract(t *testing.T) {
//		journaltest.Run(t, func(t *testing.T) journaltest.Env {
//			j := open(t, t.TempDir()) // registers Close with t.Cleanup
//			return journaltest.Env{Journal: j, Snapshots: j}
//		})
//	}
//
// The other fields of [Env] add cases: a second handle on the store, and damage to it. A case
// that an Env cannot run logs that it does not apply, and passes. The suite waits at most 30
// seconds for a hint, or for a watch to end.
//
// [History] checks by itself that the results of concurrent calls are linearizable, under a
// load and faults of the caller's choice.
package journaltest

import "testing"

// Run tests the journal that open returns, a new and empty one for each case, against the
// contract of package journal. It fails t if the contract is broken.
func Run(t *testing.T, open func(t *testing.T) Env) {
	cases := []struct {
		name string
		run  func(*fixture)
	}{
		{"empty log", emptyLog},
		{"append and read", appendAndRead},
		{"compare and set", compareAndSet},
		{"conflict carries the missed records", conflictMissed},
		{"duplicates are found", duplicateKeys},
		{"duplicates take precedence over a conflict", duplicateBeforeConflict},
		{"batches are atomic", atomicBatches},
		{"deadlines", deadlines},
		{"a deadline is checked last", deadlineIsCheckedLast},
		{"what was stored in time is not expired", storedIsNotExpired},
		{"limits of a batch", limits},
		{"malformed batches", malformedBatches},
		{"ids of logs", logIDs},
		{"keys and bodies are any bytes", anyBytes},
		{"the caller may change its buffers afterwards", buffersAreCopied},
		{"read from anywhere", readAnywhere},
		{"pages are bounded", boundedPages},
		{"check head", checkHead},
		{"watch begins with an empty hint", watchBegins},
		{"watch follows without a gap", watchFollows},
		{"watch follows another handle", watchFollowsOther},
		{"watch ends with its context", watchEnds},
		{"replace", replace},
		{"replace compares the head", replaceComparesHead},
		{"replace with other records", replaceWithOthers},
		{"replace ends followers", replaceEndsFollowers},
		{"damage is reported", damage},
		{"damaged duplicate is reported", damagedDuplicate},
		{"concurrent writers", concurrentWriters},
		{"two handles", twoHandles},
		{"concurrent calls are linearizable", linearizable},
		{"snapshots", snapshots},
		{"ended context", endedContext},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.run(&fixture{T: t, Env: open(t)})
		})
	}
}

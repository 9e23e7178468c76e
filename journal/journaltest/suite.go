// Package journaltest is the conformance suite of journals: what package journal
// says in prose, [Run] holds a journal to. Every journal of matchfloor passes it,
// also behind the fault-injecting wrapper of package faultyjournal.
package journaltest

import (
	"testing"

	"github.com/matchfloor/matchfloor/journal"
)

// Env is one empty store as the suite uses it. The opener registers whatever has
// to be closed with t.Cleanup.
type Env struct {
	Journal   journal.Journal
	Snapshots journal.Snapshots // nil leaves out the snapshots' cases

	// Other is a second handle on the same store, as another process or node
	// would hold it; nil leaves out the cases of two handles.
	Other journal.Journal

	// Flip turns over one bit of a field of a stored record behind the journal's
	// back; nil leaves out the cases of damage.
	Flip func(log journal.LogID, seq uint64, field Field)

	// Faulty says that appends may answer ErrUnknown or ErrUnavailable and that
	// hints may be lost: the suite then sends again, and looks for itself, as the
	// contract tells callers to.
	Faulty bool
}

// Field names what of a record Flip damages.
type Field string

// The fields of a stored record.
const (
	Body   Field = "body"
	Key    Field = "key"
	Digest Field = "digest"
	Hash   Field = "hash"
)

// Run holds the journal that open answers, a new empty one for each case, to
// the contract of package journal.
func Run(t *testing.T, open func(t *testing.T) Env) {
	cases := []struct {
		name string
		run  func(*fixture)
	}{
		{"empty log", emptyLog},
		{"append and read", appendAndRead},
		{"compare and set", compareAndSet},
		{"conflict carries what was missed", conflictMissed},
		{"known keys", knownKeys},
		{"known keys win over a conflict", knownBeforeConflict},
		{"batches are atomic", atomicBatches},
		{"limits", limits},
		{"malformed batches", malformedBatches},
		{"log ids", logIDs},
		{"odd keys and bodies", oddContents},
		{"the caller keeps its buffers", callersBuffers},
		{"read from anywhere", readAnywhere},
		{"pages are bounded", boundedPages},
		{"confirm", confirm},
		{"watch begins with an empty hint", watchBegins},
		{"watch follows without a gap", watchFollows},
		{"watch follows another handle", watchFollowsOther},
		{"watch ends with its context", watchEnds},
		{"replace", replace},
		{"replace is compared", replaceCompared},
		{"replace with other records", replaceOther},
		{"replace is told to watches", replaceTold},
		{"damage is reported", damage},
		{"damage is not known", damageKnown},
		{"concurrent writers", concurrentWriters},
		{"two handles", twoHandles},
		{"concurrent histories", histories},
		{"snapshots", snapshots},
		{"an ended context", endedContext},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.run(&fixture{T: t, Env: open(t)})
		})
	}
}

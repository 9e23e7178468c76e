// Package journal is the contract of matchfloor's logs: append-only sequences of opaque
// records, chained by hash and written by compare-and-set.
//
// A journal holds many logs, each named by a [LogID]. It does not interpret records: it
// stores the exact bytes that a node has hashed, in order, once. Three journals implement the
// contract: [Memory] in this package, sqlitejournal (one file, the embedded default) and
// redisjournal (several nodes). The suite in journaltest tests them, and any other
// implementation, against every sentence below.
//
// # Positions
//
// A [Position] names the epoch of a log, the sequence number of its last record and that
// record's hash, which covers all records before it. A caller chains its records to the
// position that it expects ([Chain]) and appends them there ([Journal.Append]). A [Cursor]
// follows a log: it holds a position and moves forward over records that follow from it.
//
// # Unknown outcomes
//
// A write whose answer is lost fails with [ErrUnknown]: it may be stored, now or later. The
// caller sends the same records with the same expectation again until the outcome is known,
// and neither acknowledges nor refuses their commands before. The command keys make this safe:
// a record is stored once, however often it is sent.
//
// # Deadlines
//
// An append may carry an instant after which it must not be stored. The journal decides by its
// own clock at the moment of the write, so that a call that the network or a hung store has
// held up is not stored late. A caller whose clock differs converts the instant first: each
// [Result] and [Journal.CheckHead] returns the journal's clock.
package journal

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// LogID names a log: 1 to 64 characters of [A-Za-z0-9_-]. The log "_" belongs to the instance
// itself; every other log is an event's.
type LogID string

// InstanceLog is the log of an instance: its organisers, events and address.
const InstanceLog LogID = "_"

// The limits of a journal. A batch or record beyond them is malformed. A page beyond them is
// cut short, and the caller reads on after its last record.
const (
	MaxBatch      = 256      // records of one Append
	MaxBatchBytes = 16 << 20 // bytes of their bodies together
	MaxRecord     = 4 << 20  // bytes of one record's Body
	MaxKey        = 256      // bytes of a CommandKey; an empty key is malformed
	MaxPage       = 1024     // records of one Read, or in Missed
	MaxPageBytes  = 8 << 20  // a page ends with the record that takes its bodies past this
	Window        = 100_000  // last records of a log whose keys are known, at least
)

// Journal is an append-only store of logs. All methods are safe for concurrent use. They block
// until there is a result or ctx ends. They verify what they read: a record whose hash does
// not follow from the record before it is an error that wraps [ErrCorrupt]; it is never
// skipped.
//
// A log that was never written is empty, at [Genesis](log, 1). There is no call to create one.
type Journal interface {
	// Append stores batch at the end of the log if the log is exactly at expect (epoch, seq
	// and hash) and the journal's clock is not past notAfter: all of the batch, or nothing.
	// The records must follow from expect (see [Chain]). The zero notAfter is no deadline.
	//
	// Append checks four things, in this order:
	//
	//  1. A batch that breaks a limit or does not follow from expect is an error that wraps
	//     ErrMalformed.
	//  2. If a key of the batch is in the log already, nothing is written. The outcome is
	//     AlreadyKnown, and Duplicates names each such key. That is so even if the log is not
	//     at expect, or notAfter has passed: what was stored in time is never called expired.
	//  3. If the log is not at expect, nothing is written. The outcome is Conflict, and Missed
	//     holds the records after expect, or Diverged is set. That is so even if notAfter has
	//     passed.
	//  4. If the journal's clock is past notAfter, nothing is written. The outcome is Expired,
	//     and Clock is the reading of the clock that was past it. So the log is at expect, and
	//     holds no key of the batch, as durably as for AlreadyKnown.
	//
	// Otherwise the outcome is Appended. An implementation MUST NOT return Appended before the
	// batch is durable by its own promise. It MUST make the checks and the write in one step,
	// and read its own clock in that step, not when the call is made: a call may wait for long
	// before the journal executes it. What follows the step, such as a sync of the disk or the
	// wait for a replica, may end after notAfter.
	//
	// An error that wraps ErrUnavailable means that this call wrote nothing. An error that
	// wraps ErrUnknown means that the batch may be stored, now or later. The caller must send
	// the same records with the same expect and notAfter again until there is an outcome. If
	// the batch had been stored, that outcome is AlreadyKnown. If it is another one, no
	// earlier attempt is stored any more: after Conflict because the log has moved on, after
	// Expired because each attempt carries the same notAfter. The latter holds unless the
	// journal's clock is set back to before notAfter while an attempt is still under way.
	//
	// The caller may change batch after Append returns.
	Append(ctx context.Context, log LogID, expect Position, batch []Record, notAfter time.Time) (Result, error)

	// Read returns the records after sequence number after, in order, and the log's head at
	// the time of the read. The page has at most limit records and is within MaxPage and
	// MaxPageBytes, but it has at least one record if the log has one there. With a limit
	// below 1, or after the head, it is empty: that is how a caller reads the head alone.
	//
	// The journal verifies the page from the stored record before it. The caller must verify
	// that the page follows from its own position, as [Cursor] does. The records are
	// read-only.
	Read(ctx context.Context, log LogID, after uint64, limit int) (Page, error)

	// Watch calls hint for records that any process appends to log, until ctx ends or the
	// watch breaks, and returns the reason. A hint may be late, repeated, out of order or
	// lost, so a caller that must not miss a record also reads. An empty hint asks the caller
	// to read the log: Watch sends one as soon as it receives hints, and one after every
	// interruption. Watch calls hint from one goroutine at a time; hint must not block.
	Watch(ctx context.Context, log LogID, hint func([]Record)) error

	// CheckHead returns the journal's clock if the log is durably at exactly the position at,
	// and otherwise an error that wraps ErrPositionMismatch. A caller that reads its replica
	// after a successful CheckHead has a linearizable read.
	CheckHead(ctx context.Context, log LogID, at Position) (time.Time, error)

	// Replace rewrites the whole log with records if it is exactly at expect, and returns the
	// new head. Erasure and restore use it. It stores the sequence numbers (1, 2, 3, …;
	// anything else wraps ErrMalformed), keys, digests and bodies of the records, chained
	// again in the next epoch; their Hash is not used. The log's snapshot is removed together
	// with the old epoch.
	//
	// If the log is not at expect the error wraps ErrPositionMismatch. After an error that
	// wraps ErrUnknown the caller finds the outcome by reading the head.
	Replace(ctx context.Context, log LogID, expect Position, records []Record) (Position, error)
}

// Snapshots stores one state for each log: the result of applying its records up to a
// position. A node that starts from a snapshot reads only the records after it. A lost
// snapshot makes a start slower and loses nothing else.
type Snapshots interface {
	// PutSnapshot stores state as the snapshot of log at the position at, in place of the one
	// that is stored. If at is of another epoch than the log, nothing is stored and the error
	// wraps ErrPositionMismatch. So no state from before a Replace is stored after it: an
	// erasure relies on that.
	PutSnapshot(ctx context.Context, log LogID, at Position, state []byte) error
	// Snapshot returns the stored snapshot, or ok=false if there is none.
	Snapshot(ctx context.Context, log LogID) (at Position, state []byte, ok bool, err error)
	// DropSnapshot removes the snapshot. It is no error if there is none.
	DropSnapshot(ctx context.Context, log LogID) error
}

// CommandKey identifies a command across retries: its sender, and the id that the sender gave
// it.
type CommandKey string

// Record is one entry of a log: the changes that one command made.
type Record struct {
	Seq    uint64     // 1 for the first of the log
	Key    CommandKey // the command that made the changes; unique among the last Window records
	Digest Digest     // of the command's payload: tells a repeated command from a reused key
	Body   []byte     // opaque; hashed and stored as it is
	Hash   Hash       // H(previous hash, seq, key, digest, body); see [Position.Next]
}

// Result is the result of Append.
type Result struct {
	Outcome    Outcome
	Head       Position    // of the log, after the call
	Duplicates []Duplicate // outcome AlreadyKnown: the keys of the batch that are in the log
	Missed     []Record    // outcome Conflict, not diverged: the records after expect, as one page of Read
	Diverged   bool        // outcome Conflict: expect is no position of this log
	Clock      time.Time   // the journal's clock, read during the call
}

// Duplicate is a command key that is in the log, with its sequence number and the digest of
// its payload.
type Duplicate struct {
	Key    CommandKey
	Seq    uint64
	Digest Digest
}

// Page is the result of Read.
type Page struct {
	Records []Record
	Head    Position
}

// Outcome says what Append did.
type Outcome uint8

// The outcomes of an append.
const (
	Appended     Outcome = iota + 1 // stored and durable
	AlreadyKnown                    // not stored: a key of the batch is in the log
	Conflict                        // not stored: the log is at another position
	Expired                         // not stored: the journal's clock is past notAfter
)

// The errors of a journal. Compare with errors.Is.
var (
	ErrUnavailable      = errors.New("journal: not reachable; nothing was written")
	ErrUnknown          = errors.New("journal: no answer; the write may or may not have happened")
	ErrPositionMismatch = errors.New("journal: the log is at another position")
	ErrMalformed        = errors.New("journal: malformed log id, batch or record")
	ErrCorrupt          = errors.New("journal: a stored record does not match its hash")
)

// CorruptError names the record that does not match its hash. It wraps ErrCorrupt.
type CorruptError struct {
	Log LogID
	Seq uint64
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("journal: record %d of log %q does not match its hash", e.Seq, e.Log)
}

// Unwrap returns ErrCorrupt.
func (e *CorruptError) Unwrap() error { return ErrCorrupt }

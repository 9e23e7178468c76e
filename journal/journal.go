// Package journal is the contract of matchfloor's logs: append-only sequences of
// opaque records, chained by hash, written by compare-and-set.
//
// A journal holds many logs, each named by a [LogID]. It knows nothing of what a
// record means: it stores the exact bytes that a node hashed, in order, once.
// Three journals keep this contract: the in-memory one of this package,
// sqlitejournal (one file, the embedded default) and redisjournal (several
// nodes). The suite in journaltest holds them, and any fourth, to every
// sentence below.
package journal

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// LogID names a log: 1 to 64 characters of [A-Za-z0-9_-]. The log "_" belongs
// to the instance itself; every other log is an event's.
type LogID string

// InstanceLog is the log of an instance: its organisers, events and address.
const InstanceLog LogID = "_"

// The bounds of a journal. A batch or record beyond them is malformed; a page
// beyond them is cut short and read on from there.
const (
	MaxBatch      = 256      // records of one Append
	MaxBatchBytes = 16 << 20 // bytes of their bodies together
	MaxRecord     = 4 << 20  // bytes of one record's Body
	MaxKey        = 256      // bytes of a CommandKey; the empty one is malformed
	MaxPage       = 1024     // records that one Read, or Missed, answers
	MaxPageBytes  = 8 << 20  // a page ends with the record that takes its bodies past this
	Window        = 100_000  // last records of a log whose keys are known, at least
)

// Journal is an append-only store of logs. All methods are safe for concurrent
// use, block until answered or until ctx ends, and verify what they read: a
// record whose hash does not follow from its predecessor is answered with an
// error that wraps [ErrCorrupt], never skipped.
//
// The five methods are all that the live side needs. A log that nobody has
// written is empty, at [Genesis](log, 1): there is no creation step.
type Journal interface {
	// Append stores batch at the log's end if the log stands exactly at expect
	// (epoch, seq and hash), all of it or nothing. The records must follow from
	// expect (see [Chain]); a batch that does not is refused with ErrMalformed
	// before anything is compared.
	//
	// Known command keys win over everything: if any key of the batch is in the
	// log already, nothing is written and the outcome is AlreadyKnown, naming each.
	// A conflict (the log stands elsewhere) writes nothing and carries what the
	// caller missed. Appended is answered only when the batch is durable by the
	// journal's own promise.
	//
	// Order of judgement: malformed, known, conflict. An error that wraps ErrUnknown means that the batch may or may not be in
	// the log: send the same records with the same expectation again until the
	// outcome is Appended, AlreadyKnown or Conflict. A batch that had been stored is
	// then answered as AlreadyKnown. An error that wraps ErrUnavailable means that
	// nothing was written by this call. The batch is the caller's again afterwards.
	Append(ctx context.Context, log LogID, expect Position, batch []Record) (Result, error)

	// Read answers up to limit records (capped at MaxPage and MaxPageBytes, but at
	// least one where there is one) that follow sequence number after, in order,
	// and the log's head at the time of the read. After the head, or with a limit
	// below 1, there are none: that is how a head is read. The page is verified
	// from the stored record before it; that it follows from what the caller holds
	// is the caller's to verify ([Cursor] does). The records are read-only.
	Read(ctx context.Context, log LogID, after uint64, limit int) (Page, error)

	// Watch calls hint for records appended to log, by whomever, until ctx ends
	// or the watch breaks; it returns the reason. A hint is only that: it may
	// come late, twice, out of order, or never; an empty one says "look for
	// yourself" (sent once the watch stands, and after every interruption).
	// hint is called from one goroutine at a time and must not block.
	Watch(ctx context.Context, log LogID, hint func([]Record)) error

	// CheckHead answers the journal's clock if the log stands durably at exactly
	// the position at; otherwise an error that wraps ErrPositionMismatch.
	CheckHead(ctx context.Context, log LogID, at Position) (time.Time, error)

	// Replace rewrites the whole log, if it stands exactly at expect, with the
	// given records: their numbers (1, 2, 3, …; otherwise ErrMalformed), keys,
	// digests and bodies, and a chain made anew in the next epoch; their Hash is
	// not consulted. The log's snapshot goes with the old epoch. It answers the new
	// head, or an error that wraps ErrPositionMismatch where the log stands elsewhere. Erasure
	// and restore use it. The outcome of an ErrUnknown is found by reading the head.
	Replace(ctx context.Context, log LogID, expect Position, records []Record) (Position, error)
}

// Snapshots keeps folded states beside the logs, so that a node need not fold
// from the start. They only shorten start: losing one loses nothing.
type Snapshots interface {
	// PutSnapshot stores state as the fold of log at the position at, replacing the
	// one that there is. A state of another epoch than the log's own is not stored:
	// that is an error which wraps ErrPositionMismatch. So once Replace has answered, nobody's
	// state of before is stored any more.
	PutSnapshot(ctx context.Context, log LogID, at Position, state []byte) error
	// Snapshot answers the stored fold, or ok=false where there is none.
	Snapshot(ctx context.Context, log LogID) (at Position, state []byte, ok bool, err error)
	// DropSnapshot removes it; dropping what is not there is no error.
	DropSnapshot(ctx context.Context, log LogID) error
}

// CommandKey names a command across retries: who sent it and the id they gave it.
type CommandKey string

// Record is one entry of a log: the changes that one command made.
type Record struct {
	Seq    uint64     // 1 for the first of the log
	Key    CommandKey // the command that this answers; unique in the log's window of known ids
	Digest Digest     // of the command's payload, to tell a repeat from a reuse
	Body   []byte     // opaque here; hashed and stored as it is
	Hash   Hash       // H(previous hash, seq, key, digest, body); see [Chain]
}

// Result is what Append answers.
type Result struct {
	Outcome    Outcome
	Head       Position    // where the log stands now
	Duplicates []Duplicate // outcome AlreadyKnown: the keys of the batch that the log holds
	Missed     []Record    // outcome Conflict, same lineage: what follows expect, as one page of Read
	Diverged   bool        // outcome Conflict: true when expect is not a position of this log at all
	Clock      time.Time   // the journal's clock
}

// Duplicate says that a command key is in the log, where, and for which payload.
type Duplicate struct {
	Key    CommandKey
	Seq    uint64
	Digest Digest
}

// Page is what Read answers.
type Page struct {
	Records []Record
	Head    Position
}

// Outcome tells what became of an append.
type Outcome uint8

// The outcomes of an append.
const (
	Appended     Outcome = iota + 1 // stored, durable
	AlreadyKnown                    // not stored: a key of the batch is in the log
	Conflict                        // not stored: the log stands elsewhere
)

// The errors of a journal. Compare with errors.Is.
var (
	ErrUnavailable      = errors.New("journal: not reachable; nothing was written")
	ErrUnknown          = errors.New("journal: no answer; the write may or may not have happened")
	ErrPositionMismatch = errors.New("journal: the log stands elsewhere")
	ErrMalformed        = errors.New("journal: the batch does not follow from the position it expects")
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

// Unwrap answers ErrCorrupt.
func (e *CorruptError) Unwrap() error { return ErrCorrupt }

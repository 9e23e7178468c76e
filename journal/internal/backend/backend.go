// Package backend holds what the SQLite and Redis journals share: the checks before a call, and the
// checksum of a snapshot.
package backend

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"

	"github.com/matchfloor/matchfloor/journal"
)

// CheckContext returns nil while ctx lasts, and afterwards its error wrapped in
// journal.ErrUnavailable. A journal calls it before it writes anything, so that the error
// is true.
func CheckContext(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", journal.ErrUnavailable, err)
	}
	return nil
}

// CheckCall returns the error of a log's id, or that of an ended context.
func CheckCall(ctx context.Context, log journal.LogID) error {
	if err := log.Check(); err != nil {
		return err
	}
	return CheckContext(ctx)
}

// Mismatch returns the error of a call that expects another position than the log's head: it
// wraps journal.ErrPositionMismatch and names both.
func Mismatch(head, expect journal.Position) error {
	return fmt.Errorf("%w: at %v, not %v", journal.ErrPositionMismatch, head, expect)
}

// CheckEpoch returns nil if a snapshot at a position is of the epoch of the log whose head
// is given, and otherwise an error that wraps journal.ErrPositionMismatch.
func CheckEpoch(at, head journal.Position) error {
	if at.Epoch != head.Epoch {
		return fmt.Errorf("%w: at %v, the snapshot is of %v", journal.ErrPositionMismatch, head, at)
	}
	return nil
}

// SnapshotSum returns the checksum that a journal stores with the snapshot of log at the
// position at. Every record has a hash in the chain; a snapshot has none, so without the sum
// a flipped bit in it would go unnoticed. The sum is SHA-256 over the title
// "matchfloor.state.v1", log, epoch, seq, hash and state, where title, log and state are
// preceded by their length and all numbers are big-endian uint64.
func SnapshotSum(log journal.LogID, at journal.Position, state []byte) journal.Hash {
	h := sha256.New()
	writeField(h, []byte("matchfloor.state.v1"))
	writeField(h, []byte(log))
	writeUint(h, at.Epoch)
	writeUint(h, at.Seq)
	h.Write(at.Hash[:])
	writeField(h, state)
	return journal.Hash(h.Sum(nil))
}

func writeField(h hash.Hash, field []byte) {
	writeUint(h, uint64(len(field)))
	h.Write(field)
}

func writeUint(h hash.Hash, n uint64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	h.Write(b[:])
}

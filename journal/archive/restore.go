package archive

import (
	"context"
	"errors"
	"fmt"

	"github.com/matchfloor/matchfloor/journal"
)

// maxEpoch bounds the epochs that a restore goes through: each erasure and each restore of a log
// begins a new one.
const maxEpoch = 10_000

// ErrNotEmpty is wrapped by the error of a restore into a log that has other contents than the
// restore would write.
var ErrNotEmpty = errors.New("archive: the log is not empty")

// Restored returns the head of a log after it is restored: it has the same sequence numbers, in
// the epoch after the archived one. Clients may have followed the log beyond the archived head
// before it was lost; the new epoch keeps their positions apart from those of the restored log.
func Restored(l Log) (journal.Position, error) {
	_, head, err := journal.Rechain(l.ID, journal.Position{Epoch: l.Epoch}, l.Records)
	return head, err
}

// CheckEpoch returns an error that wraps ErrDamaged if no restore accepts the log's epoch.
func (l Log) CheckEpoch() error {
	if l.Epoch == 0 || l.Epoch >= maxEpoch {
		return fmt.Errorf("%w: log %q is in epoch %d", ErrDamaged, l.ID, l.Epoch)
	}
	return nil
}

// Check returns nil if the log can be restored into j, or has been. If the log in j has other
// contents the error wraps ErrNotEmpty. It writes nothing.
func Check(ctx context.Context, j journal.Journal, l Log) error {
	_, _, err := target(ctx, j, l)
	return err
}

// target returns the head of the log in j, and the head that it is to have.
func target(ctx context.Context, j journal.Journal, l Log) (at, want journal.Position, err error) {
	if err := l.CheckEpoch(); err != nil {
		return at, want, err
	}
	if want, err = Restored(l); err != nil {
		return at, want, err
	}
	page, err := j.Read(ctx, l.ID, 0, 0)
	if err != nil {
		return at, want, err
	}
	if at = page.Head; at != want && (at.Seq > 0 || at.Epoch > l.Epoch) {
		err = fmt.Errorf("%w: %q is at %v", ErrNotEmpty, l.ID, at)
	}
	return at, want, err
}

// Restore writes an archived log into j, where it must be empty, and returns its new head: see
// Restored. It blocks as the journal's Replace does. After an error it can be called again and
// continues; a log that is restored already is left as it is.
func Restore(ctx context.Context, j journal.Journal, l Log) (journal.Position, error) {
	at, want, err := target(ctx, j, l)
	for err == nil && at != want {
		// A log that is new to the journal is in epoch 1: replace it, empty, up to its own epoch.
		var records []journal.Record
		if at.Epoch == l.Epoch {
			records = l.Records
		}
		at, err = j.Replace(ctx, l.ID, at, records)
	}
	return at, err
}

package archive

import (
	"context"
	"errors"
	"fmt"

	"github.com/matchfloor/matchfloor/journal"
)

// maxEpoch bounds the epochs that a restore passes through: a log gets a new one
// by each erasure and each restore.
const maxEpoch = 10_000

// ErrNotEmpty is wrapped by the error of a restore into a log that holds something
// else than what the restore would write.
var ErrNotEmpty = errors.New("archive: the log is not empty")

// Restored answers where a log stands once it is restored: under the same sequence
// numbers in the epoch after its own. Others may have gone on from the archived
// head before the log was lost, and hold positions that this one must not be
// taken for.
func Restored(l Log) (journal.Position, error) {
	_, head, err := journal.Rechain(l.ID, journal.Position{Epoch: l.Epoch}, l.Records)
	return head, err
}

// Check answers nil if the log can be restored into j, or has been; otherwise an
// error that wraps ErrNotEmpty. It writes nothing.
func Check(ctx context.Context, j journal.Journal, l Log) error {
	_, _, err := target(ctx, j, l)
	return err
}

// target answers where the log in j stands, and where it is to stand.
func target(ctx context.Context, j journal.Journal, l Log) (at, want journal.Position, err error) {
	if l.Epoch == 0 || l.Epoch >= maxEpoch {
		return at, want, fmt.Errorf("%w: log %q is of the epoch %d", ErrDamaged, l.ID, l.Epoch)
	}
	if want, err = Restored(l); err != nil {
		return at, want, err
	}
	page, err := j.Read(ctx, l.ID, 0, 0)
	if err != nil {
		return at, want, err
	}
	if at = page.Head; at != want && (at.Seq > 0 || at.Epoch > l.Epoch) {
		err = fmt.Errorf("%w: %q stands at %v", ErrNotEmpty, l.ID, at)
	}
	return at, want, err
}

// Restore writes an archived log into j, where it must be empty, and answers where
// it then stands: see Restored. It blocks as the journal's Replace does. After an
// error it can be called again, and goes on where it was; what has been restored
// is left as it is.
func Restore(ctx context.Context, j journal.Journal, l Log) (journal.Position, error) {
	at, want, err := target(ctx, j, l)
	for err == nil && at != want {
		// A log that is new to the journal is in its first epoch: it has to reach its own.
		var records []journal.Record
		if at.Epoch == l.Epoch {
			records = l.Records
		}
		at, err = j.Replace(ctx, l.ID, at, records)
	}
	return at, err
}

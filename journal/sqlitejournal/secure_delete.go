package sqlitejournal

import (
	"context"
	"errors"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/matchfloor/matchfloor/journal/internal/backend"
)

// errInUse says that another process has not let go of the file in time.
var errInUse = errors.New("sqlitejournal: another process keeps the file busy")

// Scrub makes the files hold nothing of what was replaced or deleted before. This
// package overwrites what it deletes; whatever else has written to the file may not
// have, and the write-ahead log keeps what was for as long as anybody reads. So the
// file is written anew, and the log is emptied. Other processes may go on using both:
// each of the two steps waits lockPatience for them, and an error that wraps
// journal.ErrUnavailable says that this was not enough. It may be called again. The
// copy is made in memory, as large as the file: nothing goes to a folder for
// temporary files.
func (j *Journal) Scrub(ctx context.Context) error {
	if err := backend.CheckContext(ctx); err != nil {
		return err
	}
	return j.hold(ctx, func(tx *tx) error {
		err := tx.exec("PRAGMA temp_store = MEMORY")
		if err == nil {
			err = patiently(ctx, func() error { return tx.exec("VACUUM") })
		}
		if err == nil {
			err = patiently(ctx, tx.emptyLog)
		}
		return j.sortedWrite(err)
	})
}

// emptyLog moves the whole write-ahead log into the file and cuts it off.
func (tx *tx) emptyLog() error {
	var busy, pages, moved int
	err := tx.row("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved)
	if err == nil && busy != 0 {
		err = errInUse
	}
	return err
}

// patiently does something again while another process is in its way.
func patiently(ctx context.Context, do func() error) error {
	patience := time.NewTimer(lockPatience)
	defer patience.Stop()
	for {
		err := do()
		if !errors.Is(err, errInUse) && codeOf(err)&0xff != sqlite3.SQLITE_BUSY {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, backend.CheckContext(ctx))
		case <-patience.C:
			return err
		case <-time.After(openPause):
		}
	}
}

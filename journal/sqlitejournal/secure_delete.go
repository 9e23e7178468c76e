package sqlitejournal

import (
	"context"

	"github.com/matchfloor/matchfloor/journal/internal/backend"
)

// Scrub leaves nothing in the files of what was replaced or deleted before. This package
// overwrites what it deletes; another program that has written to the file may not have, and
// the write-ahead log keeps old pages while somebody reads them. So Scrub writes the file
// again and truncates the log.
//
// Other processes may go on using both: each of the two steps waits lockTimeout for them,
// and an error that wraps journal.ErrUnavailable says that this was not enough. Scrub may be
// called again. The copy is made in memory, as large as the file: nothing goes to a folder
// for temporary files.
func (j *Journal) Scrub(ctx context.Context) error {
	if err := backend.CheckContext(ctx); err != nil {
		return err
	}
	return j.db.withWriteConn(ctx, func(tx *transaction) error {
		err := tx.exec("PRAGMA temp_store = MEMORY")
		if err == nil {
			err = retryWhileBusy(ctx, func() error { return tx.exec("VACUUM") })
		}
		if err == nil {
			err = retryWhileBusy(ctx, tx.truncateLog)
		}
		return j.db.writeError(err)
	})
}

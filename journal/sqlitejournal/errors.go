package sqlitejournal

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/matchfloor/matchfloor/journal"
)

// The errors of this package, in addition to those of the contract. Compare with errors.Is.
var (
	// ErrFailed is wrapped by the error of every write after the first one that the disk
	// did not take.
	ErrFailed = errors.New("sqlitejournal: an earlier write failed; the process must be restarted")
	// ErrMissing is wrapped by the error of Open if the file does not hold the record that
	// the durability marker names.
	ErrMissing = errors.New("sqlitejournal: records that had been acknowledged are not in the file")
	// ErrFileReplaced is wrapped by the failure of a journal whose files were deleted, moved
	// or replaced while it had them open.
	ErrFileReplaced = errors.New("sqlitejournal: a file of the journal was deleted, moved or replaced under the running process")
)

var (
	// errUnchanged is returned by a function given to database.write that leaves everything
	// as it was.
	errUnchanged = errors.New("nothing to write")
	// errBusy says that another process has not released the file in time.
	errBusy = errors.New("sqlitejournal: another process keeps the file busy")
)

// contractError wraps an error of SQLite in one of the contract: the file is damaged, or
// nothing was written. It is not for the error of a COMMIT, whose outcome is unknown.
func contractError(err error) error {
	switch code := primaryCode(err); {
	case err == nil, errors.Is(err, errUnchanged), errors.Is(err, journal.ErrUnavailable), errors.Is(err, journal.ErrCorrupt),
		errors.Is(err, journal.ErrPositionMismatch), errors.Is(err, ErrMissing):
		return err
	case code == sqlite3.SQLITE_CORRUPT, code == sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", journal.ErrCorrupt, err)
	default:
		return fmt.Errorf("%w: %w", journal.ErrUnavailable, err)
	}
}

// isDiskError reports whether SQLite could not read or write its file. Being busy or
// interrupted is no disk error; nor is a damaged page, which concerns only the calls that
// need what is stored there.
func isDiskError(err error) bool {
	switch primaryCode(err) {
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PERM:
		return true
	}
	return false
}

// isBusy reports whether another process or connection was in the way.
func isBusy(err error) bool {
	return errors.Is(err, errBusy) || primaryCode(err) == sqlite3.SQLITE_BUSY
}

// isDuplicateKey reports whether a record was not stored because its key is in the log.
func isDuplicateKey(err error) bool { return resultCode(err) == sqlite3.SQLITE_CONSTRAINT_UNIQUE }

// primaryCode returns the primary part of SQLite's result code in err, 0 if there is none.
func primaryCode(err error) int { return resultCode(err) & 0xff }

// resultCode returns SQLite's extended result code in err, 0 if there is none.
func resultCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

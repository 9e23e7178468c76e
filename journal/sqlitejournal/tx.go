package sqlitejournal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/internal/backend"
)

// tx is a transaction on one connection; all of it sees one state of the file.
type tx struct {
	ctx  context.Context
	conn *sql.Conn
	line *line // of conn, where that is the one that writes; otherwise nil
	last mark  // what it stores last; the zero mark for no record
}

// errNothing is answered by the function given to write to leave all as it was.
var errNothing = errors.New("nothing to write")

func (tx *tx) exec(query string, args ...any) (err error) {
	if s := tx.statement(query); s != nil {
		_, err = s.ExecContext(tx.ctx, args...)
	} else {
		_, err = tx.conn.ExecContext(tx.ctx, query, args...)
	}
	return err
}

func (tx *tx) row(query string, args ...any) *sql.Row {
	if s := tx.statement(query); s != nil {
		return s.QueryRowContext(tx.ctx, args...)
	}
	return tx.conn.QueryRowContext(tx.ctx, query, args...)
}

// statement answers a query that was prepared before, or nil: see line.
func (tx *tx) statement(query string) *sql.Stmt {
	if tx.line == nil {
		return nil
	}
	return tx.line.statement(tx.ctx, query)
}

// read runs do in a transaction that reads.
func (j *Journal) read(ctx context.Context, do func(*tx) error) error {
	if err := backend.CheckContext(ctx); err != nil {
		return err
	}
	conn, err := j.reader.Conn(ctx)
	if err != nil {
		return sorted(err)
	}
	// A BEGIN that is cut off may have begun all the same, and whoever gets the
	// connection next could not: only what is read in between can be cut off.
	t := &tx{ctx: context.WithoutCancel(ctx), conn: conn}
	err = t.exec("BEGIN")
	spent := err != nil
	if !spent {
		t.ctx = ctx
		err = do(t)
		t.ctx = context.WithoutCancel(ctx)
		rollback := t.exec("ROLLBACK")
		spent = rollback != nil
		err = errors.Join(err, rollback)
	}
	err = sorted(errors.Join(err, release(conn, spent)))
	if taken := j.files.check(); taken != nil { // what was read may be of another file
		return j.fail(fmt.Errorf("%w: %w", journal.ErrUnavailable, taken))
	}
	return err
}

// write runs do in the one transaction that writes, and commits it unless do
// answers an error. When it answers nil, what was written is on the disk. An
// error of the disk makes the journal fail for good; only that of the commit
// itself leaves open what is in the file.
func (j *Journal) write(ctx context.Context, do func(*tx) error) error {
	if err := backend.CheckContext(ctx); err != nil {
		return err
	}
	return j.hold(ctx, func(t *tx) error {
		if err := j.checkpoint(t); err != nil {
			return err
		}
		return j.transact(ctx, t, do)
	})
}

func (j *Journal) transact(ctx context.Context, t *tx, do func(*tx) error) error {
	if err := t.begin(ctx); err != nil {
		return j.sortedWrite(err)
	}
	if err := do(t); err != nil {
		// SQLite may have rolled back by itself; then there is nothing to end.
		if rollback := t.exec("ROLLBACK"); rollback != nil {
			t.line.spent = true // nobody knows in what it stands
			if !diskError(err) {
				err = errors.Join(err, rollback)
			}
		}
		if taken := j.files.check(); taken != nil { // what is known there may be known nowhere else
			err = fmt.Errorf("%w: %w", journal.ErrUnavailable, taken)
		}
		return j.sortedWrite(err)
	}
	err := t.exec("COMMIT")
	if err == nil {
		err = j.files.check()
	}
	if err == nil && t.last.log != "" {
		_, err = j.mark.WriteAt(t.last.encode(), 0)
	}
	if err != nil {
		return j.fail(fmt.Errorf("%w: %w", journal.ErrUnknown, err))
	}
	return nil
}

// checkpoint moves what was committed from the write-ahead log into the file
// where enough of it has gathered. SQLite would do so after a commit by itself, but
// keep to itself that the disk refused.
func (j *Journal) checkpoint(t *tx) error {
	if j.writes++; j.writes < checkpointLook {
		return nil
	}
	j.writes = 0
	var busy, pages, moved int
	err := t.row("PRAGMA wal_checkpoint(NOOP)").Scan(&busy, &pages, &moved)
	if err == nil && pages-moved >= checkpointPages {
		err = t.row("PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &moved)
	}
	return j.sortedWrite(err)
}

// begin waits for its turn among processes.
func (tx *tx) begin(ctx context.Context) error {
	patience := time.NewTimer(lockPatience)
	defer patience.Stop()
	for {
		err := tx.exec("BEGIN IMMEDIATE")
		if codeOf(err)&0xff != sqlite3.SQLITE_BUSY {
			return err
		}
		select {
		case <-ctx.Done():
			return backend.CheckContext(ctx)
		case <-patience.C:
			return err
		default: // SQLite has waited its busy time-out already
		}
	}
}

// sortedWrite is sorted for what happens before a commit; errors of the disk
// make the journal fail.
func (j *Journal) sortedWrite(err error) error {
	err = sorted(err)
	if diskError(err) || errors.Is(err, ErrTaken) {
		return j.fail(err)
	}
	return err
}

// sorted wraps an error of SQLite in the contract's: damaged, or nothing was done.
func sorted(err error) error {
	switch code := codeOf(err) & 0xff; {
	case err == nil, errors.Is(err, errNothing), errors.Is(err, journal.ErrUnavailable), errors.Is(err, journal.ErrCorrupt),
		errors.Is(err, journal.ErrPositionMismatch), errors.Is(err, ErrMissing):
		return err
	case code == sqlite3.SQLITE_CORRUPT, code == sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", journal.ErrCorrupt, err)
	default:
		return fmt.Errorf("%w: %w", journal.ErrUnavailable, err)
	}
}

// diskError reports whether SQLite could not read or write its file. Being busy
// or interrupted is none; nor is a damaged page, which concerns only whoever
// needs what stands there.
func diskError(err error) bool {
	switch codeOf(err) & 0xff {
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PERM:
		return true
	}
	return false
}

// keyKnown reports whether a record was not stored because its key is in the log.
func keyKnown(err error) bool { return codeOf(err) == sqlite3.SQLITE_CONSTRAINT_UNIQUE }

// codeOf answers SQLite's result code in err, 0 where there is none.
func codeOf(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

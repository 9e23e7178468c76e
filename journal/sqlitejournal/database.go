package sqlitejournal

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/internal/backend"
)

const (
	checkpointInterval = 32   // writes between two looks at the write-ahead log
	checkpointPages    = 1000 // of 4 KiB: the log is moved into the file from this size on
)

// database is the open file with its connections. It decides when a call may write and what
// a failed call means.
type database struct {
	writer *sql.DB // a pool of one connection, which conn uses
	reader *sql.DB
	failed chan error // one slot; receives the first failure
	files  openFiles  // as they were when opened

	markerMissing error // set by Open: see Journal.MarkerMissing

	// turn has one slot; the call that filled it writes. It guards the fields below, and
	// Journal.checked. Lock order: turn → mu.
	turn   chan struct{}
	conn   *writeConn // nil until something is written
	marker *os.File   // see MarkerName
	writes int        // since the last look at the write-ahead log

	mu      sync.Mutex // guards failure
	failure error      // the first one; nil while the journal works
}

// read runs do in a read transaction. Its errors are those of package journal's contract.
func (db *database) read(ctx context.Context, do func(*transaction) error) error {
	if err := backend.CheckContext(ctx); err != nil {
		return err
	}
	conn, err := db.reader.Conn(ctx)
	if err != nil {
		return contractError(err)
	}
	// A BEGIN that is interrupted may have begun all the same, and the next user of the
	// connection could not begin then. So ctx ends only the reading itself.
	tx := &transaction{ctx: context.WithoutCancel(ctx), conn: conn}
	err = tx.exec("BEGIN")
	tainted := err != nil
	if !tainted {
		tx.ctx = ctx
		err = do(tx)
		tx.ctx = context.WithoutCancel(ctx)
		rollback := tx.exec("ROLLBACK")
		tainted = rollback != nil
		err = errors.Join(err, rollback)
	}
	err = contractError(errors.Join(err, release(conn, tainted)))
	if replaced := db.files.check(); replaced != nil { // the records may be those of another file
		return db.fail(fmt.Errorf("%w: %w", journal.ErrUnavailable, replaced))
	}
	return err
}

// write runs do in a write transaction, one at a time, and commits it unless do returns an error.
// When write returns nil, the data is on the disk. Any disk error makes the journal fail for good.
// After a disk error in the COMMIT itself, the outcome is unknown (journal.ErrUnknown).
func (db *database) write(ctx context.Context, do func(*transaction) error) error {
	if err := backend.CheckContext(ctx); err != nil {
		return err
	}
	return db.withWriteConn(ctx, func(tx *transaction) error {
		if err := db.checkpoint(tx); err != nil {
			return err
		}
		return db.transact(ctx, tx, do)
	})
}

func (db *database) transact(ctx context.Context, tx *transaction, do func(*transaction) error) error {
	if err := tx.begin(ctx); err != nil {
		return db.writeError(err)
	}
	if err := do(tx); err != nil {
		// SQLite may have rolled back by itself; then there is nothing to roll back.
		if rollback := tx.exec("ROLLBACK"); rollback != nil {
			tx.write.tainted = true // the state of the connection is unknown
			if !isDiskError(err) {
				err = errors.Join(err, rollback)
			}
		}
		if replaced := db.files.check(); replaced != nil { // a key known there may be known nowhere else
			err = fmt.Errorf("%w: %w", journal.ErrUnavailable, replaced)
		}
		return db.writeError(err)
	}
	err := tx.exec("COMMIT")
	if err == nil {
		err = db.files.check()
	}
	if err == nil && tx.last.log != "" {
		_, err = db.marker.WriteAt(tx.last.encode(), 0)
	}
	if err != nil {
		return db.fail(fmt.Errorf("%w: %w", journal.ErrUnknown, err))
	}
	return nil
}

// checkpoint moves what was committed from the write-ahead log into the file once the log
// is large. SQLite could do so by itself after a commit, but would not report a disk error.
func (db *database) checkpoint(tx *transaction) error {
	if db.writes++; db.writes < checkpointInterval {
		return nil
	}
	db.writes = 0
	var busy, pages, moved int
	err := tx.row("PRAGMA wal_checkpoint(NOOP)").Scan(&busy, &pages, &moved)
	if err == nil && pages-moved >= checkpointPages {
		err = tx.row("PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &moved)
	}
	return db.writeError(err)
}

// withWriteConn waits for its turn and runs do on the connection that writes, outside any
// transaction.
func (db *database) withWriteConn(ctx context.Context, do func(*transaction) error) error {
	select {
	case db.turn <- struct{}{}:
		defer func() { <-db.turn }()
	case <-ctx.Done():
		return backend.CheckContext(ctx)
	}
	if err := db.checkFailed(); err != nil {
		return err
	}
	// From here on ctx only ends the wait for another process: interrupting a transaction
	// would leave its outcome open, and finishing it does not.
	tx := &transaction{ctx: context.WithoutCancel(ctx)}
	if db.conn == nil {
		conn, err := db.writer.Conn(tx.ctx)
		if err != nil {
			return contractError(err)
		}
		db.conn = &writeConn{conn: conn, prepared: make(map[string]*sql.Stmt)}
	}
	tx.conn, tx.write = db.conn.conn, db.conn
	err := do(tx)
	if db.conn.tainted || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		err = errors.Join(err, db.closeWriteConn())
	}
	return err
}

// closeWriteConn closes the connection that writes; the next write opens another. The
// caller must hold turn.
func (db *database) closeWriteConn() error {
	err := db.conn.close()
	db.conn = nil
	return err
}

// writeError converts an error that occurs before a COMMIT to one of the contract. A disk error or
// a replaced file also makes the journal fail.
func (db *database) writeError(err error) error {
	err = contractError(err)
	if isDiskError(err) || errors.Is(err, ErrFileReplaced) {
		return db.fail(err)
	}
	return err
}

// fail refuses every write from now on, and returns the cause.
func (db *database) fail(cause error) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.failure == nil {
		db.failure = cause
		db.failed <- cause
	}
	return cause
}

// checkFailed returns nil until the journal has failed.
func (db *database) checkFailed() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.failure != nil {
		return fmt.Errorf("%w: %w: %w", journal.ErrUnavailable, ErrFailed, db.failure)
	}
	return nil
}

// close waits for the calls in progress and closes the file.
func (db *database) close() error {
	db.turn <- struct{}{}
	err := errors.Join(db.closeWriteConn(), db.reader.Close(), db.writer.Close())
	<-db.turn
	if db.marker != nil {
		err = errors.Join(err, db.marker.Close())
	}
	return err
}

package sqlitejournal

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/matchfloor/matchfloor/journal/internal/backend"
)

const (
	lockTimeout = 5 * time.Second       // how long a call waits for another process's transaction
	busyPause   = 10 * time.Millisecond // between two attempts, where SQLite does not wait itself
)

// transaction is a transaction on one connection; all of it sees one state of the file.
type transaction struct {
	ctx   context.Context
	conn  *sql.Conn
	write *writeConn // of conn if that is the connection that writes; otherwise nil
	last  marker     // the record that it stores last; the zero marker if it stores none
}

func (tx *transaction) exec(query string, args ...any) (err error) {
	if s := tx.statement(query); s != nil {
		_, err = s.ExecContext(tx.ctx, args...)
	} else {
		_, err = tx.conn.ExecContext(tx.ctx, query, args...)
	}
	return err
}

func (tx *transaction) row(query string, args ...any) *sql.Row {
	if s := tx.statement(query); s != nil {
		return s.QueryRowContext(tx.ctx, args...)
	}
	return tx.conn.QueryRowContext(tx.ctx, query, args...)
}

// statement returns the prepared statement of a query on the connection that writes, and nil
// on another one.
func (tx *transaction) statement(query string) *sql.Stmt {
	if tx.write == nil {
		return nil
	}
	return tx.write.statement(tx.ctx, query)
}

// begin starts the transaction that writes. It waits lockTimeout for other processes, at
// most until ctx ends.
func (tx *transaction) begin(ctx context.Context) error {
	timeout := time.NewTimer(lockTimeout)
	defer timeout.Stop()
	for {
		err := tx.exec("BEGIN IMMEDIATE")
		if !isBusy(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return backend.CheckContext(ctx)
		case <-timeout.C:
			return err
		default: // SQLite has waited its busy time-out already
		}
	}
}

// truncateLog moves the whole write-ahead log into the file and truncates it. It returns
// errBusy if a reader or writer was in the way.
func (tx *transaction) truncateLog() error {
	var busy, pages, moved int
	err := tx.row("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved)
	if err == nil && busy != 0 {
		err = errBusy
	}
	return err
}

// retryWhileBusy calls do again while another process is in its way, for lockTimeout, at
// most until ctx ends.
func retryWhileBusy(ctx context.Context, do func() error) error {
	timeout := time.NewTimer(lockTimeout)
	defer timeout.Stop()
	for {
		err := do()
		if !isBusy(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, backend.CheckContext(ctx))
		case <-timeout.C:
			return err
		case <-time.After(busyPause):
		}
	}
}

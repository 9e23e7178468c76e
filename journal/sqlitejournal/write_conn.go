package sqlitejournal

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

// writeConn is the one connection that writes, with the statements that it has prepared.
// It is kept while it works: to parse and plan the statements of an append took a fifth of
// the append's time. All statements are constants of this package, so there are few.
//
// Only the call that holds database.turn uses it.
type writeConn struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
	tainted  bool // a transaction may be open on it: the next write needs another connection
}

// statement returns the prepared statement of a query, or nil if it cannot be prepared: the
// caller then runs the query on the connection itself and gets the reason.
func (c *writeConn) statement(ctx context.Context, query string) *sql.Stmt {
	if s := c.prepared[query]; s != nil {
		return s
	}
	s, err := c.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil
	}
	c.prepared[query] = s
	return s
}

// close closes the statements and the connection, which rolls back a transaction that is
// open on it. A nil writeConn has nothing to close.
func (c *writeConn) close() error {
	if c == nil {
		return nil
	}
	var err error
	for _, s := range c.prepared {
		err = errors.Join(err, s.Close())
	}
	return errors.Join(err, release(c.conn, c.tainted))
}

// release returns a connection to its pool. A tainted one, on which a transaction may be
// open, is closed instead: the pool would hand it, with the transaction, to the next caller.
func release(conn *sql.Conn, tainted bool) error {
	if !tainted {
		return conn.Close()
	}
	err := conn.Raw(func(any) error { return driver.ErrBadConn })
	if errors.Is(err, driver.ErrBadConn) {
		err = nil
	}
	if closed := conn.Close(); !errors.Is(closed, sql.ErrConnDone) {
		err = errors.Join(err, closed)
	}
	return err
}

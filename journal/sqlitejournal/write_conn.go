package sqlitejournal

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"github.com/matchfloor/matchfloor/journal/internal/backend"
)

// line is the one connection that writes, kept for as long as it lasts, with the
// statements that it has prepared: to parse and plan those of an append took a
// fifth of its time. All of them are constants of this package, so they
// are few. Only the holder of turn uses it.
type line struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
	spent    bool // a transaction may be left open on it: the next write needs another
}

// statement answers a query prepared, or nil where it cannot be: whoever then asks
// the connection itself is told why.
func (l *line) statement(ctx context.Context, query string) *sql.Stmt {
	if s := l.prepared[query]; s != nil {
		return s
	}
	s, err := l.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil
	}
	l.prepared[query] = s
	return s
}

// close ends the connection, and with it its statements and whatever it stands in.
func (l *line) close() error {
	if l == nil {
		return nil
	}
	var err error
	for _, s := range l.prepared {
		err = errors.Join(err, s.Close())
	}
	return errors.Join(err, release(l.conn, l.spent))
}

// release gives a connection back for others to use; one that is spent, in which a
// transaction may be open, is ended instead: given back it would be the next one.
func release(conn *sql.Conn, spent bool) error {
	if !spent {
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

// hold runs do on the writing connection, outside any transaction, in its turn.
func (j *Journal) hold(ctx context.Context, do func(*tx) error) error {
	select {
	case j.turn <- struct{}{}:
		defer func() { <-j.turn }()
	case <-ctx.Done():
		return backend.CheckContext(ctx)
	}
	if err := j.standing(); err != nil {
		return err
	}
	// From here on ctx only ends the wait for another process: a transaction cut
	// in the middle would tell nobody more than one that is finished.
	t := &tx{ctx: context.WithoutCancel(ctx)}
	if j.line == nil {
		conn, err := j.writer.Conn(t.ctx)
		if err != nil {
			return sorted(err)
		}
		j.line = &line{conn: conn, prepared: make(map[string]*sql.Stmt)}
	}
	t.conn, t.line = j.line.conn, j.line
	err := do(t)
	if j.line.spent || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		err = errors.Join(err, j.hangUp())
	}
	return err
}

// hangUp lets go of the writing connection; the next write makes another.
func (j *Journal) hangUp() error {
	err := j.line.close()
	j.line = nil
	return err
}

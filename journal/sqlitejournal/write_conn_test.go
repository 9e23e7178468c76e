package sqlitejournal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/matchfloor/matchfloor/journal"
)

// The first two appends prepare all statements; the others use them again.
func TestWriteConn_PreparesEachStatementOnce(t *testing.T) {
	j := openTest(t, t.TempDir())
	cursor := journal.NewCursor(theLog, journal.Genesis(theLog, 1))
	var prepared map[string]*sql.Stmt
	for i := range 50 {
		if err := appendOne(j, cursor, journal.CommandKey(fmt.Sprint("n", i))); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			prepared = make(map[string]*sql.Stmt)
			for query, s := range j.db.conn.prepared {
				prepared[query] = s
			}
		}
	}
	for query, s := range j.db.conn.prepared {
		if prepared[query] != s && query != "PRAGMA wal_checkpoint(NOOP)" { // which comes later
			t.Errorf("prepared again: %s", query)
		}
	}
	if len(prepared) < 5 {
		t.Errorf("only %d statements are prepared", len(prepared))
	}
}

// A lost connection fails the write that uses it, which then stores nothing, and no other.
func TestWriteConn_IsReplacedAfterALoss(t *testing.T) {
	j := openTest(t, t.TempDir())
	cursor := journal.NewCursor(theLog, journal.Genesis(theLog, 1))
	if err := appendOne(j, cursor, "a"); err != nil {
		t.Fatal(err)
	}
	lost := j.db.conn
	if err := lost.conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := appendOne(j, cursor, "b"); !errors.Is(err, journal.ErrUnavailable) || errors.Is(err, journal.ErrUnknown) {
		t.Errorf("on a lost connection: %v", err)
	}
	if err := appendOne(j, cursor, "c"); err != nil || j.db.conn == lost {
		t.Errorf("the next write: %v", err)
	}
	page, err := j.Read(t.Context(), theLog, 0, 10)
	if err != nil || len(page.Records) != 2 || page.Records[1].Key != "c" {
		t.Errorf("stored: %v, %v", page.Records, err)
	}
}

// After a ROLLBACK that fails the state of the connection is unknown: it is closed, which
// rolls back, and the next write gets another.
func TestWriteConn_IsClosedIfATransactionMayBeOpen(t *testing.T) {
	j := openTest(t, t.TempDir())
	cursor := journal.NewCursor(theLog, journal.Genesis(theLog, 1))
	if err := appendOne(j, cursor, "a"); err != nil {
		t.Fatal(err)
	}
	lost, broken := j.db.conn, errors.New("broken")
	var open func() error
	err := j.db.write(t.Context(), func(tx *transaction) error {
		open = func() error { return tx.exec("SELECT 1") }
		// The ROLLBACK of write fails after this one.
		return errors.Join(tx.exec("ROLLBACK"), broken)
	})
	if !errors.Is(err, broken) {
		t.Errorf("a write that fails: %v", err)
	}
	if err := open(); !errors.Is(err, sql.ErrConnDone) {
		t.Errorf("its connection: %v, want it closed", err)
	}
	if err := appendOne(j, cursor, "b"); err != nil || j.db.conn == lost {
		t.Errorf("the next write: %v", err)
	}
	if n := j.db.writer.Stats().OpenConnections; n != 1 {
		t.Errorf("%d connections are open", n)
	}
}

func TestClose_WaitsForAWriteAndRefusesLaterOnes(t *testing.T) {
	j, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cursor := journal.NewCursor(theLog, journal.Genesis(theLog, 1))
	if err := appendOne(j, cursor, "a"); err != nil {
		t.Fatal(err)
	}
	begun, closed := make(chan struct{}), make(chan error, 1)
	err = j.db.write(t.Context(), func(tx *transaction) error {
		go func() { close(begun); closed <- j.Close() }()
		<-begun
		return tx.exec("DELETE FROM snapshots")
	})
	if err := errors.Join(err, <-closed); err != nil {
		t.Fatal(err)
	}
	if err := appendOne(j, cursor, "b"); !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("after closing: %v", err)
	}
}

// A read that is interrupted at any moment leaves its connection usable for the next.
func TestRead_InterruptedLeavesNoTransactionOpen(t *testing.T) {
	j := openTest(t, t.TempDir())
	if err := appendOne(j, journal.NewCursor(theLog, journal.Genesis(theLog, 1)), "a"); err != nil {
		t.Fatal(err)
	}
	const reads = 3000
	interrupted := 0
	for i := range reads {
		ctx, cancel := context.WithCancel(t.Context())
		counting := &countingContext{Context: ctx, cancel: cancel}
		counting.left.Store(int64(i % 30))
		_, err := j.Read(counting, theLog, 0, 10)
		cancel()
		if err == nil {
			continue
		}
		interrupted++
		if _, err := j.Read(t.Context(), theLog, 0, 10); err != nil {
			t.Fatalf("after %d interruptions, the last at call %d of Done: %v", interrupted, i%30, err)
		}
	}
	if interrupted == 0 || interrupted == reads {
		t.Errorf("%d of %d reads were interrupted", interrupted, reads)
	}
	t.Logf("%d of %d reads were interrupted", interrupted, reads)
}

// A read that gets a connection with an open transaction fails and closes the connection, so
// that the next read works.
func TestRead_ConnectionInATransactionIsClosed(t *testing.T) {
	j := openTest(t, t.TempDir())
	conn, err := j.db.reader.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.ExecContext(t.Context(), "BEGIN")
	if err := errors.Join(err, conn.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Read(t.Context(), theLog, 0, 10); !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("in the transaction of another read: %v", err)
	}
	if _, err := j.Read(t.Context(), theLog, 0, 10); err != nil {
		t.Errorf("the next: %v", err)
	}
}

// countingContext ends after left calls of Done.
type countingContext struct {
	context.Context
	cancel context.CancelFunc
	left   atomic.Int64
}

func (c *countingContext) Done() <-chan struct{} {
	if c.left.Add(-1) < 0 {
		c.cancel()
	}
	return c.Context.Done()
}

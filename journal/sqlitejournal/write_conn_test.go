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

// What an append needs is prepared by the first two and used again by all others.
func TestStatementsArePreparedOnce(t *testing.T) {
	j := openTest(t, t.TempDir())
	cursor := journal.NewCursor(theLog, journal.Genesis(theLog, 1))
	var after2 map[string]*sql.Stmt
	for i := range 50 {
		if err := appendOne(j, cursor, journal.CommandKey(fmt.Sprint("n", i))); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			after2 = make(map[string]*sql.Stmt)
			for query, s := range j.line.prepared {
				after2[query] = s
			}
		}
	}
	for query, s := range j.line.prepared {
		if after2[query] != s && query != "PRAGMA wal_checkpoint(NOOP)" { // which comes later
			t.Errorf("prepared again: %s", query)
		}
	}
	if len(after2) < 5 {
		t.Errorf("only %d statements are prepared", len(after2))
	}
}

// A connection that is lost costs the write that met it, of which nothing is then
// stored, and no other.
func TestWritesGoOnAfterALostConnection(t *testing.T) {
	j := openTest(t, t.TempDir())
	cursor := journal.NewCursor(theLog, journal.Genesis(theLog, 1))
	if err := appendOne(j, cursor, "a"); err != nil {
		t.Fatal(err)
	}
	lost := j.line
	if err := lost.conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := appendOne(j, cursor, "b"); !errors.Is(err, journal.ErrUnavailable) || errors.Is(err, journal.ErrUnknown) {
		t.Errorf("on a lost connection: %v", err)
	}
	if err := appendOne(j, cursor, "c"); err != nil || j.line == lost {
		t.Errorf("after it: %v", err)
	}
	page, err := j.Read(t.Context(), theLog, 0, 10)
	if err != nil || len(page.Records) != 2 || page.Records[1].Key != "c" {
		t.Errorf("stored: %v, %v", page.Records, err)
	}
}

// Where a transaction could not be taken back, nobody knows what the connection stands
// in: it is closed, which takes it back, and the next write has another.
func TestConnectionIsClosedWhereATransactionMayBeOpen(t *testing.T) {
	j := openTest(t, t.TempDir())
	cursor := journal.NewCursor(theLog, journal.Genesis(theLog, 1))
	if err := appendOne(j, cursor, "a"); err != nil {
		t.Fatal(err)
	}
	lost, broken := j.line, errors.New("broken")
	var open func() error
	err := j.write(t.Context(), func(tx *tx) error {
		open = func() error { return tx.exec("SELECT 1") }
		// The ROLLBACK that follows fails, as where SQLite cannot.
		return errors.Join(tx.exec("ROLLBACK"), broken)
	})
	if !errors.Is(err, broken) {
		t.Errorf("a write that fails: %v", err)
	}
	if err := open(); !errors.Is(err, sql.ErrConnDone) {
		t.Errorf("its connection: %v, want it closed", err)
	}
	if err := appendOne(j, cursor, "b"); err != nil || j.line == lost {
		t.Errorf("after it: %v", err)
	}
	if n := j.writer.Stats().OpenConnections; n != 1 {
		t.Errorf("%d connections are open", n)
	}
}

// Nothing is written once the journal is closed, and a write is not cut short by it.
func TestNothingIsWrittenAfterClose(t *testing.T) {
	j, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cursor := journal.NewCursor(theLog, journal.Genesis(theLog, 1))
	if err := appendOne(j, cursor, "a"); err != nil {
		t.Fatal(err)
	}
	begun, closed := make(chan struct{}), make(chan error, 1)
	err = j.write(t.Context(), func(tx *tx) error {
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

// A reading that is cut off at any moment leaves its connection fit for the next.
func TestReadsCutOffLeaveNothingOpen(t *testing.T) {
	j := openTest(t, t.TempDir())
	if err := appendOne(j, journal.NewCursor(theLog, journal.Genesis(theLog, 1)), "a"); err != nil {
		t.Fatal(err)
	}
	const times = 3000
	cut := 0
	for i := range times {
		ctx, cancel := context.WithCancel(t.Context())
		counting := &countingContext{Context: ctx, cancel: cancel}
		counting.left.Store(int64(i % 30))
		_, err := j.Read(counting, theLog, 0, 10)
		cancel()
		if err == nil {
			continue
		}
		cut++
		if _, err := j.Read(t.Context(), theLog, 0, 10); err != nil {
			t.Fatalf("after %d cuts, the last at look %d: %v", cut, i%30, err)
		}
	}
	if cut == 0 || cut == times {
		t.Errorf("%d of %d were cut off", cut, times)
	}
	t.Logf("%d of %d were cut off", cut, times)
}

// A reading that meets a connection which stands in a transaction ends it, and with it
// the trouble of all who would have had it next.
func TestReaderInATransactionIsEnded(t *testing.T) {
	j := openTest(t, t.TempDir())
	conn, err := j.reader.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.ExecContext(t.Context(), "BEGIN")
	if err := errors.Join(err, conn.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Read(t.Context(), theLog, 0, 10); !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("in a transaction of somebody else: %v", err)
	}
	if _, err := j.Read(t.Context(), theLog, 0, 10); err != nil {
		t.Errorf("the next: %v", err)
	}
}

// countingContext ends when it has been looked at left times.
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

package sqlitejournal

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// Another process holds the file while an append waits, until its deadline has passed.
func TestAppend_WaitForAnotherProcessCounts(t *testing.T) {
	dir := t.TempDir()
	j := openTest(t, dir)
	at := fill(t, j, theLog, 3)
	db, err := openPool(filepath.Join(dir, FileName), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	batch := []journal.Record{{Key: "late"}}
	journal.Chain(at, batch)
	notAfter := time.Now().Add(50 * time.Millisecond)
	type outcome struct {
		result journal.Result
		err    error
	}
	waiting := make(chan outcome, 1)
	go func() {
		result, err := j.Append(t.Context(), theLog, at, batch, notAfter)
		waiting <- outcome{result, err}
	}()
	for time.Now().Before(notAfter.Add(time.Millisecond)) {
		select {
		case o := <-waiting:
			t.Fatalf("Append while another process holds the file: %+v, %v", o.result, o.err)
		case <-time.After(time.Millisecond):
		}
	}
	if _, err := db.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	o := <-waiting
	if o.err != nil || o.result.Outcome != journal.Expired || o.result.Head != at || !o.result.Clock.After(notAfter) {
		t.Errorf("after the deadline: %+v, %v, want it expired at %v", o.result, o.err, at)
	}
	if page, err := j.Read(t.Context(), theLog, 0, 10); err != nil || page.Head != at || len(page.Records) != 3 {
		t.Errorf("the log is at %v with %d records (%v), want %v", page.Head, len(page.Records), err, at)
	}
	result, err := j.Append(t.Context(), theLog, at, batch, time.Now().Add(time.Hour))
	if err != nil || result.Outcome != journal.Appended {
		t.Errorf("the same with another deadline: %+v, %v", result, err)
	}
}

package sqlitejournal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// secretName is part of what is erased; each of its letters has more than one byte.
const secretName = "김서연"

// fillNamed appends n records to a log, with secretName in every third. Some are large.
func fillNamed(t *testing.T, j *Journal, log journal.LogID, n int) ([]journal.Record, journal.Position) {
	t.Helper()
	records := make([]journal.Record, n)
	for i := range records {
		records[i] = journal.Record{Key: journal.CommandKey(fmt.Sprint(log, "-", i)), Body: bytes.Repeat([]byte("x"), i*37%9000)}
		if i%3 == 0 {
			records[i].Body = append(records[i].Body, secretName...)
		}
	}
	at := journal.Genesis(log, 1)
	head := journal.Chain(at, records)
	for len(records[at.Seq:]) > 0 {
		batch := records[at.Seq:min(int(at.Seq)+50, n)]
		result, err := j.Append(t.Context(), log, at, batch, time.Time{})
		if err != nil || result.Outcome != journal.Appended {
			t.Fatal(result.Outcome, err)
		}
		at = result.Head
	}
	return records, head
}

// filesContaining returns the names of the files of a directory that contain a text.
func filesContaining(t *testing.T, dir, text string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte(text)) {
			names = append(names, entry.Name())
		}
	}
	return names
}

// After Replace and Scrub no file contains the old records, although another journal has the
// files open.
func TestScrub_LeavesNothingReplaced(t *testing.T) {
	dir := t.TempDir()
	other, j := openTest(t, dir), openTest(t, dir)
	records, head := fillNamed(t, other, theLog, 400)
	kept, _ := fillNamed(t, other, "other", 30)
	if err := other.PutSnapshot(t.Context(), theLog, head, bytes.Repeat([]byte(secretName), 3000)); err != nil {
		t.Fatal(err)
	}
	for i := range records {
		records[i].Body = bytes.ReplaceAll(records[i].Body, []byte(secretName), []byte("k01a"))
	}
	now, err := j.Replace(t.Context(), theLog, head, records)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Replace(t.Context(), "other", journal.Chain(journal.Genesis("other", 1), kept), nil); err != nil {
		t.Fatal(err)
	}
	if err := j.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if names := filesContaining(t, dir, secretName); len(names) > 0 {
		t.Errorf("the name is in %v", names)
	}
	all, err := journal.NewCursor(theLog, journal.Position{}).CatchUp(t.Context(), other)
	if err != nil || len(all) != len(records) {
		t.Errorf("the other reads %d records, %v", len(all), err)
	}
	if err := other.PutSnapshot(t.Context(), theLog, now, []byte("state")); err != nil {
		t.Errorf("the other writes: %v", err)
	}
}

// Scrub also removes what was deleted without being overwritten.
func TestScrub_RemovesWhatWasOnlyDeleted(t *testing.T) {
	dir := t.TempDir()
	j := openTest(t, dir)
	_, head := fillNamed(t, j, theLog, 400)
	if err := j.db.withWriteConn(t.Context(), func(tx *transaction) error { return tx.exec("PRAGMA secure_delete = 0") }); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Replace(t.Context(), theLog, head, nil); err != nil {
		t.Fatal(err)
	}
	if len(filesContaining(t, dir, secretName)) == 0 {
		t.Error("it was overwritten after all")
	}
	if err := j.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if names := filesContaining(t, dir, secretName); len(names) > 0 {
		t.Errorf("the name is in %v", names)
	}
}

// While a transaction reads the old records, the write-ahead log cannot be truncated: Scrub
// reports that, and works when it is called again.
func TestScrub_ReportsAReaderInTheWay(t *testing.T) {
	dir := t.TempDir()
	other, j := openTest(t, dir), openTest(t, dir)
	records, head := fillNamed(t, j, theLog, 40)
	err := other.db.read(t.Context(), func(tx *transaction) error {
		if _, err := tx.find(theLog); err != nil {
			return err
		}
		for i := range records {
			records[i].Body = nil
		}
		brief, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		now, err := j.Replace(brief, theLog, head, records)
		if !errors.Is(err, journal.ErrUnknown) || errors.Is(err, journal.ErrUnavailable) || !strings.Contains(err.Error(), errBusy.Error()) {
			t.Errorf("replaced while another reads: %v", err)
		}
		if page, err := j.Read(t.Context(), theLog, 0, 0); err != nil || page.Head != now || now.Epoch != 2 {
			t.Errorf("the log is at %v, %v; Replace returned %v", page.Head, err, now)
		}
		brief, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if err := j.Scrub(brief); !errors.Is(err, journal.ErrUnavailable) || !errors.Is(err, errBusy) {
			t.Errorf("while another reads: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(filesContaining(t, dir, secretName)) == 0 {
		t.Error("nothing was in the way")
	}
	if err := j.Scrub(t.Context()); err != nil {
		t.Errorf("again: %v", err)
	}
	if names := filesContaining(t, dir, secretName); len(names) > 0 {
		t.Errorf("the name is in %v", names)
	}
}

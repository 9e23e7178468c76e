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

// theName stands in what is erased, in a script of more than one byte a letter.
const theName = "김서연"

// named fills a log of n records with the name in every third, large ones among them.
func named(t *testing.T, j *Journal, log journal.LogID, n int) ([]journal.Record, journal.Position) {
	t.Helper()
	records := make([]journal.Record, n)
	for i := range records {
		records[i] = journal.Record{Key: journal.CommandKey(fmt.Sprint(log, "-", i)), Body: bytes.Repeat([]byte("x"), i*37%9000)}
		if i%3 == 0 {
			records[i].Body = append(records[i].Body, theName...)
		}
	}
	at := journal.Genesis(log, 1)
	head := journal.Chain(at, records)
	for len(records[at.Seq:]) > 0 {
		batch := records[at.Seq:min(int(at.Seq)+50, n)]
		result, err := j.Append(t.Context(), log, at, batch)
		if err != nil || result.Outcome != journal.Appended {
			t.Fatal(result.Outcome, err)
		}
		at = result.Head
	}
	return records, head
}

// holding answers the files of a directory in whose bytes a text stands.
func holding(t *testing.T, dir, text string) (names []string) {
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

// After a log was replaced and the files scrubbed, no byte of any of them is of what
// was there before; beside another one that has the file open.
func TestScrubbedFilesHoldNothingReplaced(t *testing.T) {
	dir := t.TempDir()
	other, j := openTest(t, dir), openTest(t, dir)
	records, head := named(t, other, theLog, 400)
	kept, _ := named(t, other, "other", 30)
	if err := other.PutSnapshot(t.Context(), theLog, head, bytes.Repeat([]byte(theName), 3000)); err != nil {
		t.Fatal(err)
	}
	for i := range records {
		records[i].Body = bytes.ReplaceAll(records[i].Body, []byte(theName), []byte("k01a"))
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
	if names := holding(t, dir, theName); len(names) > 0 {
		t.Errorf("the name stands in %v", names)
	}
	all, err := journal.NewCursor(theLog, journal.Position{}).CatchUp(t.Context(), other)
	if err != nil || len(all) != len(records) {
		t.Errorf("the other reads %d records, %v", len(all), err)
	}
	if err := other.PutSnapshot(t.Context(), theLog, now, []byte("state")); err != nil {
		t.Errorf("the other writes: %v", err)
	}
}

// What was deleted without being overwritten goes too.
func TestScrubTakesWhatWasOnlyDeleted(t *testing.T) {
	dir := t.TempDir()
	j := openTest(t, dir)
	_, head := named(t, j, theLog, 400)
	if err := j.hold(t.Context(), func(tx *tx) error { return tx.exec("PRAGMA secure_delete = 0") }); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Replace(t.Context(), theLog, head, nil); err != nil {
		t.Fatal(err)
	}
	if len(holding(t, dir, theName)) == 0 {
		t.Error("it was overwritten after all")
	}
	if err := j.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if names := holding(t, dir, theName); len(names) > 0 {
		t.Errorf("the name stands in %v", names)
	}
}

// As long as somebody reads what was there before, the log cannot be emptied: that
// is told, and scrubbing again works.
func TestScrubTellsWhoIsInItsWay(t *testing.T) {
	dir := t.TempDir()
	other, j := openTest(t, dir), openTest(t, dir)
	records, head := named(t, j, theLog, 40)
	err := other.read(t.Context(), func(tx *tx) error {
		if _, err := tx.find(theLog); err != nil {
			return err
		}
		for i := range records {
			records[i].Body = nil
		}
		brief, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		now, err := j.Replace(brief, theLog, head, records)
		if !errors.Is(err, journal.ErrUnknown) || errors.Is(err, journal.ErrUnavailable) || !strings.Contains(err.Error(), errInUse.Error()) {
			t.Errorf("replaced beside a reader: %v", err)
		}
		if page, err := j.Read(t.Context(), theLog, 0, 0); err != nil || page.Head != now || now.Epoch != 2 {
			t.Errorf("it stands at %v, %v; said was %v", page.Head, err, now)
		}
		brief, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if err := j.Scrub(brief); !errors.Is(err, journal.ErrUnavailable) || !errors.Is(err, errInUse) {
			t.Errorf("beside a reader: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(holding(t, dir, theName)) == 0 {
		t.Error("nothing was in the way")
	}
	if err := j.Scrub(t.Context()); err != nil {
		t.Errorf("again: %v", err)
	}
	if names := holding(t, dir, theName); len(names) > 0 {
		t.Errorf("the name stands in %v", names)
	}
}

package sqlitejournal

import (
	"errors"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// damage runs statements on a journal's file that this package never runs.
func damage(t *testing.T, j *Journal, statements ...string) {
	t.Helper()
	err := j.db.withWriteConn(t.Context(), func(tx *transaction) error {
		for _, s := range statements {
			if _, err := tx.conn.ExecContext(tx.ctx, s); err != nil {
				return errors.Join(errors.New(s), err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// An index that leads from a key to another key's record is reported when the key is looked
// up, also after the check of all keys that comes before the first append. Otherwise a command
// would get the result of another.
func TestAppend_IndexThatLeadsToAnotherRecordIsReported(t *testing.T) {
	dir := t.TempDir()
	other, j := openTest(t, dir), openTest(t, dir)
	records, head := fillNamed(t, j, theLog, 3)
	one, two := string(records[0].Key), string(records[1].Key)
	swapKeys := func(first, second string) []string {
		return []string{
			"UPDATE records SET key = x'00' WHERE seq = 1",
			"UPDATE records SET key = CAST('" + second + "' AS BLOB) WHERE seq = 2",
			"UPDATE records SET key = CAST('" + first + "' AS BLOB) WHERE seq = 1",
		}
	}
	damage(t, other, swapKeys(two, one)...) // the index follows
	damage(t, other, "PRAGMA writable_schema = ON", "CREATE TEMP TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'known'",
		"DELETE FROM sqlite_schema WHERE name = 'known'", "PRAGMA schema_version = 1001")
	damage(t, other, swapKeys(one, two)...) // the index does not
	damage(t, other, "INSERT INTO sqlite_schema SELECT * FROM temp.kept", "PRAGMA schema_version = 1002")
	batch := []journal.Record{{Key: records[0].Key, Digest: records[0].Digest, Body: records[0].Body}}
	journal.Chain(head, batch)
	result, err := j.Append(t.Context(), theLog, head, batch, time.Time{})
	if !errors.Is(err, journal.ErrIndex) {
		t.Errorf("the repeat of a command: %+v, %v", result, err)
	}
}

// A record beyond the head is reported when its command is sent again: it is neither a
// duplicate nor may it be stored again.
func TestAppend_KeyBeyondTheHeadIsReported(t *testing.T) {
	j := openTest(t, t.TempDir())
	records, head := fillNamed(t, j, theLog, 3)
	damage(t, j, "UPDATE records SET seq = 9 WHERE seq = 3", "UPDATE logs SET seq = 2, hash = (SELECT hash FROM records WHERE seq = 2)")
	head.Seq, head.Hash = 2, records[1].Hash
	batch := []journal.Record{{Key: records[2].Key, Digest: records[2].Digest, Body: records[2].Body}}
	journal.Chain(head, batch)
	result, err := j.Append(t.Context(), theLog, head, batch, time.Time{})
	if !errors.Is(err, journal.ErrCorrupt) || errors.Is(err, journal.ErrIndex) {
		t.Errorf("the repeat of a command: %+v, %v", result, err)
	}
}

// The id 0 marks a log that was never written: a stored log with that id would look empty.
func TestOpen_LogWithIDZeroIsReported(t *testing.T) {
	dir := t.TempDir()
	j, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	fillNamed(t, j, theLog, 3)
	damage(t, j, "PRAGMA foreign_keys = OFF", "UPDATE logs SET id = 0", "UPDATE records SET log = 0")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if again, err := Open(dir); !errors.Is(err, journal.ErrCorrupt) {
		t.Errorf("Open: %v", err)
		if err == nil {
			again.Close()
		}
	}
}

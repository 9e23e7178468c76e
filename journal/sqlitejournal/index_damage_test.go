package sqlitejournal

import (
	"errors"
	"testing"

	"github.com/matchfloor/matchfloor/journal"
)

// damage does with a journal's file what no command of this package does.
func damage(t *testing.T, j *Journal, statements ...string) {
	t.Helper()
	err := j.hold(t.Context(), func(tx *tx) error {
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

// An index that leads a key to another's record is reported where the key is looked
// for, also after the look at all keys that comes before the first append: otherwise
// a command would be answered with what another did.
func TestIndexThatLeadsElsewhereIsReported(t *testing.T) {
	dir := t.TempDir()
	other, j := openTest(t, dir), openTest(t, dir)
	records, head := named(t, j, theLog, 3)
	one, two := string(records[0].Key), string(records[1].Key)
	give := func(first, second string) []string {
		return []string{
			"UPDATE records SET key = x'00' WHERE seq = 1",
			"UPDATE records SET key = CAST('" + second + "' AS BLOB) WHERE seq = 2",
			"UPDATE records SET key = CAST('" + first + "' AS BLOB) WHERE seq = 1",
		}
	}
	damage(t, other, give(two, one)...) // the index follows
	damage(t, other, "PRAGMA writable_schema = ON", "CREATE TEMP TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'known'",
		"DELETE FROM sqlite_schema WHERE name = 'known'", "PRAGMA schema_version = 1001")
	damage(t, other, give(one, two)...) // the index does not
	damage(t, other, "INSERT INTO sqlite_schema SELECT * FROM temp.kept", "PRAGMA schema_version = 1002")
	batch := []journal.Record{{Key: records[0].Key, Digest: records[0].Digest, Body: records[0].Body}}
	journal.Chain(head, batch)
	result, err := j.Append(t.Context(), theLog, head, batch)
	if !errors.Is(err, journal.ErrCorrupt) {
		t.Errorf("the repeat of a command: %+v, %v", result, err)
	}
}

// A record behind the head, where there is none, is reported to whoever gives its
// command again: it is neither known nor to be stored once more.
func TestKeyBehindTheHeadIsReported(t *testing.T) {
	j := openTest(t, t.TempDir())
	records, head := named(t, j, theLog, 3)
	damage(t, j, "UPDATE records SET seq = 9 WHERE seq = 3", "UPDATE logs SET seq = 2, hash = (SELECT hash FROM records WHERE seq = 2)")
	head.Seq, head.Hash = 2, records[1].Hash
	batch := []journal.Record{{Key: records[2].Key, Digest: records[2].Digest, Body: records[2].Body}}
	journal.Chain(head, batch)
	result, err := j.Append(t.Context(), theLog, head, batch)
	if !errors.Is(err, journal.ErrCorrupt) {
		t.Errorf("the repeat of a command: %+v, %v", result, err)
	}
}

// A log under the number that stands for none is reported: it would look like one that
// nobody has written.
func TestLogWithoutANumberIsReported(t *testing.T) {
	dir := t.TempDir()
	j, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	named(t, j, theLog, 3)
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

package cli

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/golden"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
	"github.com/matchfloor/matchfloor/journal/sqlitejournal"
)

// testdata/stored is an instance of the program of 30 November 2026: its SQLite file, the durability
// mark next to it, and the archive that `matchfloor backup` wrote of it. Its logs are those of
// floor/testdata/stored. These files must not be made again when the program changes.

// storedLogs are the logs of the stored instance, each with the name of its files in floor/testdata.
var storedLogs = map[journal.LogID]string{"little": "event", journal.InstanceLog: "instance"}

// TestStoredInstance_IsWrittenOnce made the files. It does nothing without
// MATCHFLOOR_WRITE_STORED=1, and overwrites no file.
func TestStoredInstance_IsWrittenOnce(t *testing.T) {
	if os.Getenv("MATCHFLOOR_WRITE_STORED") != "1" {
		return
	}
	dir := t.TempDir()
	db, err := sqlitejournal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for log, name := range storedLogs {
		var batch []journal.Record
		for line := range strings.Lines(readText(t, "../../floor/testdata/stored/"+name+".jsonl")) {
			body := []byte(strings.TrimSuffix(line, "\n"))
			var of struct{ Key journal.CommandKey }
			if err := json.Unmarshal(body, &of); err != nil {
				t.Fatal(err)
			}
			batch = append(batch, journal.Record{Key: of.Key, Digest: sha256.Sum256(body), Body: body})
		}
		at := journal.Genesis(log, 1)
		for len(batch) > 0 {
			n := min(len(batch), journal.MaxBatch)
			next := journal.Chain(at, batch[:n])
			if result, err := db.Append(t.Context(), log, at, batch[:n], time.Time{}); err != nil || result.Outcome != journal.Appended {
				t.Fatal(result, err)
			}
			at, batch = next, batch[n:]
		}
		if err := db.PutSnapshot(t.Context(), log, at, []byte(readText(t, "../../floor/testdata/stored/"+name+".end.json"))); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	wantRun(t, commandline.ExitOK, "backed up 2 logs", "backup", "--data", dir, "--to", "testdata/stored/backup.matchfloor")
	for _, name := range []string{sqlitejournal.FileName, sqlitejournal.MarkerName} {
		f, err := os.OpenFile("testdata/stored/"+name+".gz", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		w := gzip.NewWriter(f)
		if _, err := io.WriteString(w, readText(t, filepath.Join(dir, name))); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func readText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// storedInstance unpacks the stored SQLite file into a new directory.
func storedInstance(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{sqlitejournal.FileName, sqlitejournal.MarkerName} {
		r, err := gzip.NewReader(strings.NewReader(readText(t, "testdata/stored/"+name+".gz")))
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// stateOf returns the encoded state after all records of a log, and a line with the log's head and
// the digest of the state.
func stateOf(t *testing.T, l archive.Log) (encoded, line string) {
	t.Helper()
	state := floor.New()
	for _, r := range l.Records {
		record, err := floor.DecodeRecord(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		state, _ = state.Apply(record)
	}
	data, err := state.Encode()
	if err != nil {
		t.Fatal(err)
	}
	at := l.Head()
	return string(data), fmt.Sprintf("%s %d/%d %s folds to %x\n", l.ID, at.Epoch, at.Seq, at.Hash, sha256.Sum256(data))
}

// TestStoredInstance_IsReadAsItWasWritten opens the SQLite file and the archive of an earlier
// build: positions and hashes are unchanged, the records lead to the same states, the snapshot is
// found, and writing the logs again makes the same archive, byte for byte.
func TestStoredInstance_IsReadAsItWasWritten(t *testing.T) {
	dir := storedInstance(t)
	db, err := sqlitejournal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var fromFile, fromArchive strings.Builder
	var again bytes.Buffer
	writer := archive.NewWriter(&again)
	stored := readText(t, "testdata/stored/backup.matchfloor")
	err = archive.Read(strings.NewReader(stored), func(l archive.Log) error {
		_, line := stateOf(t, l)
		fromArchive.WriteString(line)
		held, err := archive.ReadLog(t.Context(), db, l.ID)
		if err != nil {
			return err
		}
		want, line := stateOf(t, held)
		fromFile.WriteString(line)
		if at, state, ok, err := db.Snapshot(t.Context(), l.ID); err != nil || !ok || at != held.Head() || string(state) != want {
			t.Errorf("the snapshot of %s at %v, %v, is not the state after its records: %v", l.ID, at, ok, err)
		}
		return writer.Put(held)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/stored/heads.txt", fromFile.String())
	if fromFile.String() != fromArchive.String() {
		t.Errorf("the file has\n%s, the archive\n%s", fromFile.String(), fromArchive.String())
	}
	if again.String() != stored {
		t.Error("the archive of the same logs has changed")
	}
	wantRun(t, commandline.ExitOK, "verified 2 logs", "verify", "--data", dir)
	wantRun(t, commandline.ExitOK, "verified 2 logs", "verify", "--from", "testdata/stored/backup.matchfloor")
	writeKey(t, dir)
	wantRun(t, commandline.ExitOK, "attendee", "links", "--data", dir, "--event", "little")
	restored := t.TempDir()
	wantRun(t, commandline.ExitOK, "restored 2 logs", "restore", "--from", "testdata/stored/backup.matchfloor", "--data", restored)
	if now, was := readText(t, filepath.Join(restored, sqlitejournal.MarkerName)), readText(t, filepath.Join(dir, sqlitejournal.MarkerName)); len(now) != len(was) || !strings.HasPrefix(now, "matchfloor.mark.1") {
		t.Errorf("the mark is %q, was %q", now, was)
	}
}

package sqlitejournal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
	"github.com/matchfloor/matchfloor/journal/journaltest"
)

// TestMain is also the second process of some tests: see child_process_test.go.
func TestMain(m *testing.M) {
	if role := os.Getenv(childRole); role != "" {
		os.Exit(runChild(role))
	}
	goleak.VerifyTestMain(m)
}

const theLog journal.LogID = "spring-forum"

func openTest(t testing.TB, dir string) *Journal {
	t.Helper()
	j, err := Open(dir)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return j
}

// flipper returns a function that damages stored records as another writer of the file could.
func flipper(t *testing.T, dir string) func(journal.LogID, uint64, journaltest.Field) {
	db, err := openPool(filepath.Join(dir, FileName), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return func(log journal.LogID, seq uint64, field journaltest.Field) {
		t.Helper()
		var id int64
		var value []byte
		query := fmt.Sprintf("SELECT log, %s FROM records WHERE seq = ? AND log = (SELECT id FROM logs WHERE name = ?)", field)
		if err := db.QueryRow(query, seq, string(log)).Scan(&id, &value); err != nil {
			t.Fatalf("reading the %s: %v", field, err)
		}
		value[len(value)/2] ^= 1
		if _, err := db.Exec(fmt.Sprintf("UPDATE records SET %s = ? WHERE log = ? AND seq = ?", field), value, id, seq); err != nil {
			t.Fatalf("writing the %s: %v", field, err)
		}
	}
}

func TestJournal_KeepsTheContract(t *testing.T) {
	journaltest.Run(t, func(t *testing.T) journaltest.Env {
		dir := t.TempDir()
		j := openTest(t, dir)
		return journaltest.Env{Journal: j, Snapshots: j, Other: openTest(t, dir), Flip: flipper(t, dir)}
	})
}

func TestJournal_KeepsTheContractWithFaults(t *testing.T) {
	journaltest.Run(t, func(t *testing.T) journaltest.Env {
		j := openTest(t, t.TempDir())
		odds := faultyjournal.Odds{Persisted: 0.15, Lost: 0.15, HintLost: 0.3, HintDoubled: 0.2, HintSwapped: 0.2}
		return journaltest.Env{Journal: faultyjournal.Wrap(j, 1, odds), Snapshots: j, Other: faultyjournal.Wrap(j, 2, odds), Faulty: true}
	})
}

// fill appends n records one by one and returns the position after them.
func fill(t testing.TB, j journal.Journal, log journal.LogID, n int) journal.Position {
	t.Helper()
	at := journal.Genesis(log, 1)
	for i := range n {
		batch := []journal.Record{{Key: journal.CommandKey(fmt.Sprint(i)), Body: fmt.Appendf(nil, "record %d of %s", i, log)}}
		end := journal.Chain(at, batch)
		result, err := j.Append(t.Context(), log, at, batch, time.Time{})
		if err != nil || result.Outcome != journal.Appended {
			t.Fatalf("Append: %+v, %v", result, err)
		}
		at = end
	}
	return at
}

func TestOpen_FindsWhatWasStored(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data?#%", "deeper")
	first, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	at := fill(t, first, theLog, 10)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := openTest(t, dir)
	if _, err := second.CheckHead(t.Context(), theLog, at); err != nil {
		t.Errorf("CheckHead after reopening: %v", err)
	}
}

func TestOpen_RestrictsFilesToTheirOwner(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	files := []string{dir, filepath.Join(dir, FileName), filepath.Join(dir, FileName+"-wal"), filepath.Join(dir, FileName+"-shm")}
	want := func(when string) {
		t.Helper()
		for _, name := range files {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s: %s has the mode %v, want it closed to others", when, name, info.Mode())
			}
		}
	}
	first, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	want("when created")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(files[1], 0o644); err != nil {
		t.Fatal(err)
	}
	openTest(t, dir)
	want("when opened")
}

// Several openers of an empty directory do not fail because of each other.
func TestOpen_SeveralAtOnce(t *testing.T) {
	for range 5 {
		dir := t.TempDir()
		const openers = 6
		errs := make(chan error, openers)
		for n := range openers {
			go func() { errs <- openAndAppend(dir, fmt.Sprint("opener-", n)) }()
		}
		for range openers {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	}
}

func openAndAppend(dir, prefix string) error {
	j, err := Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(appendMany(j, io.Discard, prefix, 3), j.Close())
}

func TestOpen_RefusesAnotherFormat(t *testing.T) {
	dir := t.TempDir()
	openTest(t, dir)
	db, err := openPool(filepath.Join(dir, FileName), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("PRAGMA user_version = 9"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !regexp.MustCompile("format 9").MatchString(err.Error()) {
		t.Errorf("Open: %v, want the format refused", err)
	}
}

// A log whose name has a flipped bit must not look empty.
func TestOpen_RefusesADamagedLogName(t *testing.T) {
	dir := t.TempDir()
	fill(t, openTest(t, dir), theLog, 3)
	db, err := openPool(filepath.Join(dir, FileName), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("UPDATE logs SET name = 'sprinG-forum'"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, journal.ErrCorrupt) {
		t.Errorf("Open: %v, want ErrCorrupt", err)
	}
}

// A log whose row in the table of logs is lost must not look empty.
func TestOpen_RefusesRecordsWithoutALog(t *testing.T) {
	dir := t.TempDir()
	fill(t, openTest(t, dir), theLog, 3)
	db, err := openPool(filepath.Join(dir, FileName), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("PRAGMA foreign_keys = OFF; DELETE FROM logs"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, journal.ErrCorrupt) {
		t.Errorf("Open: %v, want ErrCorrupt", err)
	}
}

// Damage to SQLite's own structures shows only when it writes, which is too late.
func TestOpen_RefusesADamagedStructure(t *testing.T) {
	const freePages = 39 // the last byte of their number
	contents := filledStore(t, false)
	dir := t.TempDir()
	writeDamaged(t, dir, contents, FileName, 8*freePages)
	if _, err := Open(dir); !errors.Is(err, journal.ErrCorrupt) {
		t.Errorf("Open: %v, want ErrCorrupt", err)
	}
}

func TestRead_ReportsALostRecord(t *testing.T) {
	dir := t.TempDir()
	j := openTest(t, dir)
	fill(t, j, theLog, 3)
	db, err := openPool(filepath.Join(dir, FileName), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for seq := uint64(3); seq > 0; seq-- {
		if _, err := db.Exec("DELETE FROM records WHERE seq = ?", int64(seq)); err != nil {
			t.Fatal(err)
		}
		var corrupt *journal.CorruptError
		if _, err := j.Read(t.Context(), theLog, 0, 10); !errors.As(err, &corrupt) || corrupt.Seq != seq {
			t.Errorf("Read without record %d: %v, want it named", seq, err)
		}
	}
}

// Erasure relies on Replace to leave no old record in the files.
func TestReplace_LeavesNoOldRecordInTheFile(t *testing.T) {
	dir := t.TempDir()
	j, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	at := fill(t, j, theLog, 50)
	erased := make([]journal.Record, 50)
	for i := range erased {
		erased[i] = journal.Record{Seq: uint64(i) + 1, Key: journal.CommandKey(fmt.Sprint(i)), Body: []byte("-")}
	}
	if _, err := j.Replace(t.Context(), theLog, at, erased); err != nil {
		t.Fatal(err)
	}
	wal, err := os.Stat(filepath.Join(dir, FileName+"-wal"))
	if err != nil || wal.Size() > 0 {
		t.Errorf("the write-ahead log has %d bytes (%v), want it truncated", wal.Size(), err)
	}
	// The files are read after Close: closing a second descriptor of one would drop SQLite's locks
	// in this process.
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{FileName, FileName + "-wal"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if left := regexp.MustCompile("record [0-9]+ of spring-forum").Find(content); left != nil {
			t.Errorf("%s still holds %q", name, left)
		}
	}
}

func TestClose_EndsWatchesAndReads(t *testing.T) {
	j, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	watching := make(chan struct{}, 1)
	go func() {
		ended <- j.Watch(t.Context(), theLog, func([]journal.Record) {
			select {
			case watching <- struct{}{}:
			default:
			}
		})
	}()
	<-watching
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("Watch ended with %v, want ErrUnavailable", err)
	}
	if _, err := j.Read(t.Context(), theLog, 0, 1); !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("Read after Close: %v, want ErrUnavailable", err)
	}
}

// The translated C code of modernc.org/sqlite works only with the libc that it was made for.
func TestLibc_IsTheVersionThatSQLiteRequires(t *testing.T) {
	ours := requiredLibc(t, "../../go.mod")
	theirs := requiredLibc(t, filepath.Join(moduleDir(t, "modernc.org/sqlite"), "go.mod"))
	if ours != theirs {
		t.Errorf("go.mod requires modernc.org/libc %s, modernc.org/sqlite is made for %s", ours, theirs)
	}
}

func requiredLibc(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`modernc\.org/libc (v\S+)`).FindSubmatch(content)
	if found == nil {
		t.Fatalf("%s does not require modernc.org/libc", file)
	}
	return string(found[1])
}

func TestOpen_SetsItsPragmas(t *testing.T) {
	j := openTest(t, t.TempDir())
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "secure_delete": "1"} {
		var got string
		err := j.db.withWriteConn(t.Context(), func(tx *transaction) error { return tx.row("PRAGMA " + pragma).Scan(&got) })
		if err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", pragma, got, err, want)
		}
	}
}

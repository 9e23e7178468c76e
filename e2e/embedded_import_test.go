package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
	"github.com/matchfloor/matchfloor/journal/sqlitejournal"
)

// An import fails after it has written the event's log and before the instance lists the
// event. A repeated import completes it and imports nothing twice.
func TestImport_CompletesAfterAFailure(t *testing.T) {
	forum, err := demo.Forum()
	if err != nil {
		t.Fatal(err)
	}
	memory := journal.NewMemory(time.Now)
	j := faultyjournal.Wrap(memory, 1, faultyjournal.Odds{})
	enrol := func() error {
		h := hub.New(j, memory, hub.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		return errors.Join(hub.ImportForum(ctx, h, floor.Operator, "operator", forum), h.Close())
	}
	j.Script(journal.InstanceLog, slices.Repeat([]faultyjournal.Fault{faultyjournal.Unavailable}, 100)...)
	if err := enrol(); err == nil {
		t.Fatal("the import did not fail")
	}
	if records, listed := importedRecords(t, memory); records == 0 || listed {
		t.Fatalf("after the broken import %d records, listed: %v", records, listed)
	}
	j = faultyjournal.Wrap(memory, 1, faultyjournal.Odds{})
	for range 2 {
		if err := enrol(); err != nil {
			t.Fatal(err)
		}
		if records, listed := importedRecords(t, memory); records == 0 || !listed {
			t.Errorf("after a repeated import %d records, listed: %v", records, listed)
		}
	}
}

// importedRecords returns how many records the event has, and whether the instance lists it.
func importedRecords(t *testing.T, j journal.Journal) (records int, listed bool) {
	t.Helper()
	event, err := archive.ReadLog(t.Context(), j, eventID)
	if err != nil {
		t.Fatal(err)
	}
	instance, err := archive.ReadLog(t.Context(), j, journal.InstanceLog)
	if err != nil {
		t.Fatal(err)
	}
	state := floor.New()
	for _, r := range instance.Records {
		record, err := floor.DecodeRecord(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		state, _ = state.Apply(record)
	}
	for e := range state.Events() {
		if e.ID == eventID {
			listed = true
		}
	}
	return len(event.Records), listed
}

// TestTortureImport_CompletesAfterAKill kills an import when it writes the durability mark of
// the event's log, which is before it writes the instance's log, and at each of its syncs. A
// repeated import completes each of them. The test needs strace.
func TestTortureImport_CompletesAfterAKill(t *testing.T) {
	torture(t)
	workbook := (&venue{t: t}).writeWorkbook(demo.Workbook())
	dir := t.TempDir()
	server := &node{t: t, addr: freeAddr(t), args: []string{"--data", dir}}
	server.start() // the new instance records its key, so that the import's first mark is the event's
	server.drain()
	if !importKilled(t, dir, workbook, "-P", filepath.Join(dir, sqlitejournal.MarkerName), "-e", "inject=pwrite64:signal=KILL:when=1") {
		t.Fatal("the import was not killed as it wrote the mark")
	}
	if records, listed := importedRecords(t, reopenedJournal{dir: dir}); records == 0 || listed {
		t.Errorf("killed in between: %d records, listed: %v", records, listed)
	}
	repeatImport(t, dir, workbook)
	kills := 0
	for n := 1; ; n++ { // strace counts in each thread
		dir := t.TempDir()
		if !importKilled(t, dir, workbook, "-e", fmt.Sprintf("inject=fsync,fdatasync:signal=KILL:when=%d", n)) {
			break
		}
		kills++
		if records, listed := importedRecords(t, reopenedJournal{dir: dir}); listed && records == 0 {
			t.Errorf("killed at sync %d: the event is listed and has no log", n)
		}
		repeatImport(t, dir, workbook)
	}
	t.Logf("an import was killed between the event's log and the instance's, and at %d syncs; each was completed", kills)
}

// importKilled runs an import under strace and reports whether it was killed before it was
// done.
func importKilled(t *testing.T, dir, workbook string, faults ...string) bool {
	t.Helper()
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	under := append([]string{"-f", "-o", os.DevNull, "-e", "trace=fsync,fdatasync,pwrite64"}, faults...)
	c := exec.Command("strace", append(under, file, "import", "--create", workbook, "--data", dir)...)
	out, err := c.CombinedOutput()
	if err == nil {
		return false
	}
	if c.ProcessState == nil {
		t.Fatal(err)
	}
	if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
		t.Fatalf("%v: %s", err, out)
	}
	return true
}

// repeatImport repeats an import that was killed.
func repeatImport(t *testing.T, dir, workbook string) {
	t.Helper()
	if _, errs, code := matchfloor(t, "import", "--create", workbook, "--data", dir); code != 0 {
		t.Fatalf("repeated: exit %d, %s", code, errs)
	}
	records, listed := importedRecords(t, reopenedJournal{dir: dir})
	if _, errs, code := matchfloor(t, "verify", "--data", dir); records == 0 || !listed || code != 0 {
		t.Errorf("repeated: %d records, listed: %v, verify: %s", records, listed, errs)
	}
}

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// wantRun fails unless a run ends with a code and says something.
func wantRun(t *testing.T, code int, says string, args ...string) outcome {
	t.Helper()
	o := runOnce(t, args)
	if o.code != code || !strings.Contains(o.stdout+o.stderr, says) {
		t.Fatalf("%v: %+v, want exit %d and %q", args, o, code, says)
	}
	return o
}

// The way of a backup: taken beside a running server, verified, restored into an
// empty directory, with the key beside it the same links.
func TestBackupAndRestore(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	root := t.TempDir()
	from, to, file := filepath.Join(root, "from"), filepath.Join(root, "to"), filepath.Join(root, "backup.matchfloor")
	running := start(t, []string{"serve", "--addr", "127.0.0.1:0", "--data", from})
	running.line("organiser: ")
	wantRun(t, exitOK, "green-2026", "import", "--data", from, workbookFile(t, demo.Workbook()))
	wantRun(t, exitOK, filepath.Join(from, keyName), "backup", "--data", from, "--to", file)
	wantRun(t, exitFailed, "overwrites nothing", "backup", "--data", from, "--to", file)
	verified := wantRun(t, exitOK, "verified 2 logs", "verify", "--from", file)
	if live := wantRun(t, exitOK, "verified 2 logs", "verify", "--data", from); lines(live.stdout)[0] != lines(verified.stdout)[1] {
		t.Errorf("the instance is %q, its backup %q", live.stdout, verified.stdout)
	}
	before := wantRun(t, exitOK, "green-2026", "links", "--data", from, "--event", "green-2026", "--json")
	wantRun(t, exitFailed, "empty instance", "restore", "--from", file, "--data", from)
	if o := running.end(); o.code != exitOK {
		t.Fatalf("stopped: %+v", o)
	}
	for range 2 { // one that was broken off may be repeated
		o := wantRun(t, exitOK, filepath.Join(to, keyName), "restore", "--from", file, "--data", to)
		if !strings.Contains(o.stdout, ", at 2/") {
			t.Errorf("restored in no new epoch: %q", o.stdout)
		}
	}
	key, err := os.ReadFile(filepath.Join(from, keyName))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, keyName), key, 0o600); err != nil {
		t.Fatal(err)
	}
	wantRun(t, exitOK, "verified 2 logs", "verify", "--data", to)
	if after := wantRun(t, exitOK, "", "links", "--data", to, "--event", "green-2026", "--json"); after.stdout != before.stdout {
		t.Error("the restored instance has other links")
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup is %v, %v; want it closed to others", info, err)
	}
	if left, err := filepath.Glob(file + ".*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func lines(text string) []string { return strings.Split(text, "\n") }

func TestBackupUsage(t *testing.T) {
	dir := t.TempDir()
	none, file := filepath.Join(dir, "none"), filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("matchfloor.archive.1\nwhatever"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantRun(t, exitUsage, "--to", "backup", "--data", dir)
	wantRun(t, exitUsage, "--data", "backup", "--to", file)
	wantRun(t, exitUsage, "--from", "restore", "--data", dir)
	wantRun(t, exitUsage, "--data", "restore", "--from", file)
	wantRun(t, exitUsage, "--data", "verify")
	wantRun(t, exitUsage, "--from", "verify", "--data", dir, "--from", file)
	wantRun(t, exitFailed, "no instance", "backup", "--data", none, "--to", filepath.Join(dir, "new"))
	wantRun(t, exitFailed, "no instance", "verify", "--data", none)
	wantRun(t, exitFailed, "none", "verify", "--from", none)
	wantRun(t, exitFailed, "damaged", "verify", "--from", file)
	wantRun(t, exitFailed, "damaged", "restore", "--from", file, "--data", filepath.Join(dir, "to"))
	if _, err := os.Stat(none); !errors.Is(err, os.ErrNotExist) {
		t.Error("looking for an instance made one")
	}
}

// A record with a flipped bit is named, and the exit code says so.
func TestVerifyTellsDamage(t *testing.T) {
	dir := t.TempDir()
	wantRun(t, exitOK, "", "import", "--data", dir, workbookFile(t, demo.Workbook()))
	file := filepath.Join(dir, "journal.db")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.ReplaceAll(content, []byte("Seoul"), []byte("Seoum"))
	if bytes.Equal(damaged, content) {
		t.Fatal("the workbook's words are not in the file")
	}
	if err := os.WriteFile(file, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	wantRun(t, exitFailed, `log "green-2026" does not match its hash`, "verify", "--data", dir)
	wantRun(t, exitFailed, `log "green-2026" does not match its hash`, "backup", "--data", dir, "--to", filepath.Join(dir, "backup"))
}

// damagedLog is a journal in which one log cannot be read.
type damagedLog struct {
	journal.Journal
	log journal.LogID
}

func (d damagedLog) Read(ctx context.Context, log journal.LogID, after uint64, limit int) (journal.Page, error) {
	if log == d.log {
		return journal.Page{}, &journal.CorruptError{Log: log, Seq: 3}
	}
	return d.Journal.Read(ctx, log, after, limit)
}

// A damaged event, or one whose log is gone, keeps verify from no other.
func TestVerifyGoesOn(t *testing.T) {
	forum, faults, err := readWorkbookFile(workbookFile(t, demo.Workbook()))
	if err != nil || len(faults) > 0 {
		t.Fatal(err, faults)
	}
	memory := journal.NewMemory(time.Now)
	var out bytes.Buffer
	p := &program{env: envOf(nil), stdout: &out, stderr: io.Discard}
	for _, event := range []floor.EventID{"a", "b", "c"} {
		forum.Event.ID = event
		if err := enrol(t.Context(), p, &opened{journal: memory, snapshots: memory}, forum); err != nil {
			t.Fatal(err)
		}
	}
	err = p.verifyLogs(t.Context(), damagedLog{memory, "b"})
	if !errors.Is(err, journal.ErrCorrupt) || !strings.Contains(err.Error(), "log b") || !strings.Contains(out.String(), "log c:") {
		t.Errorf("%v; %s", err, out.String())
	}
}

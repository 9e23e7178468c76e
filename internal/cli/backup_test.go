package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/journal"
)

// A backup is taken while a server runs, verified and restored into an empty directory.
// With the instance key copied there, the links are the same.
func TestBackup_RestoresWithTheSameLinks(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	root := t.TempDir()
	from, to, file := filepath.Join(root, "from"), filepath.Join(root, "to"), filepath.Join(root, "backup.matchfloor")
	running, _ := startServing(t, from)
	running.line("organiser: ")
	wantRun(t, commandline.ExitOK, "green-2026", "import", "--create", "--data", from, sampleWorkbook(t))
	wantRun(t, commandline.ExitOK, filepath.Join(from, access.KeyName), "backup", "--data", from, "--to", file)
	wantRun(t, commandline.ExitFailed, "overwrites nothing", "backup", "--data", from, "--to", file)
	verified := wantRun(t, commandline.ExitOK, "verified 2 logs", "verify", "--from", file)
	if live := wantRun(t, commandline.ExitOK, "verified 2 logs", "verify", "--data", from); linesOf(live.stdout)[0] != linesOf(verified.stdout)[1] {
		t.Errorf("the instance is %q, its backup %q", live.stdout, verified.stdout)
	}
	before := wantRun(t, commandline.ExitOK, "green-2026", "links", "--data", from, "--event", "green-2026", "--json")
	wantRun(t, commandline.ExitFailed, "empty data directory", "restore", "--from", file, "--data", from)
	if o := running.end(); o.code != commandline.ExitOK {
		t.Fatalf("stopped: %+v", o)
	}
	for range 2 { // an interrupted restore may be repeated
		o := wantRun(t, commandline.ExitOK, filepath.Join(to, access.KeyName), "restore", "--from", file, "--data", to)
		if !strings.Contains(o.stdout, ", at 2/") {
			t.Errorf("restored in the former epoch: %q", o.stdout)
		}
	}
	key, err := os.ReadFile(filepath.Join(from, access.KeyName))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, access.KeyName), key, 0o600); err != nil {
		t.Fatal(err)
	}
	wantRun(t, commandline.ExitOK, "verified 2 logs", "verify", "--data", to)
	if after := wantRun(t, commandline.ExitOK, "", "links", "--data", to, "--event", "green-2026", "--json"); after.stdout != before.stdout {
		t.Error("the restored instance has other links")
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup is %v, %v; want the mode 0600", info, err)
	}
	if left, err := filepath.Glob(file + ".*"); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v %v", left, err)
	}
}

func TestBackupRestoreVerify_RejectWrongArguments(t *testing.T) {
	dir := t.TempDir()
	none, file := filepath.Join(dir, "none"), filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("matchfloor.archive.1\nnothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantRun(t, commandline.ExitUsage, "--to", "backup", "--data", dir)
	wantRun(t, commandline.ExitUsage, "--data", "backup", "--to", file)
	wantRun(t, commandline.ExitUsage, "--from", "restore", "--data", dir)
	wantRun(t, commandline.ExitUsage, "--data", "restore", "--from", file)
	wantRun(t, commandline.ExitUsage, "--data", "verify")
	wantRun(t, commandline.ExitUsage, "--from", "verify", "--data", dir, "--from", file)
	wantRun(t, commandline.ExitFailed, "no instance", "backup", "--data", none, "--to", filepath.Join(dir, "new"))
	wantRun(t, commandline.ExitFailed, "no instance", "verify", "--data", none)
	wantRun(t, commandline.ExitFailed, "none", "verify", "--from", none)
	wantRun(t, commandline.ExitFailed, "damaged", "verify", "--from", file)
	wantRun(t, commandline.ExitFailed, "damaged", "restore", "--from", file, "--data", filepath.Join(dir, "to"))
	if _, err := os.Stat(none); !errors.Is(err, os.ErrNotExist) {
		t.Error("reading a missing instance made one")
	}
}

// A record that does not match its hash is reported, and the command fails.
func TestVerify_NamesTheDamagedLog(t *testing.T) {
	dir := t.TempDir()
	wantRun(t, commandline.ExitOK, "", "import", "--create", "--data", dir, sampleWorkbook(t))
	file := filepath.Join(dir, "journal.db")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.ReplaceAll(content, []byte("Seoul"), []byte("Seoum"))
	if bytes.Equal(damaged, content) {
		t.Fatal("the workbook's texts are not in the file")
	}
	if err := os.WriteFile(file, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	wantRun(t, commandline.ExitFailed, `log "green-2026" does not match its hash`, "verify", "--data", dir)
	wantRun(t, commandline.ExitFailed, `log "green-2026" does not match its hash`, "backup", "--data", dir, "--to", filepath.Join(dir, "backup"))
}

// verify continues with the other events after a log that cannot be read.
func TestVerify_ContinuesAfterADamagedLog(t *testing.T) {
	store := newStore(t, sampleForum(t, "a", 0), sampleForum(t, "b", 0), sampleForum(t, "c", 0))
	err := verifyLogs(t.Context(), store.p, damagedLog{store.memory, "b"})
	if !errors.Is(err, journal.ErrCorrupt) || !strings.Contains(err.Error(), "log b") || !strings.Contains(store.out.String(), "log c:") {
		t.Errorf("%v; %s", err, store.out.String())
	}
}

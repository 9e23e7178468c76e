package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/matchfloor/matchfloor/internal/cli/commandline"
)

// A second server on one data directory refuses to start; other commands work next to the first.
// After kill -9 the directory is free at once.
func TestServe_SecondOnOneDirectoryIsRefused(t *testing.T) {
	dir := t.TempDir()
	serving := []string{"serve", "--addr", "127.0.0.1:0", "--data", dir}
	first := programCommand(t.Context(), t, nil, serving...)
	var errs bytes.Buffer
	first.Stderr = &errs
	waitForLine(t, first, "organiser: ")
	before := readText(t, filepath.Join(dir, "journal.mark"))

	o := wantRun(t, commandline.ExitFailed, "another matchfloor uses "+dir, serving...)
	if strings.Contains(o.stdout, "matchfloor serves") || readText(t, filepath.Join(dir, "journal.mark")) != before {
		t.Errorf("the second server has written: %+v", o)
	}
	wantRun(t, commandline.ExitOK, "green-2026", "import", "--data", dir, sampleWorkbook(t))
	wantRun(t, commandline.ExitOK, "verified 2 logs", "verify", "--data", dir)

	if err := first.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := first.Wait(); first.ProcessState.Success() {
		t.Errorf("it was killed: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "serve.lock")); err != nil {
		t.Errorf("the file of the lock: %v", err)
	}
	again, _ := startServing(t, dir)
	if o := again.end(); o.code != commandline.ExitOK {
		t.Errorf("after the kill: %+v", o)
	}
	last, _ := startServing(t, dir)
	if o := last.end(); o.code != commandline.ExitOK {
		t.Errorf("after a stop in good order: %+v", o)
	}
}

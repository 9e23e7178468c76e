package main_test

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestNamesWhatIsLeftOut makes a plain `go test ./...` say what it did not
// check. The go command hides what passing tests print, so this one writes to
// that command's own standard error.
func TestNamesWhatIsLeftOut(t *testing.T) {
	if os.Getenv("MATCHFLOOR_CHECK") != "" { // make check leaves nothing out
		return
	}
	text := "left out here:\n  " + strings.Join(leftOut(), "\n  ") + "\n`make check` installs what is missing and runs all but the last line\n"
	t.Log(text)
	neverCached(t, text)
	out, err := parentStderr()
	if err != nil {
		t.Log("go test -v shows this; the go command's standard error cannot be reached:", err)
		return
	}
	defer out.Close()
	if _, err := io.WriteString(out, text); err != nil {
		t.Log(err)
	}
}

// leftOut names what a machine with these programs does not run, the last
// line being what only `make torture` and `make shots` do.
func leftOut() []string {
	out := []string{"race detector, staticcheck, types of the pages, the bundle rebuilt"}
	for _, missing := range []struct{ what, program string }{
		{"browser tests in e2e", "chromium"},
		{"journal/redisjournal and two-node tests in e2e", "redis-server"},
		{"a failing disk in journal/sqlitejournal", "strace"},
		{"balancer tests in e2e", "haproxy"},
	} {
		if _, err := exec.LookPath(missing.program); err != nil {
			out = append(out, fmt.Sprintf("%s: no %s", missing.what, missing.program))
		}
	}
	return append(out, "long versions (make torture), screenshots (make shots)")
}

// neverCached reads a file that is younger than the go command trusts, so that
// it runs this package again next time instead of repeating "ok (cached)".
func neverCached(t *testing.T, text string) {
	t.Helper()
	name := filepath.Join(".cache", "left-out.txt")
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	readFile(t, name)
}

// parentStderr is the standard error of the process that started this one: a
// copy of its descriptor where the kernel gives one, else what /proc names. A
// plain file is opened by the first way only, as the second would not share
// the place at which the parent writes on.
func parentStderr() (*os.File, error) {
	const sysPidfdOpen, sysPidfdGetfd = 434, 438 // on every architecture
	if pidfd, _, errno := syscall.Syscall(sysPidfdOpen, uintptr(os.Getppid()), 0, 0); errno == 0 {
		defer syscall.Close(int(pidfd))
		if fd, _, errno := syscall.Syscall(sysPidfdGetfd, pidfd, 2, 0); errno == 0 {
			return os.NewFile(fd, "stderr of the go command"), nil
		}
	}
	name := fmt.Sprintf("/proc/%d/fd/2", os.Getppid())
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", name, fs.ErrPermission)
	}
	return os.OpenFile(name, os.O_WRONLY, 0)
}

package main

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

// TestSkips_AreNamedByAPlainRun makes a plain `go test ./...` say what it did not
// check. The go command hides the output of passing tests, so this one writes to
// the standard error of that command itself.
func TestSkips_AreNamedByAPlainRun(t *testing.T) {
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

// leftOut lists what does not run on this machine for want of a program. The last
// line is what only `make torture` and `make shots` run.
func leftOut() []string {
	out := []string{"race detector, staticcheck, types of the pages, the bundle rebuilt"}
	for _, missing := range []struct{ what, program string }{
		{"browser tests in e2e", "chromium"},
		{"journal/redisjournal and two-node tests in e2e", "redis-server"},
		{"a failing disk in journal/sqlitejournal", "strace"},
		{"balancer tests in e2e", "haproxy"},
		{"completion in zsh", "zsh"},
		{"completion in fish", "fish"},
		{"the unit of systemd in e2e", "systemd-analyze"},
	} {
		if _, err := exec.LookPath(missing.program); err != nil {
			out = append(out, fmt.Sprintf("%s: no %s", missing.what, missing.program))
		}
	}
	return append(out, "long versions (make torture), the Compose file run (make compose-test), screenshots (make shots)")
}

// neverCached reads a file that is too young for the go command to trust, so that
// it runs this package again next time instead of repeating "ok (cached)".
func neverCached(t *testing.T, text string) {
	t.Helper()
	name := filepath.Join(ourModule(t).Dir, ".cache", "left-out.txt")
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	readFile(t, ".cache/left-out.txt")
}

// parentStderr returns the standard error of the parent process: a duplicate of
// its descriptor if the kernel grants one, otherwise the file that /proc names. A
// regular file is refused in the second case, because a file that is opened again
// does not share the parent's offset.
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

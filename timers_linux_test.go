package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// relaxedChild tells TestTimersAreRelaxed's children what to do before they relax.
const relaxedChild = "TEST_RELAXED_CHILD"

// A node has its slack on all threads, also those from before main; a system that
// forgets what it was told, or a program whose file is gone, makes it neither begin
// for ever nor fail.
func TestTimersAreRelaxed(t *testing.T) {
	if os.Getenv(relaxedChild) != "" {
		relaxAndTell(t)
		return
	}
	mine := prctl(getTimerSlack, 0) // which a child begins with
	wantSlack(t, "a first start", os.Args[0], max(mine, int(timerSlack)), relaxedChild+"=plain")
	wantSlack(t, "a second one", os.Args[0], mine, relaxedChild+"=plain", relaxedEnv+"=1")
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	gone := filepath.Join(t.TempDir(), "gone")
	if err := os.WriteFile(gone, self, 0o700); err != nil {
		t.Fatal(err)
	}
	wantSlack(t, "a program without its file", gone, mine, relaxedChild+"=remove")
}

func wantSlack(t *testing.T, what, program string, slack int, env ...string) {
	t.Helper()
	told := fmt.Sprintf("slack %d, marked false", slack)
	child := exec.CommandContext(t.Context(), program, "-test.run=^TestTimersAreRelaxed$")
	child.Env = append(os.Environ(), env...)
	out, err := child.Output()
	if err != nil || bytes.Count(out, []byte("slack")) != 1 || !strings.Contains(string(out), told) {
		t.Errorf("%s: %v, %s; want %s", what, err, out, told)
	}
}

func relaxAndTell(t *testing.T) {
	if os.Getenv(relaxedChild) == "remove" {
		if err := os.Remove(os.Args[0]); err != nil {
			t.Fatal(err)
		}
	}
	relaxTimers()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_, marked := os.LookupEnv(relaxedEnv)
	fmt.Printf("slack %d, marked %t\n", prctl(getTimerSlack, 0), marked)
}

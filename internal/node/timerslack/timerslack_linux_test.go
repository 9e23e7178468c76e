package timerslack

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

// childVariable makes the test binary a child of TestRelax_RestartsOnceAndSetsTheSlack. Its value
// is what the child does before it calls Relax.
const childVariable = "TEST_RELAXED_CHILD"

// The slack holds for all threads, also for those from before main. A system that
// ignores the slack, or a program whose file has been removed, makes Relax neither
// restart forever nor fail.
func TestRelax_RestartsOnceAndSetsTheSlack(t *testing.T) {
	if os.Getenv(childVariable) != "" {
		relaxAndReport(t)
		return
	}
	inherited := prctl(getTimerSlack, 0)
	wantSlack(t, "a first start", os.Args[0], max(inherited, int(slack)), childVariable+"=plain")
	wantSlack(t, "a second one", os.Args[0], inherited, childVariable+"=plain", relaxedEnv+"=1")
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	removed := filepath.Join(t.TempDir(), "removed")
	if err := os.WriteFile(removed, self, 0o700); err != nil {
		t.Fatal(err)
	}
	wantSlack(t, "a program without its file", removed, inherited, childVariable+"=remove")
}

// wantSlack runs a test binary as a child and checks the slack that it reports.
func wantSlack(t *testing.T, what, program string, slack int, env ...string) {
	t.Helper()
	want := fmt.Sprintf("slack %d, marked false", slack)
	child := exec.CommandContext(t.Context(), program, "-test.run=^TestRelax_RestartsOnceAndSetsTheSlack$")
	child.Env = append(os.Environ(), env...)
	out, err := child.Output()
	if err != nil || bytes.Count(out, []byte("slack")) != 1 || !strings.Contains(string(out), want) {
		t.Errorf("%s: %v, %s; want %s", what, err, out, want)
	}
}

func relaxAndReport(t *testing.T) {
	if os.Getenv(childVariable) == "remove" {
		if err := os.Remove(os.Args[0]); err != nil {
			t.Fatal(err)
		}
	}
	Relax()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_, marked := os.LookupEnv(relaxedEnv)
	fmt.Printf("slack %d, marked %t\n", prctl(getTimerSlack, 0), marked)
}

package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/internal/cli/commandline"
)

// The environment that a process was executed with has this variable only if the program
// has executed itself again.
const executedAgain = "MATCHFLOOR_TIMERS_RELAXED=1"

// TestServe_ExecutesItselfAgainOnlyWhenAsked looks at real processes: the environment of a
// process in /proc is that of its last exec.
func TestServe_ExecutesItselfAgainOnlyWhenAsked(t *testing.T) {
	for _, c := range []struct {
		name  string
		env   []string
		args  []string
		again bool
	}{
		{"plain", nil, nil, false},
		{"by the flag", nil, []string{"--relax-timers"}, true},
		{"by the environment", []string{"MATCHFLOOR_RELAX_TIMERS=true"}, nil, true},
		{"by the environment, but not by the flag", []string{"MATCHFLOOR_RELAX_TIMERS=true"}, []string{"--relax-timers=false"}, false},
	} {
		args := append([]string{"serve", "--addr", "127.0.0.1:0", "--data", t.TempDir(), "--log-level", "error"}, c.args...)
		pid := startProcess(t, "matchfloor serves ", c.env, args...)
		environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if err != nil {
			t.Fatal(err)
		}
		if again := bytes.Contains(environment, []byte("\x00"+executedAgain+"\x00")); again != c.again {
			t.Errorf("%s: executed again: %t", c.name, again)
		}
	}
}

func TestWantsRelaxedTimers_ReadsTheWholeCommandLine(t *testing.T) {
	data := t.TempDir()
	for _, c := range []struct {
		want bool
		env  []string
		args []string
	}{
		{true, nil, []string{"serve", "--data", data, "--relax-timers"}},
		{true, nil, []string{"serve", "-relax-timers=true", "-data", data}},
		{true, []string{"MATCHFLOOR_RELAX_TIMERS", "1", "MATCHFLOOR_DATA", data}, []string{"serve"}},
		{false, nil, []string{"serve", "--data", data}},
		{false, []string{"MATCHFLOOR_RELAX_TIMERS", "1"}, []string{"serve", "--data", data, "--relax-timers=false"}},
		{false, nil, []string{"serve", "--data", data, "--relax-timers", "-h"}},
		{false, nil, []string{"serve", "--data", "--relax-timers"}}, // a directory's name
		{false, nil, []string{"serve", "--relax-timers"}},           // no store
		{false, nil, []string{"serve", "--data", data, "--relax-timers", "--unknown"}},
		{false, nil, []string{"serve", "--data", data, "--relax-timers", "argument"}},
		{false, []string{"MATCHFLOOR_RELAX_TIMERS", "maybe"}, []string{"serve", "--data", data, "--relax-timers"}},
		{false, []string{"MATCHFLOOR_RELAX_TIMERS", "1"}, []string{"links", "--data", data}},
		{false, []string{"MATCHFLOOR_RELAX_TIMERS", "1"}, nil},
		{true, nil, []string{"load", "hub", "--relax-timers"}},
		{false, nil, []string{"load", "hub"}},
		{false, nil, []string{"load", "hub", "--relax-timers", "-h"}},
		{false, []string{"MATCHFLOOR_RELAX_TIMERS", "1"}, []string{"load", "compare"}}, // which passes it on
	} {
		if got := wantsRelaxedTimers(c.args, envOf(c.env)); got != c.want {
			t.Errorf("%v with %v: %t", c.args, c.env, got)
		}
	}
	if left, err := os.ReadDir(data); err != nil || len(left) > 0 {
		t.Errorf("reading the command line made files: %v %v", left, err)
	}
}

// TestLoadCompare_StartsBothServersWithTheSameTuning looks at the command lines of the
// processes that compare starts, and at the lines that it prints.
func TestLoadCompare_StartsBothServersWithTheSameTuning(t *testing.T) {
	t.Setenv(asProgram, "1")
	for _, c := range []struct {
		args, env []string
		want      string // the flags of the started processes
		named     []string
	}{
		{nil, nil, "--relax-timers=false --pace-gc=false", []string{}},
		{[]string{"--relax-timers", "--pace-gc"}, nil, "--relax-timers=true --pace-gc=true", []string{"relax-timers", "pace-gc"}},
		{[]string{"--pace-gc"}, []string{"GOGC", "200"}, "--relax-timers=false --pace-gc=true", []string{"GOGC=200"}},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		seen := make(chan map[string]bool)
		go func() { seen <- commandLinesOfChildren(ctx) }()
		args := append([]string{"load", "compare", "--scenario", "broadcast", "--data", t.TempDir()}, shortRun...)
		o := runFor(t, loadLimit, append(args, c.args...), c.env...)
		cancel()
		started := map[string]int{}
		for line := range <-seen {
			for _, name := range []string{" serve ", " load hub "} {
				if strings.Contains(line, name) && strings.Contains(line, c.want) {
					started[name]++
				}
			}
		}
		if o.code != commandline.ExitOK || len(started) != 2 {
			t.Errorf("%v: exit %d, %s, started %v", c.args, o.code, o.stderr, started)
		}
		lines := 0
		for _, r := range results(t, o.stdout) {
			lines++
			if !slices.Equal(r.Tuning, c.named) || r.Tuning == nil {
				t.Errorf("%v: the line of %s names %v", c.args, r.Server, r.Tuning)
			}
		}
		if lines != 3 { // the server, the hub, the ratio
			t.Errorf("%v: %s", c.args, o.stdout)
		}
	}
}

// commandLinesOfChildren collects the command lines of this process's children until ctx
// ends. It may miss one that runs for less than some milliseconds.
func commandLinesOfChildren(ctx context.Context) map[string]bool {
	seen := map[string]bool{}
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return seen
		case <-poll.C:
		}
		lists, _ := filepath.Glob("/proc/self/task/*/children") // the pattern is valid
		for _, list := range lists {
			pids, _ := os.ReadFile(list) // a thread may have ended meanwhile
			for _, pid := range strings.Fields(string(pids)) {
				line, _ := os.ReadFile("/proc/" + pid + "/cmdline") // so may a child
				seen[strings.ReplaceAll(string(line), "\x00", " ")] = true
			}
		}
	}
}

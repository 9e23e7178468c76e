package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// recording returns a checker and what it has printed.
func recording() (*checker, *bytes.Buffer) {
	var out bytes.Buffer
	shared := &lockedWriter{to: &out}
	return &checker{out: shared, progress: shared}, &out
}

// says returns a step that prints a line and returns an error.
func says(name string, err error) step {
	return step{name: name, run: func(_ context.Context, c *checker) error { c.say("   %s says", name); return err }}
}

// inOrder fails unless out has the parts one after another.
func inOrder(t *testing.T, out string, parts ...string) {
	t.Helper()
	rest := out
	for _, part := range parts {
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Fatalf("%q is missing, or not where it belongs, in:\n%s", part, out)
		}
		rest = after
	}
}

func TestRun_ContinuesAfterAFailureAndReportsIt(t *testing.T) {
	c, out := recording()
	if c.run(t.Context(), []step{says("one", nil), says("two", errors.New("broken\nin detail")), says("three", nil)}) {
		t.Error("the run passed")
	}
	inOrder(t, out.String(), "── one\n   one says\n", "── two\n", "FAILED: broken\nin detail\n", "── three\n   three says\n",
		"step ", "one ", "ok\n", "two ", "FAILED: broken\n", "three ", "ok\n", "total ",
		"0 passed, 0 failed, 0 skipped\ncheck FAILED: two\n")
}

func TestRun_InterruptedRunsNothingMore(t *testing.T) {
	c, out := recording()
	ctx, cancel := context.WithCancel(t.Context())
	interrupt := step{name: "one", run: func(context.Context, *checker) error { cancel(); return nil }, behind: []step{}}
	if c.run(ctx, []step{interrupt, says("two", nil)}) || strings.Contains(out.String(), "two says") {
		t.Errorf("a step ran after the interrupt:\n%s", out)
	}
}

// The step in front and the first one behind it wait for each other, so that they
// must run at the same time.
func TestRun_StepsBehindRunDuringTheirFront(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, out := recording()
		behindRuns, frontEnds := make(chan struct{}), make(chan struct{})
		front := step{
			name: "front",
			run: func(_ context.Context, c *checker) error {
				<-behindRuns
				c.say("   front says")
				close(frontEnds)
				return nil
			},
			behind: []step{{
				name: "first",
				run: func(_ context.Context, c *checker) error {
					c.say("   held back")
					if !c.polite {
						t.Error("a step behind another one has the usual priority")
					}
					close(behindRuns)
					<-frontEnds
					fmt.Fprintln(c.progress, "   alive")
					return errors.New("broken")
				},
			}, says("second", nil)},
		}
		if c.run(t.Context(), []step{front, says("next", nil)}) {
			t.Error("the run passed")
		}
		inOrder(t, out.String(), "── front\n", "front says\n", "   alive\n",
			"meanwhile: first took 0.0s\n   held back\n   FAILED: broken\n", "meanwhile: second took 0.0s\n   second says\n",
			"── next\n   next says\n", "front ", "ok\n", "meanwhile: first ", "FAILED: broken\n", "meanwhile: second ", "ok\n", "next ",
			"check FAILED: first\n")
	})
}

func TestSteps_TortureAddsToTheCheck(t *testing.T) {
	names := func(torture bool) (all []string) {
		for _, s := range steps(torture) {
			all = append(all, s.name)
			for _, b := range s.behind {
				all = append(all, b.name)
			}
		}
		return all
	}
	check, torture := strings.Join(names(false), ", "), strings.Join(names(true), ", ")
	if torture != check+", fuzzing" {
		t.Errorf("check: %s\ntorture: %s", check, torture)
	}
}

// The go command prints nothing while it compiles this program.
func TestMakefile_SaysSomethingBeforeItCompiles(t *testing.T) {
	for _, name := range []string{"Makefile", ".ci/run"} {
		rows := strings.Split(readFile(t, name), "\n")
		found := false
		for i, row := range rows {
			if strings.Contains(row, "go run ./internal/checks") {
				found = true
				if !strings.Contains(rows[i-1], "echo 'compiling ") {
					t.Errorf("%s:%d: %q begins without a line before it", name, i+1, strings.TrimSpace(row))
				}
			}
		}
		if !found {
			t.Errorf("%s does not start the checks", name)
		}
	}
}

func TestEvery_CallsOncePerPeriodUntilStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls []time.Duration
		stop := every(heartbeat, func(lasts time.Duration) { calls = append(calls, lasts) })
		time.Sleep(2*heartbeat + heartbeat/2)
		stop()
		time.Sleep(2 * heartbeat)
		if len(calls) != 2 || calls[0] != heartbeat || calls[1] != 2*heartbeat {
			t.Errorf("called after %v, want after one and after two periods of %v", calls, heartbeat)
		}
	})
}

func TestCommand_CountsProcessorTime(t *testing.T) {
	c, _ := recording()
	if err := c.command(t.Context(), "sh", "-c", "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done"); err != nil {
		t.Fatal(err)
	}
	if c.used <= 0 || c.used > time.Minute {
		t.Errorf("counted %v", c.used)
	}
}

func TestCommand_PoliteRunsAtTheLowestPriority(t *testing.T) {
	c, out := recording()
	c.polite = true
	err := c.command(t.Context(), "sh", "-c", "nice; exit 3")
	if strings.TrimSpace(out.String()) != "19" {
		t.Errorf("the niceness is %q", out)
	}
	if err == nil || !strings.HasPrefix(err.Error(), "sh -c nice; exit 3: ") {
		t.Errorf("the failure names %v", err)
	}
}

package cli

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// asProgram makes the test binary the program: it runs Main with its arguments.
const asProgram = "TEST_AS_MATCHFLOOR"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(Main(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// programCommand returns a command that runs the program in a process of its own. env
// holds NAME=value.
func programCommand(ctx context.Context, t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(ctx, testBinary(t), args...)
	c.Env = append(append(os.Environ(), asProgram+"=1"), env...)
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = waitLimit
	return c
}

// startProcess starts the program and returns its process id once stdout has a line that
// begins with a prefix. The process ends with the test.
func startProcess(t *testing.T, prefix string, env []string, args ...string) int {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	c := programCommand(ctx, t, env, args...)
	c.Stderr = t.Output()
	waitForLine(t, c, prefix)
	t.Cleanup(func() {
		stop() // sends SIGTERM; a program that stops in good order ends with 0
		if err := c.Wait(); !errors.Is(err, context.Canceled) || !c.ProcessState.Success() {
			t.Errorf("%v: %v, %v", args, err, c.ProcessState)
		}
	})
	return c.Process.Pid
}

// waitForLine starts a command and returns once its stdout has a line that begins with a prefix.
func waitForLine(t *testing.T, c *exec.Cmd, prefix string) {
	t.Helper()
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if text := lines.Text(); len(text) >= len(prefix) && text[:len(prefix)] == prefix {
			return
		}
	}
	t.Fatalf("%v has ended without a line that begins with %q", c.Args, prefix)
}

// testBinary returns the file of the program that runs this test.
func testBinary(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// testRun is one call of go test.
type testRun struct {
	packages []string
	flags    []string
	env      []string // added to the environment of this process
	timeout  time.Duration
	small    bool // without the long versions, even in the torture
}

// arguments returns the arguments of the go command. Tests that only another target
// runs are deselected by name, so that every test that is still skipped counts as
// skipped. The step vet has vetted the tests.
func (r testRun) arguments(strict, torture bool) []string {
	args := []string{"test", "-json", "-vet=off", fmt.Sprintf("-timeout=%v", r.timeout)}
	if torture && !r.small {
		args = append(args, "-skip=^TestShots")
	} else {
		args = append(args, "-skip=^(TestShots|TestTorture)")
	}
	if strict { // a cached result was not seen in this run
		args = append(args, "-count=1")
	}
	args = append(args, r.flags...)
	return append(args, r.packages...)
}

// test runs go test and shows its progress.
func (c *checker) test(ctx context.Context, r testRun) error {
	cmd := exec.CommandContext(ctx, "go", r.arguments(c.strict, c.torture)...)
	cmd.Env = append(append(os.Environ(), "MATCHFLOOR_CHECK=1"), r.env...)
	if c.torture {
		cmd.Env = append(cmd.Env, "MATCHFLOOR_TORTURE=1")
	}
	cmd.Stderr = c.out
	endGently(cmd)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	seen := newTranscript(c.out)
	readErr := seen.follow(stdout)
	waitErr := cmd.Wait()
	c.count(cmd)
	c.totals.add(seen.tally)
	c.say("   %s", seen.tally)
	return errors.Join(readErr, seen.verdict(c.strict, waitErr))
}

// verdict returns the run's failure, or nil if it has passed.
func (t *transcript) verdict(strict bool, waitErr error) error {
	switch {
	case t.tally.failed > 0:
		return fmt.Errorf("%d of %d tests failed", t.tally.failed, t.tally.ran())
	case waitErr != nil: // a build that failed, or a panic outside of a test
		return fmt.Errorf("go test: %w", waitErr)
	case strict && t.tally.skipped > 0:
		return fmt.Errorf("%d tests were skipped, and in CI nothing is", t.tally.skipped)
	case t.tally.ran() == 0:
		return errors.New("no test ran")
	}
	return nil
}

// follow reads the events of one `go test -json` until its end, and names the
// running tests when nothing was printed for a while.
func (t *transcript) follow(events io.Reader) error {
	lines := make(chan []byte)
	scanned := make(chan error, 1)
	go func() {
		defer close(lines)
		s := bufio.NewScanner(events)
		s.Buffer(nil, 4<<20)
		for s.Scan() {
			lines <- append([]byte(nil), s.Bytes()...)
		}
		scanned <- s.Err()
		io.Copy(io.Discard, events) // a line beyond the buffer must not block the tests
	}()
	quiet := time.NewTicker(heartbeat)
	defer quiet.Stop()
	for {
		select {
		case line, more := <-lines:
			if !more {
				return <-scanned
			}
			var e event
			if err := json.Unmarshal(line, &e); err != nil {
				fmt.Fprintf(t.out, "%s\n", line)
				continue
			}
			if t.take(e) {
				quiet.Reset(heartbeat)
			}
		case <-quiet.C:
			t.sayRunning()
		}
	}
}

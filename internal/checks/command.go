package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// heartbeat is how long a step may print nothing before it says what it is doing.
const heartbeat = 20 * time.Second

// command runs a program, shows its output and returns its failure. While the program
// runs, command names it once per heartbeat.
func (c *checker) command(ctx context.Context, name string, args ...string) error {
	line := strings.Join(append([]string{filepath.Base(name)}, args...), " ")
	if c.polite {
		name, args = politely(name, args)
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = c.out, c.out
	endGently(cmd)
	stop := every(heartbeat, func(lasts time.Duration) {
		fmt.Fprintf(c.progress, "   … %s, %.0fs so far\n", firstOf(line, 100), lasts.Seconds())
	})
	err := cmd.Run()
	stop()
	c.count(cmd)
	if err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	return nil
}

// firstOf returns a line, or at most its first n bytes and an ellipsis.
func firstOf(line string, n int) string {
	if len(line) <= n {
		return line
	}
	return line[:n] + " …"
}

// politely returns the command line that gives a program the lowest priority.
func politely(name string, args []string) (string, []string) {
	nice, err := exec.LookPath("nice")
	if err != nil { // then at the usual one
		return name, args
	}
	return nice, append([]string{"-n", "19", name}, args...)
}

// endGently makes a command end with an interrupt when its context ends, so that it
// can end its own programs. It is killed if it still runs 10 s later.
func endGently(cmd *exec.Cmd) {
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
}

// count adds the processor time of a program that has ended, and of the programs
// that it has waited for.
func (c *checker) count(cmd *exec.Cmd) {
	if s := cmd.ProcessState; s != nil {
		c.used += s.UserTime() + s.SystemTime()
	}
}

// every calls f once per period, with the time since the start, until stop is called.
// stop waits for a call that is running.
func every(period time.Duration, f func(time.Duration)) (stop func()) {
	began, ticker := time.Now(), time.NewTicker(period)
	ended, left := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(left)
		for {
			select {
			case <-ticker.C:
				f(time.Since(began))
			case <-ended:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(ended)
		<-left
	}
}

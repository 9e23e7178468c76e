package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// promised is how long a whole run may take on two cores from empty caches.
const promised = 25 * time.Minute

// checker is one run. Its fields are set before the first step and read by
// one goroutine; only totals grows.
type checker struct {
	out     io.Writer
	strict  bool // a skipped test is a failure
	torture bool // the long versions
	totals  tally
}

// step is a part of the check with a name and a time of its own.
type step struct {
	name string
	run  func(context.Context) error
}

// outcome is how a step went.
type outcome struct {
	name string
	took time.Duration
	err  error
}

// run runs one step after another and reports whether all of them passed.
func (c *checker) run(ctx context.Context, steps []step) bool {
	var outcomes []outcome
	for _, s := range steps {
		if ctx.Err() != nil {
			outcomes = append(outcomes, outcome{s.name, 0, context.Cause(ctx)})
			continue
		}
		c.say("── %s", s.name)
		start := time.Now()
		err := s.run(ctx)
		took := time.Since(start)
		if err != nil {
			c.say("   FAILED: %v", err)
		}
		outcomes = append(outcomes, outcome{s.name, took, err})
	}
	return c.report(outcomes)
}

// report prints the time and the result of every step and, last, the count.
func (c *checker) report(outcomes []outcome) bool {
	var total time.Duration
	var failed []string
	c.say("\n%-30s %9s  result", "step", "time")
	for _, o := range outcomes {
		result := "ok"
		if o.err != nil {
			result = "FAILED: " + firstLine(o.err.Error())
			failed = append(failed, o.name)
		}
		c.say("%-30s %8.1fs  %s", o.name, o.took.Seconds(), result)
		total += o.took
	}
	c.say("%-30s %8.1fs", "total", total.Seconds())
	if total > promised && !c.torture {
		c.say("that is more than the %v that make check promises on two cores", promised)
	}
	c.say("%s", c.totals)
	if len(failed) > 0 {
		c.say("check FAILED: %s", strings.Join(failed, ", "))
		return false
	}
	c.say("check passed")
	return true
}

func (c *checker) say(format string, args ...any) {
	fmt.Fprintf(c.out, format+"\n", args...)
}

// command runs a program, shows its output and returns its failure.
func (c *checker) command(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = c.out, c.out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		line := strings.Join(append([]string{filepath.Base(name)}, args...), " ")
		return fmt.Errorf("%s: %w", line, err)
	}
	return nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

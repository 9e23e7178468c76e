package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"
)

// promised is how long a whole run may take on two cores from empty caches.
const promised = 20 * time.Minute

// checker runs steps. Its fields are set before the first step; only totals and
// used change, both on the goroutine that runs the steps. The steps behind another
// one have a checker of their own.
type checker struct {
	out      io.Writer     // what the steps print; safe for concurrent use
	progress io.Writer     // signs of life; the same as out, except behind another step
	strict   bool          // a skipped test is a failure
	torture  bool          // the long versions
	compose  bool          // only docker-compose.yml with an engine
	polite   bool          // programs run with a low priority
	totals   tally         // of all test runs
	used     time.Duration // processor time of the programs that have ended
}

// step is a part of the check with a name and a time of its own.
type step struct {
	name string
	run  func(context.Context, *checker) error

	// behind are steps that run during this one, one after another and with a low
	// priority: they compile or analyse, while this one mostly waits. A failure of
	// one does not stop the others.
	behind []step
}

// outcome is how a step went.
type outcome struct {
	name   string
	took   time.Duration
	used   time.Duration // processor time
	err    error
	behind bool // it ran during the step above it
}

// run runs one step after another and reports whether all of them passed.
func (c *checker) run(ctx context.Context, steps []step) bool {
	var outcomes []outcome
	began := time.Now()
	for _, s := range steps {
		outcomes = append(outcomes, c.runStep(ctx, s)...)
	}
	return c.report(outcomes, time.Since(began))
}

// runStep runs a step and those behind it, and returns their outcomes in this order.
func (c *checker) runStep(ctx context.Context, s step) []outcome {
	c.say("── %s", s.name)
	behind := c.startBehind(ctx, s.behind)
	own := c.measure(ctx, s)
	return append([]outcome{own}, behind.wait()...)
}

// measure runs the function of a step and measures it. It shows a failure.
func (c *checker) measure(ctx context.Context, s step) outcome {
	o := outcome{name: s.name}
	before, start := c.used, time.Now()
	if o.err = context.Cause(ctx); o.err == nil {
		o.err = s.run(ctx, c)
	}
	o.took, o.used = time.Since(start), c.used-before
	if o.err != nil {
		c.say("   FAILED: %v", o.err)
	}
	return o
}

// report prints the times and the result of every step and, last, the count. took
// is the time of the whole run.
func (c *checker) report(outcomes []outcome, took time.Duration) bool {
	var used time.Duration
	var failed []string
	c.say("\n%-30s %9s %9s  result", "step", "time", "cpu")
	for _, o := range outcomes {
		result, name := "ok", o.name
		if o.behind {
			name = "  meanwhile: " + name
		}
		if o.err != nil {
			result = "FAILED: " + firstLine(o.err.Error())
			failed = append(failed, o.name)
		}
		c.say("%-30s %8.1fs %8.1fs  %s", name, o.took.Seconds(), o.used.Seconds(), result)
		used += o.used
	}
	c.say("%-30s %8.1fs %8.1fs  %s", "total", took.Seconds(), used.Seconds(), share(used, took))
	if took > promised && !c.torture {
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

// share says how busy the processors were with a run.
func share(used, took time.Duration) string {
	cores := runtime.NumCPU()
	return fmt.Sprintf("%.0f %% of %d processors", 100*used.Seconds()/max(took.Seconds(), 0.1)/float64(cores), cores)
}

func (c *checker) say(format string, args ...any) {
	fmt.Fprintf(c.out, format+"\n", args...)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

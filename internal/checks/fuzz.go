package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// fuzzFor is how long the torture looks for new inputs of each fuzz target. The
// inputs that are known are played by every run of the tests.
const fuzzFor = 5 * time.Minute

var fuzzTarget = regexp.MustCompile(`(?m)^Fuzz\w+$`)

// fuzz runs every fuzz target of every package, one after another. An input that
// breaks one is left in that package's testdata, where each later run plays it.
func fuzz(ctx context.Context, c *checker) error {
	packages, err := inProcess(ctx)
	if err != nil {
		return err
	}
	var failed []error
	targets := 0
	for _, path := range importPaths(packages) {
		list, err := exec.CommandContext(ctx, "go", "test", "-run=^$", "-list=^Fuzz", path).Output()
		if err != nil {
			return fmt.Errorf("the fuzz targets of %s: %w", path, err)
		}
		for _, name := range fuzzTarget.FindAllString(string(list), -1) {
			targets++
			failed = append(failed, fuzzOne(ctx, c, path, name))
		}
	}
	c.say("   %d fuzz targets, %v each", targets, fuzzFor)
	return errors.Join(failed...)
}

// fuzzOne runs one target and shows the end of its output, or all of it if it fails.
func fuzzOne(ctx context.Context, c *checker, path, name string) error {
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", "test", "-run=^$", "-fuzz=^"+name+"$", "-fuzztime="+fuzzFor.String(),
		"-fuzzminimizetime=5s", "-timeout=30m", path)
	cmd.Stdout, cmd.Stderr = &said, &said
	endGently(cmd)
	stop := every(heartbeat, func(lasts time.Duration) { c.say("   … %s, %.0fs so far", name, lasts.Seconds()) })
	err := cmd.Run()
	stop()
	c.count(cmd)
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	if err != nil {
		c.say("%s", said.String())
		return fmt.Errorf("%s of %s: %w", name, path, err)
	}
	c.say("   %-24s %s", name, lines[max(0, len(lines)-3)])
	return nil
}

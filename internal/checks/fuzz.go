package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
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
func (c *checker) fuzz(ctx context.Context) error {
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
			failed = append(failed, c.fuzzOne(ctx, path, name))
		}
	}
	c.say("   %d fuzz targets, %v each", targets, fuzzFor)
	return errors.Join(failed...)
}

// fuzzOne runs one target and shows the end of its output, or all of it if it fails.
func (c *checker) fuzzOne(ctx context.Context, path, name string) error {
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", "test", "-run=^$", "-fuzz=^"+name+"$", "-fuzztime="+fuzzFor.String(),
		"-fuzzminimizetime=5s", "-timeout=30m", path)
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	if err != nil {
		c.say("%s", said.String())
		return fmt.Errorf("%s of %s: %w", name, path, err)
	}
	c.say("   %-24s %s", name, lines[max(0, len(lines)-3)])
	return nil
}

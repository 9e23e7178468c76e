package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// steps returns what a run does, in this order. A step that waits for its tests more
// than it computes comes with steps that compile: see step.behind.
func steps(torture bool) []step {
	all := []step{
		{name: "programs", run: programs},
		{name: "build", run: build},
		{name: "format", run: format},
		{name: "vet", run: vet},
		{name: "go.mod", run: modules},
		{name: "generated code", run: generated},
		{name: "bundle", run: bundle},
		{name: "typescript", run: typescript},
		{name: "unit and property tests", run: unit},
		{name: "two nodes and browsers", run: processes, behind: []step{
			{name: "staticcheck", run: staticcheck},
			{name: "vet for macOS", run: vetElsewhere},
			{name: "compile for race detector", run: compileRace},
		}},
		{name: "race detector", run: race},
	}
	if torture {
		all = append(all, step{name: "fuzzing", run: fuzz})
	}
	return all
}

// build also fetches the modules, so that later steps show their own time.
func build(ctx context.Context, c *checker) error {
	return c.command(ctx, "go", "build", "./...")
}

func format(ctx context.Context, c *checker) error {
	out, err := exec.CommandContext(ctx, "gofmt", "-l", ".").CombinedOutput()
	if err != nil {
		return fmt.Errorf("gofmt: %w: %s", err, out)
	}
	if files := strings.Fields(string(out)); len(files) > 0 {
		return fmt.Errorf("not as gofmt writes them: %s", strings.Join(files, " "))
	}
	return nil
}

func vet(ctx context.Context, c *checker) error {
	return c.command(ctx, "go", "vet", "./...")
}

// vetElsewhere checks the code and the tests for a system without the files for
// Linux.
func vetElsewhere(ctx context.Context, c *checker) error {
	return c.command(ctx, "env", "GOOS=darwin", "CGO_ENABLED=0", "go", "vet", "./...")
}

func staticcheck(ctx context.Context, c *checker) error {
	return c.command(ctx, "go", "tool", "staticcheck", "./...")
}

// modules fails if go.mod or go.sum differs from what the code imports.
func modules(ctx context.Context, c *checker) error {
	return c.command(ctx, "go", "mod", "tidy", "-diff")
}

// generated fails if the card encoders differ from what cardgen makes of package
// floor.
func generated(ctx context.Context, c *checker) error {
	return c.command(ctx, "go", "run", "./wire/internal/cardgen", "-floor", "floor", "-o", "wire/cards_gen.go", "-check")
}

// bundle builds static/dist again and fails if it differs from the one that is
// embedded.
func bundle(ctx context.Context, c *checker) error {
	return c.command(ctx, "go", "run", "./static/build", "-check")
}

// packagesAtOnce is how many packages are tested at the same time on two cores: one
// of them mostly waits for Redis.
const packagesAtOnce = "-p=3"

func unit(ctx context.Context, c *checker) error {
	packages, err := inProcess(ctx)
	if err != nil {
		return err
	}
	return c.test(ctx, testRun{
		packages: importPaths(longestFirst(packages)),
		flags:    []string{packagesAtOnce},
		env:      []string{"RAPID_CHECKS=" + choose(c, "200", "10000")},
		timeout:  choose(c, 8*time.Minute, 3*time.Hour),
	})
}

// compileRace fills the build cache with what race compiles.
func compileRace(ctx context.Context, c *checker) error {
	packages, err := inProcess(ctx)
	if err != nil {
		return err
	}
	args := []string{"CGO_ENABLED=1", "go", "list", "-race", "-test", "-export", "-f", "{{/* nothing */}}"}
	return c.command(ctx, "env", append(args, importPaths(concurrent(packages))...)...)
}

// race repeats the unit tests with fewer runs of each property, and without the
// long versions, which have just run.
func race(ctx context.Context, c *checker) error {
	packages, err := inProcess(ctx)
	if err != nil {
		return err
	}
	return c.test(ctx, testRun{
		packages: importPaths(longestFirst(concurrent(packages))),
		flags:    []string{packagesAtOnce, "-race"},
		env:      []string{"CGO_ENABLED=1", "RAPID_CHECKS=" + choose(c, "40", "1000")},
		timeout:  choose(c, 10*time.Minute, 3*time.Hour),
		small:    true,
	})
}

// processes runs the tests that start nodes, balancers and browsers, one package
// at a time, because they compete for processor time. Only tests that mostly
// wait, for browsers or time-outs, run in parallel.
func processes(ctx context.Context, c *checker) error {
	return c.test(ctx, testRun{
		packages: below(withProcesses),
		flags:    []string{"-p", "1", "-parallel", "3", "-count=1"},
		timeout:  choose(c, 15*time.Minute, 3*time.Hour),
	})
}

// composeSteps returns what a run does that only wants docker-compose.yml tested.
func composeSteps() []step {
	return []step{{name: "programs", run: programs}, {name: "docker-compose.yml", run: composeFile}}
}

// composeFile runs the Compose file alone and shows every line of its test.
func composeFile(ctx context.Context, c *checker) error {
	return c.command(ctx, "env", "MATCHFLOOR_TORTURE=1", "go", "test", "./e2e/compose", "-v", "-count=1", "-timeout=90m")
}

// choose returns one of two values: for the check, or for the torture.
func choose[T any](c *checker, check, torture T) T {
	if c.torture {
		return torture
	}
	return check
}

package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

func (c *checker) steps() []step {
	all := []step{
		{"programs", c.programs},
		{"build", c.build},
		{"format", c.format},
		{"vet", c.vet},
		{"vet for macOS", c.vetElsewhere},
		{"staticcheck", c.staticcheck},
		{"go.mod", c.modules},
		{"bundle", c.bundle},
		{"typescript", c.typescript},
		{"unit and property tests", c.unit},
		{"race detector", c.race},
		{"two nodes and browsers", c.processes},
	}
	if c.torture {
		all = append(all, step{"fuzzing", c.fuzz})
	}
	return all
}

// build also fetches the modules, so that later steps show their own time.
func (c *checker) build(ctx context.Context) error {
	return c.command(ctx, "go", "build", "./...")
}

func (c *checker) format(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "gofmt", "-l", ".").CombinedOutput()
	if err != nil {
		return fmt.Errorf("gofmt: %w: %s", err, out)
	}
	if files := strings.Fields(string(out)); len(files) > 0 {
		return fmt.Errorf("not as gofmt writes them: %s", strings.Join(files, " "))
	}
	return nil
}

func (c *checker) vet(ctx context.Context) error {
	return c.command(ctx, "go", "vet", "./...")
}

// vetElsewhere checks the code and the tests for a system without the files for
// Linux.
func (c *checker) vetElsewhere(ctx context.Context) error {
	return c.command(ctx, "env", "GOOS=darwin", "CGO_ENABLED=0", "go", "vet", "./...")
}

func (c *checker) staticcheck(ctx context.Context) error {
	return c.command(ctx, "go", "tool", "staticcheck", "./...")
}

// modules fails if go.mod or go.sum differs from what the code imports.
func (c *checker) modules(ctx context.Context) error {
	return c.command(ctx, "go", "mod", "tidy", "-diff")
}

// bundle builds static/dist again and fails if it differs from the one that is
// embedded.
func (c *checker) bundle(ctx context.Context) error {
	return c.command(ctx, "go", "run", "./static/build", "-check")
}

func (c *checker) unit(ctx context.Context) error {
	packages, err := inProcess(ctx)
	if err != nil {
		return err
	}
	return c.test(ctx, testRun{
		packages: importPaths(packages),
		env:      []string{"RAPID_CHECKS=" + c.either("200", "10000")},
		timeout:  c.long(8*time.Minute, 3*time.Hour),
	})
}

// race repeats the unit tests with fewer runs of each property, and without the
// long versions, which have just run.
func (c *checker) race(ctx context.Context) error {
	packages, err := inProcess(ctx)
	if err != nil {
		return err
	}
	return c.test(ctx, testRun{
		packages: importPaths(concurrent(packages)),
		flags:    []string{"-race"},
		env:      []string{"CGO_ENABLED=1", "RAPID_CHECKS=" + c.either("40", "1000")},
		timeout:  c.long(10*time.Minute, 3*time.Hour),
		small:    true,
	})
}

// processes runs the tests that start nodes, balancers and browsers, one package
// at a time, because they compete for processor time.
func (c *checker) processes(ctx context.Context) error {
	return c.test(ctx, testRun{
		packages: []string{"./e2e/..."},
		flags:    []string{"-p", "1", "-count=1"},
		timeout:  c.long(15*time.Minute, 3*time.Hour),
	})
}

func (c *checker) either(check, torture string) string {
	if c.torture {
		return torture
	}
	return check
}

func (c *checker) long(check, torture time.Duration) time.Duration {
	if c.torture {
		return torture
	}
	return check
}

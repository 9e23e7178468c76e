package main

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestMakefile_EachTargetIsExplained holds the Makefile to `make help`, which prints what stands
// behind "##".
func TestMakefile_EachTargetIsExplained(t *testing.T) {
	text := readFile(t, "Makefile")
	phony := regexp.MustCompile(`(?m)^\.PHONY: (.*)$`).FindStringSubmatch(text)
	if phony == nil {
		t.Fatal("no .PHONY")
	}
	targets := regexp.MustCompile(`(?m)^([a-z][a-z-]*):(?:.*?## (.+))?`).FindAllStringSubmatch(text, -1)
	help := makeHelp(t)
	for _, target := range targets {
		name, words := target[1], target[2]
		if words == "" {
			t.Errorf("%s has no comment", name)
		}
		if !slices.Contains(strings.Fields(phony[1]), name) {
			t.Errorf("%s is not in .PHONY", name)
		}
		if help != "" && !regexp.MustCompile(`(?m)^ *make `+name+` +\Q`+words+`\E$`).MatchString(help) {
			t.Errorf("make help does not explain %s:\n%s", name, help)
		}
	}
	if len(targets) < 8 {
		t.Errorf("only %d targets", len(targets))
	}
}

// makeHelp returns what `make help` prints, or "" on a machine without make, on which .ci/run starts
// the checks without it.
func makeHelp(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("make"); err != nil {
		return ""
	}
	c := exec.CommandContext(t.Context(), "make", "--no-print-directory", "help")
	c.Dir = ourModule(t).Dir
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("make help: %v\n%s", err, out)
	}
	return string(out)
}

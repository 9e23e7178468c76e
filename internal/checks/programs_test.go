package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// bare makes a PATH with only the named programs, each a script, and returns its folder.
func bare(t *testing.T, programs map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, script := range programs {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	return dir
}

func TestPrograms_MissingAreNamedWithTheirPackages(t *testing.T) {
	bare(t, nil)
	missing := missingNeeds(t.Context(), needs)
	if len(missing) != len(needs) {
		t.Fatalf("%d of %d programs are missing on a bare machine", len(missing), len(needs))
	}
	want := "gcc libc6-dev chromium fonts-noto-cjk fontconfig redis-server strace haproxy zsh fish systemd"
	if got := strings.Join(packagesOf(missing), " "); got != want {
		t.Errorf("packages: %s", got)
	}
}

func TestPrograms_ComposeAlsoNeedsAnEngine(t *testing.T) {
	for _, c := range []*checker{{compose: true}, {torture: true}, {}} {
		if got := slices.Contains(packagesOf(wanted(c)), "docker.io"); got != (c.compose || c.torture) {
			t.Errorf("compose %v, torture %v: an engine is wanted: %v", c.compose, c.torture, got)
		}
	}
}

func TestPrograms_InstallsOnlyAsRootWithAPT(t *testing.T) {
	bare(t, map[string]string{"apt-get": "exit 0", "sudo": "exit 1"})
	const ordinary = 1000
	if _, err := rootCommand(t.Context(), ordinary); err == nil {
		t.Error("a sudo that asks for a password was taken")
	}
	bare(t, map[string]string{"sudo": "exit 0"})
	if _, err := rootCommand(t.Context(), 0); err == nil {
		t.Error("a missing apt-get was not noticed")
	}
	c, out := recording()
	bare(t, nil)
	err := programs(t.Context(), c)
	if err == nil || !strings.Contains(err.Error(), "apt-get install ") || !strings.Contains(err.Error(), "chromium") {
		t.Errorf("the packages to install are not named: %v", err)
	}
	if !strings.Contains(out.String(), "missing: Chromium") {
		t.Errorf("the missing program is not named: %s", out.String())
	}
}

func TestPrograms_ChecksTheInstallation(t *testing.T) {
	// The script ends well, but no program appears.
	bare(t, map[string]string{"apt-get": "exit 0", "sudo": "exit 0", "sh": "exit 0"})
	c, _ := recording()
	err := programs(t.Context(), c)
	if err == nil || !strings.Contains(err.Error(), "still missing") {
		t.Errorf("an installation without effect passed: %v", err)
	}
}

func TestCompilesC_NeedsHeaders(t *testing.T) {
	bare(t, map[string]string{"go": "echo cc", "cc": "exit 1"})
	if compilesC(t.Context()) {
		t.Error("a compiler that finds no stdlib.h was taken")
	}
	bare(t, map[string]string{"go": "echo cc", "cc": "exit 0"})
	if !compilesC(t.Context()) {
		t.Error("a working compiler was not taken")
	}
}

func TestNothingStarted_NoticesANewService(t *testing.T) {
	proc := t.TempDir()
	for pid, name := range map[string]string{"7": "haproxy", "8": "sh", "self": "redis-server"} {
		if err := os.MkdirAll(filepath.Join(proc, pid), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(proc, pid, "comm"), []byte(name+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	running := services(proc)
	if len(running) != 1 || running[0] != "haproxy (7)" {
		t.Fatalf("services: %v", running)
	}
	if nothingStarted(running, running) != nil {
		t.Error("a service that ran before was taken for a new one")
	}
	if nothingStarted(nil, running) == nil {
		t.Error("a new service was not noticed")
	}
}

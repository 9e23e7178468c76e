package main

import (
	"context"
	_ "embed" // install.sh
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// need is a program other than Go that a step starts.
type need struct {
	name     string
	packages []string // Debian's
	have     func(context.Context) bool
}

// needs are listed in the order in which missing ones are reported.
var needs = []need{
	{"a C compiler (race detector)", []string{"gcc", "libc6-dev"}, compilesC},
	{"Chromium (browser tests)", []string{"chromium"}, inPath("chromium", "chromium-browser", "google-chrome")},
	{"CJK fonts (screenshots)", []string{"fonts-noto-cjk", "fontconfig"}, showsCJK},
	{"a Redis server (journal and two-node tests)", []string{"redis-server"}, inPath("redis-server")},
	{"strace (makes a disk fail under the SQLite journal)", []string{"strace"}, inPath("strace")},
	{"HAProxy (two-node tests)", []string{"haproxy"}, inPath("haproxy")},
	{"zsh (completion test)", []string{"zsh"}, inPath("zsh")},
	{"fish (completion test)", []string{"fish"}, inPath("fish")},
	{"systemd-analyze (checks deploy/matchfloor.service)", []string{"systemd"}, inPath("systemd-analyze")},
}

// engineNeeds is what make torture and make compose-test also start. ip is needed by
// TestTortureStall too.
var engineNeeds = need{"a container engine (docker-compose.yml run for real)", []string{"docker.io", "debootstrap", "iproute2"}, inPaths("dockerd", "debootstrap", "ip")}

//go:embed install.sh
var installScript string

// programs installs what is missing if it may; otherwise it names the packages to
// install.
func programs(ctx context.Context, c *checker) error {
	// Debian keeps haproxy in sbin, which an ordinary user's PATH leaves out.
	path := os.Getenv("PATH") + string(filepath.ListSeparator) + "/usr/sbin"
	if err := os.Setenv("PATH", path); err != nil {
		return err
	}
	missing := missingNeeds(ctx, wanted(c))
	if len(missing) == 0 {
		c.say("   all there")
		return nil
	}
	packages := packagesOf(missing)
	for _, n := range missing {
		c.say("   missing: %s", n.name)
	}
	asRoot, err := rootCommand(ctx, os.Geteuid())
	if err != nil {
		return fmt.Errorf("%w; install by hand: apt-get install %s", err, strings.Join(packages, " "))
	}
	c.say("   installing %s", strings.Join(packages, " "))
	before := services("/proc")
	install := append(asRoot, append([]string{"sh", "-c", installScript, "install.sh"}, packages...)...)
	if err := c.command(ctx, install[0], install[1:]...); err != nil {
		return fmt.Errorf("installing %s failed", strings.Join(packages, " "))
	}
	if left := missingNeeds(ctx, wanted(c)); len(left) > 0 {
		return fmt.Errorf("still missing after the installation: %s", left[0].name)
	}
	return nothingStarted(before, services("/proc"))
}

// wanted returns what this run starts.
func wanted(c *checker) []need {
	if c.torture || c.compose {
		return append(slices.Clone(needs), engineNeeds)
	}
	return needs
}

func missingNeeds(ctx context.Context, wanted []need) []need {
	var missing []need
	for _, n := range wanted {
		if !n.have(ctx) {
			missing = append(missing, n)
		}
	}
	return missing
}

func packagesOf(needs []need) []string {
	var packages []string
	for _, n := range needs {
		packages = append(packages, n.packages...)
	}
	return packages
}

// rootCommand returns what a command line of this user must begin with to run
// as root: nothing, or a sudo that asks no password.
func rootCommand(ctx context.Context, user int) ([]string, error) {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return nil, errors.New("this is not Debian, the names of the packages may differ")
	}
	if user == 0 {
		return nil, nil
	}
	if exec.CommandContext(ctx, "sudo", "-n", "true").Run() != nil {
		return nil, errors.New("neither root nor a sudo without a password")
	}
	return []string{"sudo", "-n"}, nil
}

func inPath(names ...string) func(context.Context) bool {
	return func(context.Context) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			_, err := exec.LookPath(name)
			return err == nil
		})
	}
}

func inPaths(names ...string) func(context.Context) bool {
	return func(ctx context.Context) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return !inPath(name)(ctx) })
	}
}

// compilesC reports whether the C compiler works, with a header of libc: gcc alone
// has none.
func compilesC(ctx context.Context) bool {
	compiler, err := exec.CommandContext(ctx, "go", "env", "CC").Output()
	words := strings.Fields(string(compiler))
	if err != nil || len(words) == 0 {
		return false
	}
	cmd := exec.CommandContext(ctx, words[0], append(words[1:], "-E", "-")...)
	cmd.Stdin = strings.NewReader("#include <stdlib.h>\n")
	return cmd.Run() == nil
}

// showsCJK reports whether there is a font for each script that the pages use.
func showsCJK(ctx context.Context) bool {
	for _, lang := range []string{"ko", "zh-cn"} {
		out, err := exec.CommandContext(ctx, "fc-list", ":lang="+lang, "file").Output()
		if err != nil || len(out) == 0 {
			return false
		}
	}
	return true
}

// nothingStarted returns an error if a service runs that did not before.
func nothingStarted(before, now []string) error {
	for _, s := range now {
		if !slices.Contains(before, s) {
			return fmt.Errorf("the installation left a service running: %s", s)
		}
	}
	return nil
}

// services are the running processes of the packages that bring a
// service, as "name (pid)". If there is no such folder it returns none.
func services(proc string) []string {
	var running []string
	files, _ := filepath.Glob(filepath.Join(proc, "[0-9]*", "comm"))
	for _, file := range files {
		name, err := os.ReadFile(file)
		if err != nil {
			continue // it ended meanwhile
		}
		if comm := strings.TrimSpace(string(name)); slices.Contains([]string{"redis-server", "haproxy", "dockerd", "containerd"}, comm) {
			running = append(running, fmt.Sprintf("%s (%s)", comm, filepath.Base(filepath.Dir(file))))
		}
	}
	return running
}

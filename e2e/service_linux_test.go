package e2e_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	unitFile = "../deploy/matchfloor.service"

	// unitExposure is what systemd may say of the unit at most, as ten times the level that it
	// prints, from 0 to 10. It calls up to 2.0 "OK".
	unitExposure = "13"
)

// unitSettings returns the values of deploy/matchfloor.service by name.
func unitSettings(t *testing.T) map[string][]string {
	t.Helper()
	settings := map[string][]string{}
	for _, line := range fileLines(t, unitFile) {
		if name, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			settings[name] = append(settings[name], value)
		}
	}
	return settings
}

// systemdAnalyze runs systemd-analyze, which needs no running systemd for what is asked here.
func systemdAnalyze(t *testing.T, args ...string) string {
	t.Helper()
	program, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("left out: no systemd-analyze on this machine")
	}
	out, err := exec.CommandContext(t.Context(), program, append(args, "--no-pager")...).CombinedOutput()
	if err != nil {
		t.Errorf("systemd-analyze %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// The unit has no fault that systemd finds, and systemd calls it confined. The copy that is
// checked starts the program from where the tests have built it.
func TestService_IsValidAndConfined(t *testing.T) {
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(fileLines(t, unitFile), "\n")
	unit := filepath.Join(t.TempDir(), "matchfloor.service")
	if err := os.WriteFile(unit, []byte(strings.Replace(text, "=/usr/local/bin/matchfloor ", "="+file+" ", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := systemdAnalyze(t, "verify", "--man=no", unit); strings.Contains(out, unit) {
		t.Errorf("systemd-analyze verify: %s", out)
	}
	report := systemdAnalyze(t, "security", "--offline=true", "--threshold="+unitExposure, unit)
	report = strings.TrimSpace(report)
	t.Log(report[strings.LastIndex(report, "\n")+1:])
}

// The unit's numbers are those of the program: it is given the time to drain, as many open
// files as the Compose file gives, enough timer slack not to execute itself again, and it is
// not started again after a wrong command line.
func TestService_NumbersMatchTheProgram(t *testing.T) {
	unit := unitSettings(t)
	if stop, err := strconv.Atoi(unit["TimeoutStopSec"][0]); err != nil || stop <= 10 {
		t.Errorf("TimeoutStopSec=%v: a node is killed before it has drained", unit["TimeoutStopSec"])
	}
	if !slices.Equal(unit["LimitNOFILE"], []string{"65536"}) || !slices.Equal(unit["TimerSlackNSec"], []string{"1ms"}) {
		t.Errorf("LimitNOFILE=%v, TimerSlackNSec=%v", unit["LimitNOFILE"], unit["TimerSlackNSec"])
	}
	_, _, code := matchfloor(t, "serve", "--no-such-flag")
	if got := unit["RestartPreventExitStatus"]; !slices.Equal(got, []string{strconv.Itoa(code)}) {
		t.Errorf("a wrong command line has exit code %d, and the unit prevents a restart after %v", code, got)
	}
}

// A node makes no system call that the unit refuses: it starts, makes its journal and its
// first organiser, serves, drains and starts again.
func TestService_SystemCallsAreAllowed(t *testing.T) {
	allowed := allowedCalls(t)
	families := strings.Fields(unitSettings(t)["RestrictAddressFamilies"][0])
	calls := regexp.MustCompile(`(?m)^\d+ +(\w+)\(((?:AF_\w+)?)(.*)$`)
	refused := map[string]string{}
	made := 0
	for _, m := range calls.FindAllStringSubmatch(traceNode(t), -1) {
		name, family := m[1], m[2]
		made++
		switch {
		case name == "fchown" && os.Geteuid() == 0:
			// SQLite hands its files to the owner of the database, but only as root.
		case !allowed[name]:
			refused[name] = m[0]
		case name == "socket" && !slices.Contains(families, family):
			refused[name] = m[0]
		case strings.Contains(m[3], "PROT_WRITE|PROT_EXEC"): // MemoryDenyWriteExecute
			refused[name] = m[0]
		}
	}
	t.Logf("%d system calls", made)
	if made < 500 {
		t.Error("that is less than a node makes")
	}
	for _, call := range refused {
		t.Errorf("the unit refuses %s", call)
	}
}

// traceNode runs a node twice on the same data and returns its system calls as strace writes
// them.
func traceNode(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("left out: no strace on this machine")
	}
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	trace := filepath.Join(dir, "trace")
	for range 2 {
		// By -D the process that is started is the node, and strace is the detached one.
		// Without a host it looks up this machine's address, for its URL and for links.
		_, port, _ := strings.Cut(freeAddr(t), ":")
		n := &node{t: t, addr: "127.0.0.1:" + port}
		n.cmd = exec.Command("strace", "-D", "-f", "-qq", "-A", "-o", trace, file, "serve", "--data", filepath.Join(dir, "data"), "--addr", ":"+port)
		n.cmd.Stdout, n.cmd.Stderr = &n.output, &n.output
		if err := n.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		n.done = make(chan struct{})
		go func() { n.cmd.Wait(); close(n.done) }()
		t.Cleanup(n.kill)
		eventually(t, time.Minute, "the traced node to be set up", func() error {
			if !strings.Contains(n.output.String(), "matchfloor serves ") {
				return errors.New("it has not said that it serves")
			}
			return wantOK(n.url() + "/readyz")
		})
		n.signal(syscall.SIGTERM)
		select {
		case <-n.done:
		case <-time.After(30 * time.Second):
			t.Fatalf("the traced node did not stop: %s", n.output.String())
		}
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// allowedCalls returns the system calls that the unit's filter lets through.
func allowedCalls(t *testing.T) map[string]bool {
	t.Helper()
	groups := map[string][]string{}
	name := ""
	for line := range strings.Lines(systemdAnalyze(t, "syscall-filter")) {
		if strings.HasPrefix(line, "@") {
			name = strings.TrimSpace(line)
		} else if word := strings.TrimSpace(line); word != "" && !strings.HasPrefix(word, "#") {
			groups[name] = append(groups[name], word)
		}
	}
	allowed := map[string]bool{}
	var set func(name string, to bool)
	set = func(name string, to bool) {
		for _, member := range groups[name] {
			if strings.HasPrefix(member, "@") {
				set(member, to)
			} else {
				allowed[member] = to
			}
		}
	}
	for _, value := range unitSettings(t)["SystemCallFilter"] {
		rest, denied := strings.CutPrefix(value, "~")
		for _, group := range strings.Fields(rest) {
			set(group, !denied)
		}
	}
	return allowed
}

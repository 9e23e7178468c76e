package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal/sqlitejournal"
)

// stopsWithin is how long a server under load may take to notice that its disk has failed, and
// to stop.
const stopsWithin = 20 * time.Second

// The disk of an embedded server is full: the server stops with an error. After a restart with
// free space nothing acknowledged is missing.
func TestEmbeddedServer_StopsWhenTheDiskIsFull(t *testing.T) {
	diskFails(t, func(n *node) func() {
		limit := syscall.Rlimit{Cur: 700_000, Max: 700_000} // of a file
		const sizeOfFiles = 1                               // RLIMIT_FSIZE
		pid := uintptr(n.cmd.Process.Pid)
		if _, _, errno := syscall.Syscall6(syscall.SYS_PRLIMIT64, pid, sizeOfFiles, uintptr(unsafe.Pointer(&limit)), 0, 0, 0); errno != 0 {
			t.Fatal(errno)
		}
		return func() {}
	})
}

// TestTortureEmbeddedServer_StopsWhenTheDiskFails makes the disk fail in other ways. It needs
// strace and the right to trace a process of the same user.
func TestTortureEmbeddedServer_StopsWhenTheDiskFails(t *testing.T) {
	torture(t)
	for name, c := range map[string]struct{ calls, fault string }{
		"a sync fails once":          {"fsync,fdatasync", "error=EIO:when=3"},
		"syncs fail from then on":    {"fsync,fdatasync", "error=EIO"},
		"a write fails once":         {"pwrite64", "error=EIO:when=10"},
		"writes fail from then on":   {"pwrite64", "error=EIO"},
		"the disk is full for once":  {"pwrite64", "error=ENOSPC:when=10"},
		"the disk is full for good":  {"pwrite64", "error=ENOSPC"},
		"it dies while it syncs":     {"fsync,fdatasync", "signal=KILL:when=5"},
		"it dies while it writes":    {"pwrite64", "signal=KILL:when=20"},
		"the quota of a user is out": {"pwrite64", "error=EDQUOT"},
	} {
		t.Run(name, func(t *testing.T) {
			diskFails(t, func(n *node) func() { return n.inject(c.calls, c.fault) })
		})
	}
}

// inject makes system calls of a running node fail with strace, until end is called.
func (n *node) inject(calls, fault string) (end func()) {
	n.t.Helper()
	var output lockedBuffer
	c := exec.Command("strace", "-f", "-p", strconv.Itoa(n.cmd.Process.Pid), "-o", os.DevNull,
		"-e", "trace="+calls, "-e", "inject="+calls+":"+fault)
	c.Stderr = &output
	if err := c.Start(); err != nil {
		n.t.Fatal(err)
	}
	traced := make(chan struct{})
	go func() { c.Wait(); close(traced) }()
	eventually(n.t, 20*time.Second, "strace to attach", func() error {
		over := false
		select {
		case <-traced: // also if the node stopped immediately
			over = true
		default:
		}
		switch text := output.String(); {
		case strings.Contains(text, "attached"):
			return nil
		case over:
			n.t.Fatalf("strace: %s", text)
			return nil
		default:
			return fmt.Errorf("it printed %q", text)
		}
	})
	return func() {
		// strace ends with the process that it traces, but not if that process has continued.
		_ = c.Process.Kill()
		<-traced
	}
}

// diskFails makes the disk of an embedded server fail under load and checks that nothing
// acknowledged is lost.
func diskFails(t *testing.T, fail func(*node) (end func())) {
	v := embeddedVenue(t)
	n := v.nodes[0]
	s := startLoad(v, newClientBalancer(v.addrs()...), 100, onlookers(t, 2)...)
	sleep(t.Context(), randomBelow(s.faultRand, time.Second))
	end := fail(n)
	n.waitUntilStopped(stopsWithin)
	end()
	head := v.verifyStore(0)
	if n.cmd.ProcessState.Exited() { // otherwise it was killed
		n.wantFailure("the journal failed, the node stops")
	}
	n.start()
	s.finish()
	t.Logf("it stopped at %d; nothing that was acknowledged is missing", head)
}

// waitUntilStopped waits until a process has ended without a signal of the test.
func (n *node) waitUntilStopped(within time.Duration) {
	n.t.Helper()
	began := time.Now()
	select {
	case <-n.done:
	case <-time.After(within):
		n.t.Fatalf("it still runs after %v: %s", within, n.output.String())
	}
	n.t.Logf("it stopped after %v: %v", time.Since(began).Round(10*time.Millisecond), n.cmd.ProcessState)
}

// wantFailure checks that a process has ended with the exit code of a failure and has printed
// the reason.
func (n *node) wantFailure(why string) {
	n.t.Helper()
	if code := n.cmd.ProcessState.ExitCode(); code != 1 {
		n.t.Errorf("it ended with %d, want 1", code)
	}
	output := n.output.String()
	if !strings.Contains(output, why) || strings.Contains(output, "goroutine ") {
		n.t.Errorf("it does not print %q without a stack trace: %s", why, output)
	}
	lines := strings.Split(strings.TrimSpace(output), "\n")
	n.t.Logf("its last line: %s", lines[len(lines)-1])
}

// A file of the journal is deleted under a running server: the server stops. Afterwards
// everything acknowledged is there or, if that is impossible, the next start reports the loss.
func TestEmbeddedServer_StopsWhenAFileIsDeleted(t *testing.T) {
	v := embeddedVenue(t)
	n := v.nodes[0]
	s := startLoad(v, newClientBalancer(v.addrs()...), 50)
	for _, file := range []string{sqlitejournal.FileName + "-wal", sqlitejournal.FileName + "-shm"} {
		sleep(t.Context(), 200*time.Millisecond)
		if err := os.Remove(filepath.Join(v.dir(), file)); err != nil {
			t.Fatal(err)
		}
		n.waitUntilStopped(stopsWithin)
		n.wantFailure("deleted, moved or replaced")
		n.start()
	}
	s.finish()

	for _, p := range v.people {
		p.Close()
	}
	if err := os.Remove(filepath.Join(v.dir(), sqlitejournal.FileName)); err != nil {
		t.Fatal(err)
	}
	n.waitUntilStopped(stopsWithin) // also without commands
	n.launch()
	n.waitUntilStopped(stopsWithin)
	n.wantFailure("records that had been acknowledged are not in the file")
}

// A record on the disk has changed: the event is refused, /readyz names the record, and no
// client is shown a view.
func TestEmbeddedServer_RefusesADamagedRecord(t *testing.T) {
	v := embeddedVenue(t)
	n := v.nodes[0]
	lead := v.importAndRelease(v.nodes[0].url())
	lead.mustSubmit(floor.Announce{Text: floor.Text{En: "Lunch is served"}, Minutes: 5})
	at := v.logState().Seq()
	lead.mustSubmit(floor.LockMeeting{Meeting: "m101", Locked: true})
	lead.Close()
	n.drain()
	file := filepath.Join(v.dir(), sqlitejournal.FileName)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// The snapshot is damaged too: otherwise it would hide the record while it is used.
	damaged := bytes.ReplaceAll(content, []byte("Lunch is served"), []byte("Lunch is serVed"))
	if err := os.WriteFile(file, damaged, 0o600); err != nil || bytes.Equal(damaged, content) {
		t.Fatalf("nothing was damaged: %v", err)
	}
	n.start()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if c, err := client.Dial(ctx, v.links["moderator:s1"].at(n.url()), client.Options{}); err == nil {
		t.Errorf("a client is shown a view at %v", c.At())
		c.Close()
	}
	r, err := http.Get(n.url() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if want := fmt.Sprintf("record %d of log", at); err != nil || r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), want) {
		t.Errorf("/readyz: %d %s %v, want 503 and %q", r.StatusCode, body, err, want)
	}
	if _, errs, code := matchfloor(t, "verify", "--data", v.dir()); code != 1 || !strings.Contains(errs, fmt.Sprintf("record %d of log", at)) {
		t.Errorf("verify: exit %d, %s", code, errs)
	}
}

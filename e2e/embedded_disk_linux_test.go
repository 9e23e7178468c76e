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

// stopsWithin is how long a server may take to notice that its disk failed under a
// load of commands, and to stop.
const stopsWithin = 20 * time.Second

// The disk is full under the embedded server: it stops, saying so, and whoever
// starts it again with room finds all that was acknowledged.
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

// TestTortureEmbeddedServer_StopsWhenTheDiskFails makes the disk fail in further ways. It needs strace,
// and the right to trace a process of the same user.
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

// inject makes system calls of a running node fail, by strace; the answer ends it.
func (n *node) inject(calls, fault string) (end func()) {
	n.t.Helper()
	var said lockedBuffer
	c := exec.Command("strace", "-f", "-p", strconv.Itoa(n.cmd.Process.Pid), "-o", os.DevNull,
		"-e", "trace="+calls, "-e", "inject="+calls+":"+fault)
	c.Stderr = &said
	if err := c.Start(); err != nil {
		n.t.Fatal(err)
	}
	traced := make(chan struct{})
	go func() { c.Wait(); close(traced) }()
	eventually(n.t, 20*time.Second, "strace to attach", func() error {
		over := false
		select {
		case <-traced: // also with a node that stopped at once
			over = true
		default:
		}
		switch text := said.String(); {
		case strings.Contains(text, "attached"):
			return nil
		case over:
			n.t.Fatalf("strace: %s", text)
			return nil
		default:
			return fmt.Errorf("it says %q", text)
		}
	})
	return func() {
		// It ends with the process that it traces; if that went on it would not.
		_ = c.Process.Kill()
		<-traced
	}
}

// diskFails lets the disk of an embedded server fail under load.
func diskFails(t *testing.T, fail func(*node) (end func())) {
	seed := testSeed(t)
	v := embeddedVenue(t)
	n := v.nodes[0]
	s := startLoad(v, seed, newClientBalancer(v.addrs()...), 100, onlookers(t, 2)...)
	sleep(t.Context(), randomBelow(newRand(seed, 100), time.Second))
	end := fail(n)
	n.waitUntilStopped(stopsWithin)
	end()
	head := v.verifyStore(0)
	if n.cmd.ProcessState.Exited() { // else it was made to die
		n.wantFailure("the journal failed, the node stops")
	}
	n.start()
	s.end()
	v.checkConverged()
	s.audit()
	t.Logf("it stopped at %d; nothing that was acknowledged is missing", head)
}

// waitUntilStopped waits until a process has ended that nobody told to.
func (n *node) waitUntilStopped(within time.Duration) {
	n.t.Helper()
	began := time.Now()
	select {
	case <-n.done:
	case <-time.After(within):
		n.t.Fatalf("it goes on after %v: %s", within, n.output.String())
	}
	n.t.Logf("it stopped after %v: %v", time.Since(began).Round(10*time.Millisecond), n.cmd.ProcessState)
}

// wantFailure holds that a process has ended as one whose work failed, and said why.
func (n *node) wantFailure(why string) {
	n.t.Helper()
	if code := n.cmd.ProcessState.ExitCode(); code != 1 {
		n.t.Errorf("it ended with %d, want 1", code)
	}
	said := n.output.String()
	if !strings.Contains(said, why) || strings.Contains(said, "goroutine ") {
		n.t.Errorf("it does not say %q plainly: %s", why, said)
	}
	lines := strings.Split(strings.TrimSpace(said), "\n")
	n.t.Logf("it said: %s", lines[len(lines)-1])
}

// A file of the journal is deleted under the running server: it stops. What was
// acknowledged is there afterwards or, where it cannot be, the next start says so.
func TestEmbeddedServer_StopsWhenAFileIsDeleted(t *testing.T) {
	v := embeddedVenue(t)
	n := v.nodes[0]
	s := startLoad(v, testSeed(t), newClientBalancer(v.addrs()...), 50)
	for _, file := range []string{sqlitejournal.FileName + "-wal", sqlitejournal.FileName + "-shm"} {
		sleep(t.Context(), 200*time.Millisecond)
		if err := os.Remove(filepath.Join(v.dir(), file)); err != nil {
			t.Fatal(err)
		}
		n.waitUntilStopped(stopsWithin)
		n.wantFailure("deleted, moved or replaced")
		n.start()
	}
	s.end()
	v.checkConverged()
	s.audit()

	for _, p := range v.people {
		p.Close()
	}
	if err := os.Remove(filepath.Join(v.dir(), sqlitejournal.FileName)); err != nil {
		t.Fatal(err)
	}
	n.waitUntilStopped(stopsWithin) // though nobody gives a command
	n.launch()
	n.waitUntilStopped(stopsWithin)
	n.wantFailure("records that had been acknowledged are not in the file")
}

// A bit of a record has flipped: the event is refused, /readyz says which record it
// is, and nobody is shown anything else.
func TestEmbeddedServer_RefusesADamagedRecord(t *testing.T) {
	v := embeddedVenue(t)
	n := v.nodes[0]
	v.importSample()
	v.signIn("moderator:s1")
	lead := v.people["moderator:s1"]
	lead.mustSubmit(floor.ReleaseSchedule{})
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
	// Also in the stored state, which would hide the record as long as it is believed.
	damaged := bytes.ReplaceAll(content, []byte("Lunch is served"), []byte("Lunch is serVed"))
	if err := os.WriteFile(file, damaged, 0o600); err != nil || bytes.Equal(damaged, content) {
		t.Fatalf("nothing was damaged: %v", err)
	}
	n.start()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if c, err := client.Dial(ctx, v.links["moderator:s1"].at(n.url()), client.Options{}); err == nil {
		t.Errorf("somebody is shown %v", c.At())
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

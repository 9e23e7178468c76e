package sqlitejournal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// The test binary runs itself as a second process: these variables name its role and directory.
const (
	childRole = "SQLITEJOURNAL_TEST_ROLE"
	childDir  = "SQLITEJOURNAL_TEST_DIR"
)

func runChild(role string) int {
	roles := map[string]func(*Journal) error{
		"append some":     func(j *Journal) error { return appendMany(j, os.Stdout, "child", 200) },
		"append forever":  func(j *Journal) error { return appendMany(j, os.Stdout, fmt.Sprint("child-", os.Getpid()), 1<<30) },
		"fill disk":       fillDisk,
		"fail":            appendUntilFailed,
		"append stepwise": appendStepwise,
		"fill store":      fillStore,
	}
	j, err := Open(os.Getenv(childDir))
	if err == nil {
		err = roles[role](j)
	}
	if err == nil {
		err = j.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// appendMany appends n records one at a time, after those that other processes append
// meanwhile, and prints the sequence number and the key of each once it is acknowledged.
func appendMany(j *Journal, out io.Writer, prefix string, n int) error {
	cursor := journal.NewCursor(theLog, journal.Genesis(theLog, 1))
	for i := range n {
		key := journal.CommandKey(fmt.Sprintf("%s-%d", prefix, i))
		if err := appendOne(j, cursor, key); err != nil {
			return err
		}
		fmt.Fprintln(out, cursor.At().Seq, key)
	}
	return nil
}

func appendOne(j *Journal, cursor *journal.Cursor, key journal.CommandKey) error {
	for {
		batch := []journal.Record{{Key: key, Body: []byte(strings.Repeat(string(key), 20))}}
		journal.Chain(cursor.At(), batch)
		result, err := j.Append(context.Background(), theLog, cursor.At(), batch, time.Time{})
		switch {
		case err != nil:
			return err
		case result.Outcome == journal.Appended:
			_, err := cursor.Take(batch)
			return err
		case result.Outcome != journal.Conflict || result.Diverged:
			return fmt.Errorf("append at %v: %+v", cursor.At(), result)
		}
		if _, err := cursor.CatchUp(context.Background(), j); err != nil {
			return err
		}
	}
}

// fillDisk appends under a limit of the file's size until an append fails, removes the limit,
// and tries again.
func fillDisk(j *Journal) error {
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	room := limit
	limit.Cur = 300_000
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	failed := appendUntilFailed(j)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &room); err != nil {
		return err
	}
	return errors.Join(failed, wantRefused(j))
}

// appendUntilFailed appends until the disk fails; from then on every append must be refused,
// although the disk may take writes again.
func appendUntilFailed(j *Journal) error {
	err := appendMany(j, os.Stdout, "child", 5000)
	if !errors.Is(err, journal.ErrUnavailable) && !errors.Is(err, journal.ErrUnknown) {
		return fmt.Errorf("the failing disk was answered with %v", err)
	}
	select {
	case <-j.Failed():
	default:
		return errors.New("the failure was not sent on Failed")
	}
	return wantRefused(j)
}

func wantRefused(j *Journal) error {
	for i := range 20 {
		if err := appendMany(j, os.Stdout, fmt.Sprint("later-", i), 1); !errors.Is(err, ErrFailed) || !errors.Is(err, journal.ErrUnavailable) {
			return fmt.Errorf("after the failure an append answered %v", err)
		}
	}
	if _, err := j.Read(context.Background(), theLog, 0, 10); err != nil {
		return fmt.Errorf("reading after the failure: %v", err)
	}
	return nil
}

// child starts this binary in a role, under the command given by under if there is one, and
// returns a scanner of the lines that it prints.
func child(t *testing.T, role, dir string, under ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	command := append(under, os.Args[0])
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), childRole+"="+role, childDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// acknowledged returns the sequence number and the key in a line that a child printed.
func acknowledged(t *testing.T, line string) (uint64, journal.CommandKey) {
	t.Helper()
	number, key, _ := strings.Cut(line, " ")
	seq, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		t.Fatalf("a child printed %q", line)
	}
	return seq, journal.CommandKey(key)
}

func TestAppend_TwoProcessesShareAFile(t *testing.T) {
	dir := t.TempDir()
	j := openTest(t, dir)
	cmd, lines := child(t, "append some", dir)
	want := map[journal.CommandKey]uint64{}
	readLine := func() bool {
		if !lines.Scan() {
			return false
		}
		seq, key := acknowledged(t, lines.Text())
		want[key] = seq
		return true
	}
	readLine() // both append from now on
	if err := appendMany(j, io.Discard, "parent", 60); err != nil {
		t.Error(err)
	}
	for readLine() {
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the second process: %v", err)
	}
	all, err := journal.NewCursor(theLog, journal.Position{}).CatchUp(t.Context(), j)
	if err != nil || len(all) != 260 || len(want) != 200 {
		t.Fatalf("%d records, %d of them the second process's, %v; want 260 and 200", len(all), len(want), err)
	}
	wantAcknowledged(t, all, want)
}

func TestAppend_AcknowledgedRecordsSurviveAKill(t *testing.T) {
	dir := t.TempDir()
	want := map[journal.CommandKey]uint64{}
	const rounds = 6
	for round := range rounds {
		cmd, lines := child(t, "append forever", dir)
		for range 20 + 13*round {
			if !lines.Scan() {
				t.Fatal("the child ended without being killed")
			}
			seq, key := acknowledged(t, lines.Text())
			want[key] = seq
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // what it had acknowledged before it died
			seq, key := acknowledged(t, lines.Text())
			want[key] = seq
		}
		_ = cmd.Wait() // it was killed
		j, err := Open(dir)
		if err != nil {
			t.Fatalf("reopening after kill %d: %v", round+1, err)
		}
		all, err := journal.NewCursor(theLog, journal.Position{}).CatchUp(t.Context(), j)
		if err != nil {
			t.Fatalf("reading after kill %d: %v", round+1, err)
		}
		wantAcknowledged(t, all, want)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d kills, %d acknowledged records, all there", rounds, len(want))
}

func TestDiskFull_FailsSafely(t *testing.T) {
	dir := t.TempDir()
	cmd, lines := child(t, "fill disk", dir)
	wantFailedSafely(t, dir, cmd, lines)
}

// The disk fails in every way that strace can inject, once or for good. A sync that fails once
// and then succeeds has lost the data of the first. The test needs strace and the right to
// trace.
func TestTortureFailingDisk_FailsSafely(t *testing.T) {
	torture(t)
	for name, c := range map[string]struct{ file, calls, fault string }{
		"a sync fails once":                       {"", "fsync,fdatasync", "error=EIO:when=40"},
		"syncs fail from then on":                 {"", "fsync,fdatasync", "error=EIO:when=40+"},
		"a write fails once":                      {"", "pwrite64", "error=EIO:when=100"},
		"writes fail from then on":                {"", "pwrite64", "error=EIO:when=100+"},
		"the disk is full for one write":          {"", "pwrite64", "error=ENOSPC:when=100"},
		"the disk is full from then on":           {"", "pwrite64", "error=ENOSPC:when=100+"},
		"a sync of the write-ahead log fails":     {FileName + "-wal", "fsync,fdatasync", "error=EIO:when=30"},
		"a write of the write-ahead log fails":    {FileName + "-wal", "pwrite64", "error=EIO:when=77"},
		"a sync of the file fails, moving to it":  {FileName, "fsync,fdatasync", "error=EIO:when=1"},
		"a write of the file fails, moving to it": {FileName, "pwrite64", "error=EIO:when=1"},
		"the mark cannot be written":              {MarkerName, "pwrite64", "error=EIO:when=10"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := openAndAppend(dir, "before"); err != nil { // creates the files
				t.Fatal(err)
			}
			under := []string{"strace", "-f", "-o", filepath.Join(dir, "trace"), "-e", "trace=" + c.calls, "-e", "inject=" + c.calls + ":" + c.fault}
			if c.file != "" {
				under = append(under, "-P", filepath.Join(dir, c.file))
			}
			cmd, lines := child(t, "fail", dir, under...)
			wantFailedSafely(t, dir, cmd, lines)
		})
	}
}

// wantFailedSafely waits for a child whose disk fails: everything that it acknowledged is
// stored, and it acknowledged nothing afterwards.
func wantFailedSafely(t *testing.T, dir string, cmd *exec.Cmd, lines *bufio.Scanner) {
	t.Helper()
	want := map[journal.CommandKey]uint64{}
	for lines.Scan() {
		seq, key := acknowledged(t, lines.Text())
		want[key] = seq
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the process with the failing disk: %v", err)
	}
	if len(want) == 0 {
		t.Fatal("nothing was acknowledged before the disk failed")
	}
	all, err := journal.NewCursor(theLog, journal.Position{}).CatchUp(t.Context(), openTest(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	wantAcknowledged(t, all, want)
	t.Logf("%d records were acknowledged before the disk failed, %d are stored", len(want), len(all))
}

// wantAcknowledged fails the test unless every acknowledged key is stored once, at its number.
func wantAcknowledged(t *testing.T, all []journal.Record, want map[journal.CommandKey]uint64) {
	t.Helper()
	stored := make(map[journal.CommandKey]uint64, len(all))
	for _, r := range all {
		if stored[r.Key] != 0 {
			t.Errorf("key %q is stored as %d and as %d", r.Key, stored[r.Key], r.Seq)
		}
		stored[r.Key] = r.Seq
	}
	for key, seq := range want {
		if stored[key] != seq {
			t.Errorf("key %q was acknowledged as %d, stored is %d", key, seq, stored[key])
		}
	}
}

func moduleDir(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return strings.TrimSpace(string(out))
}

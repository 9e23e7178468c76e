package sqlitejournal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/journal"
)

// appendStepwise appends a record for each byte that it reads, and prints what is
// acknowledged, until an append fails; then every further append must be refused.
func appendStepwise(j *Journal) error {
	cursor := journal.NewCursor(theLog, journal.Genesis(theLog, 1))
	for i := 0; ; i++ {
		if _, err := os.Stdin.Read(make([]byte, 1)); err != nil {
			return err
		}
		key := journal.CommandKey(fmt.Sprint("step-", i))
		err := appendOne(j, cursor, key)
		if err == nil {
			fmt.Println(cursor.At().Seq, key)
			continue
		}
		if !errors.Is(err, ErrFileReplaced) {
			return fmt.Errorf("the replaced file was answered with %v", err)
		}
		select {
		case <-j.Failed():
		default:
			return errors.New("the failure was not sent on Failed")
		}
		if err := appendMany(j, io.Discard, "later", 1); !errors.Is(err, journal.ErrUnavailable) {
			return fmt.Errorf("after the failure an append answered %v", err)
		}
		fmt.Println("stopped:", err)
		return nil
	}
}

// A process whose files are deleted or replaced stops, and acknowledges nothing from then on.
// What it acknowledged before is there afterwards, or the next Open reports it missing.
func TestFiles_ReplacedUnderTheProcessStopIt(t *testing.T) {
	files := []string{FileName, FileName + "-wal", FileName + "-shm"}
	for name, c := range map[string]struct {
		deleted, copied []string // copied are replaced by a copy, which is another file
		moved           bool     // the directory gets another name
		missing         bool     // the next Open must report missing records
	}{
		"the file deleted":                           {deleted: files[:1], missing: true},
		"the file replaced, its write-ahead log not": {deleted: files[:1], copied: files[:1]},
		"the write-ahead log deleted":                {deleted: files[1:2]},
		"the write-ahead log replaced":               {deleted: files[1:2], copied: files[1:2]},
		"the shared memory deleted":                  {deleted: files[2:]},
		"all deleted":                                {deleted: files, missing: true},
		"all replaced by a copy of the file only":    {deleted: files, copied: files[:1], missing: true},
		"all replaced by a copy":                     {deleted: files, copied: files},
		"the directory moved away":                   {moved: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			child := startStepped(t, "append stepwise", dir)
			want := map[journal.CommandKey]uint64{}
			for range 5 {
				seq, key := acknowledged(t, child.next())
				want[key] = seq
			}
			replaceFiles(t, dir, c.deleted, c.copied)
			if c.moved {
				moved := dir + "-moved"
				if err := os.Rename(dir, moved); err != nil {
					t.Fatal(err)
				}
				dir = moved
			}
			if line := child.next(); !strings.HasPrefix(line, "stopped: ") {
				t.Errorf("it goes on: %q", line)
			}
			child.wait()
			j, err := Open(dir)
			if c.missing {
				if !errors.Is(err, ErrMissing) {
					t.Errorf("opened again: %v, want ErrMissing", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer j.Close()
			all, err := journal.NewCursor(theLog, journal.Position{}).CatchUp(t.Context(), j)
			if err != nil {
				t.Fatal(err)
			}
			wantAcknowledged(t, all, want)
		})
	}
}

// replaceFiles deletes files, and puts copies of some in their place.
func replaceFiles(t *testing.T, dir string, deleted, copied []string) {
	t.Helper()
	contents := map[string][]byte{}
	for _, name := range copied {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		contents[name] = content
	}
	for _, name := range deleted {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range contents {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// steppedChild is a child process that takes one step at a time.
type steppedChild struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

func startStepped(t *testing.T, role, dir string) *steppedChild {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childRole+"="+role, childDir+"="+dir)
	cmd.Stderr = io.Discard // the child is meant to fail
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &steppedChild{t, cmd, in, bufio.NewScanner(out)}
}

// next lets the child take a step and returns the line that it prints.
func (c *steppedChild) next() string {
	c.t.Helper()
	if _, err := c.in.Write([]byte{1}); err != nil {
		c.t.Fatal(err)
	}
	if !c.lines.Scan() {
		c.t.Fatalf("the child ended by itself: %v", c.cmd.Wait())
	}
	return c.lines.Text()
}

func (c *steppedChild) wait() {
	c.t.Helper()
	_ = c.in.Close() // it may have ended already
	for c.lines.Scan() {
		c.t.Errorf("after the failure it printed %q", c.lines.Text())
	}
	err := c.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		c.t.Error(err)
	}
}

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

// appendWhenTold appends a record for each byte that it reads, and prints what is
// acknowledged, until that fails; then every further append has to be refused.
func appendWhenTold(j *Journal) error {
	cursor := journal.NewCursor(theLog, journal.Genesis(theLog, 1))
	for i := 0; ; i++ {
		if _, err := os.Stdin.Read(make([]byte, 1)); err != nil {
			return err
		}
		key := journal.CommandKey(fmt.Sprint("told-", i))
		err := appendOne(j, cursor, key)
		if err == nil {
			fmt.Println(cursor.At().Seq, key)
			continue
		}
		if !errors.Is(err, ErrTaken) {
			return fmt.Errorf("the taken file was answered with %v", err)
		}
		select {
		case <-j.Failed():
		default:
			return errors.New("the failure was not told")
		}
		if err := appendMany(j, io.Discard, "later", 1); !errors.Is(err, journal.ErrUnavailable) {
			return fmt.Errorf("after the failure an append answered %v", err)
		}
		fmt.Println("stopped:", err)
		return nil
	}
}

// Whoever deletes or replaces a file under the running process makes it stop, and
// nothing is acknowledged from then on. What was is there afterwards, or the next
// opener says that it is not.
func TestFileTaken(t *testing.T) {
	files := []string{FileName, FileName + "-wal", FileName + "-shm"}
	for name, c := range map[string]struct {
		deleted, copied []string // of the directory: copied is what then lies there again, as another file
		moved           bool     // the directory gets another name
		missing         bool     // the next opener has to miss something
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
			told := startTold(t, "append when told", dir)
			want := map[journal.CommandKey]uint64{}
			for range 5 {
				seq, key := acknowledged(t, told.next())
				want[key] = seq
			}
			takeAway(t, dir, c.deleted, c.copied)
			if c.moved {
				moved := dir + "-moved"
				if err := os.Rename(dir, moved); err != nil {
					t.Fatal(err)
				}
				dir = moved
			}
			if line := told.next(); !strings.HasPrefix(line, "stopped: ") {
				t.Errorf("it goes on: %q", line)
			}
			told.wait()
			j, err := Open(dir)
			if c.missing {
				if !errors.Is(err, ErrMissing) {
					t.Errorf("opened again: %v, want it to say what is missing", err)
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

// takeAway deletes files, and puts copies of some in their place.
func takeAway(t *testing.T, dir string, deleted, copied []string) {
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

// told is a child that takes one step at a time.
type told struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

func startTold(t *testing.T, role, dir string) *told {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childRole+"="+role, childDir+"="+dir)
	cmd.Stderr = io.Discard // it fails, as it has to
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
	return &told{t, cmd, in, bufio.NewScanner(out)}
}

// next tells it to go on, and answers the line that it prints.
func (c *told) next() string {
	c.t.Helper()
	if _, err := c.in.Write([]byte{1}); err != nil {
		c.t.Fatal(err)
	}
	if !c.lines.Scan() {
		c.t.Fatalf("the child ended by itself: %v", c.cmd.Wait())
	}
	return c.lines.Text()
}

func (c *told) wait() {
	c.t.Helper()
	_ = c.in.Close() // it may have ended already
	for c.lines.Scan() {
		c.t.Errorf("afterwards it printed %q", c.lines.Text())
	}
	err := c.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		c.t.Error(err)
	}
}

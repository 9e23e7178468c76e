package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
)

// A missing or unreadable journal.mark next to records is told by serve and by verify until the next
// record is stored; serve goes on, because a power cut may take the file.
func TestMark_MissingOrUnreadableIsTold(t *testing.T) {
	for name, damage := range map[string]func(mark string) error{
		"missing":     os.Remove,
		"empty":       func(mark string) error { return os.Truncate(mark, 0) },
		"cut short":   func(mark string) error { return os.Truncate(mark, 100) },
		"overwritten": func(mark string) error { return os.WriteFile(mark, make([]byte, 181), 0o600) },
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			dir, _ := keyedInstance(t)
			running, _ := startServing(t, dir)
			running.end()
			wantRun(t, commandline.ExitOK, "verified 2 logs", "verify", "--data", dir)
			mark := filepath.Join(dir, "journal.mark")
			if err := damage(mark); err != nil {
				t.Fatal(err)
			}
			for range 2 { // to look changes nothing
				wantRun(t, commandline.ExitFailed, "journal.mark is missing or unreadable", "verify", "--data", dir)
			}
			running, _ = startServing(t, dir)
			if o := running.end(); o.code != commandline.ExitOK || !strings.Contains(o.stderr, "mark_missing") {
				t.Errorf("serve: %+v", o)
			}
			archive := filepath.Join(t.TempDir(), "forum.archive")
			for i, stores := range []string{"journal.mark is missing or unreadable", "backed up 2 logs"} { // the first one's record writes the mark again
				wantRun(t, commandline.ExitOK, stores, "backup", "--data", dir, "--to", fmt.Sprint(archive, i))
			}
			wantRun(t, commandline.ExitOK, "verified 2 logs", "verify", "--data", dir)
		})
	}
	none := t.TempDir()
	running, _ := startServing(t, none)
	if o := running.end(); strings.Contains(o.stderr, "mark_missing") {
		t.Errorf("a new instance: %+v", o)
	}
	if _, err := os.Stat(filepath.Join(none, "journal.mark")); errors.Is(err, fs.ErrNotExist) {
		t.Error("a new instance has no mark")
	}
}

// Where the database's files are gone, the message says how a backup is restored in the same
// directory. Followed to the letter, it brings the same links back.
func TestMark_MissingRecordsAreRestoredAsTheMessageSays(t *testing.T) {
	dir, key := keyedInstance(t)
	links := wantRun(t, commandline.ExitOK, "attendee", "links", "--data", dir, "--event", "green-2026").stdout
	file := filepath.Join(t.TempDir(), "forum.archive")
	wantRun(t, commandline.ExitOK, "backed up 2 logs", "backup", "--data", dir, "--to", file)
	wantRun(t, commandline.ExitFailed, "exists already", "backup", "--data", dir, "--to", file)
	for _, name := range []string{"journal.db", "journal.db-wal", "journal.db-shm"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	const advice = "first move the files journal.db* and journal.mark to another place, and leave the instance key where it is"
	for _, args := range [][]string{{"serve", "--addr", "127.0.0.1:0"}, {"verify"}, {"restore", "--from", file}} {
		wantRun(t, commandline.ExitFailed, advice, append(args, "--data", dir)...)
	}
	away := t.TempDir()
	for _, pattern := range []string{"journal.db*", "journal.mark"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found {
			if err := os.Rename(name, filepath.Join(away, filepath.Base(name))); err != nil {
				t.Fatal(err)
			}
		}
	}
	wantRun(t, commandline.ExitOK, "restored 2 logs", "restore", "--from", file, "--data", dir)
	if again := wantRun(t, commandline.ExitOK, "attendee", "links", "--data", dir, "--event", "green-2026").stdout; again != links {
		t.Errorf("other links after the restore:\n%s\nwere\n%s", again, links)
	}
	if now := readText(t, filepath.Join(dir, access.KeyName)); now != key {
		t.Error("another instance key after the restore")
	}
}

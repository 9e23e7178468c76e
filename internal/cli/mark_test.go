package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
			wantRun(t, commandline.ExitOK, "attendee", "links", "--data", dir, "--event", "green-2026") // stores a record
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

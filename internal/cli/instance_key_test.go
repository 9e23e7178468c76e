package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/server/auth"
)

func TestInstanceKey_IsMadeOnceAndProtected(t *testing.T) {
	dir := emptyInstance(t) // without links
	wantRun(t, commandline.ExitOK, "no organiser yet", "links", "--data", dir)
	path := filepath.Join(dir, access.KeyName)
	made := readText(t, path)
	wantRun(t, commandline.ExitOK, "no organiser yet", "links", "--data", dir)
	if readText(t, path) != made {
		t.Fatal("it was made twice")
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() < auth.MinKey {
		t.Fatalf("%v %v", info, err)
	}
	if left, err := filepath.Glob(path + "-*"); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v %v", left, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if o := runOnce(t, []string{"links", "--data", dir}); o.code != commandline.ExitFailed || !strings.Contains(o.stderr, "chmod 600") || !strings.Contains(o.stderr, "--new-key") {
		t.Errorf("a key that other users can read: %+v", o)
	}
	if err := errors.Join(os.Rename(path, path+".away"), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	if o := runOnce(t, []string{"links", "--data", dir}); o.code != commandline.ExitFailed || !strings.Contains(o.stderr, "is not a file") {
		t.Errorf("a directory in place of the key: %+v", o)
	}
	short := filepath.Join(dir, "short")
	if err := os.WriteFile(short, make([]byte, auth.MinKey-1), 0o600); err != nil {
		t.Fatal(err)
	}
	if o := runOnce(t, []string{"links", "--data", dir, "--key-file", short}); o.code != commandline.ExitFailed || !strings.Contains(o.stderr, "31 bytes") {
		t.Errorf("a short key: %+v", o)
	}
}

// keyedInstance makes a data directory with an imported event and returns the key.
func keyedInstance(t *testing.T) (dir, key string) {
	t.Helper()
	dir = t.TempDir()
	wantRun(t, commandline.ExitOK, "green-2026", "import", "--create", "--data", dir, sampleWorkbook(t))
	return dir, readText(t, filepath.Join(dir, access.KeyName))
}

// The first import makes the key of an instance, so that no event ever exists without one.
func TestInstanceKey_LostOneIsRefused(t *testing.T) {
	dir, key := keyedInstance(t)
	path, book := filepath.Join(dir, access.KeyName), sampleWorkbook(t)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	refused := func(text string) {
		t.Helper()
		for _, args := range [][]string{{"serve", "--addr", "127.0.0.1:0"}, {"links"}, {"import", book}} {
			o := wantRun(t, commandline.ExitFailed, text, append(args, "--data", dir)...)
			if !strings.Contains(o.stderr, "--new-key") || !strings.Contains(o.stderr, path) || o.stdout != "" {
				t.Errorf("%v: %+v", args, o)
			}
		}
	}
	before := readText(t, filepath.Join(dir, "journal.mark"))
	refused("the instance key is missing")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a refused command has made a key: %v", err)
	}
	if err := os.WriteFile(path, []byte(strings.ToUpper(key)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("is not the one that the instance's links were made with")
	if readText(t, filepath.Join(dir, "journal.mark")) != before {
		t.Error("a refused command has written to the logs")
	}
	if err := os.WriteFile(path, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	wantRun(t, commandline.ExitOK, "", "links", "--data", dir, "--event", "green-2026")
}

// A new key comes only by a flag. To give the flag again changes nothing.
func TestServe_NewKeyReplacesALostOne(t *testing.T) {
	dir, former := keyedInstance(t)
	path := filepath.Join(dir, access.KeyName)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	var made string
	for range 2 {
		running, _ := startServing(t, dir, "--new-key")
		o := running.end()
		if isNew := strings.Contains(o.stderr, "is a new key"); o.code != commandline.ExitOK || isNew != (made == "") {
			t.Errorf("%+v", o)
		}
		if key := readText(t, path); made == "" {
			made = key
		} else if key != made {
			t.Error("the key was made twice")
		}
	}
	if made == former {
		t.Fatal("there is no new key")
	}
	wantRun(t, commandline.ExitOK, "", "links", "--data", dir, "--event", "green-2026")
	if err := os.WriteFile(path, []byte(former), 0o600); err != nil {
		t.Fatal(err)
	}
	wantRun(t, commandline.ExitFailed, "is not the one", "links", "--data", dir)
}

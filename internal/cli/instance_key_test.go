package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/server/auth"
)

func TestInstanceKey_IsMadeOnceAndProtected(t *testing.T) {
	dir := t.TempDir()
	if o := runOnce(t, []string{"links", "--data", dir}); o.code != exitOK {
		t.Fatalf("%+v", o)
	}
	path := filepath.Join(dir, keyName)
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
	if o := runOnce(t, []string{"links", "--data", dir}); o.code != exitFailed || !strings.Contains(o.stderr, "chmod 600") {
		t.Errorf("a key that other users can read: %+v", o)
	}
	short := filepath.Join(dir, "short")
	if err := os.WriteFile(short, make([]byte, auth.MinKey-1), 0o600); err != nil {
		t.Fatal(err)
	}
	if o := runOnce(t, []string{"links", "--data", dir, "--key-file", short}); o.code != exitFailed || !strings.Contains(o.stderr, "31 bytes") {
		t.Errorf("a short key: %+v", o)
	}
}

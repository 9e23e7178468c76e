package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofrs/flock"
	"github.com/redis/go-redis/v9"

	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// damagedIndex imports the sample forum and damages the index of command ids of the event's log,
// in SQLite's file or in Redis. It returns the flags that name the store.
func damagedIndex(t *testing.T, onRedis bool) (where []string) {
	t.Helper()
	dir := t.TempDir()
	writeKey(t, dir)
	if onRedis {
		server := redistest.Start(t)
		where = []string{"--redis", server.URL, "--key-file", filepath.Join(dir, access.KeyName)}
		wantRun(t, commandline.ExitOK, "green-2026", append([]string{"import", "--create", sampleWorkbook(t)}, where...)...)
		client := redis.NewClient(&redis.Options{Addr: server.Addr})
		defer client.Close()
		ops := "matchfloor:{green-2026}:ops"
		keys, err := client.HKeys(t.Context(), ops).Result()
		if err != nil || len(keys) != 1 {
			t.Fatal(keys, err)
		}
		if err := client.HSet(t.Context(), ops, keys[0], "1:"+strings.Repeat("x", 32)).Err(); err != nil {
			t.Fatal(err)
		}
		return where
	}
	where = []string{"--data", dir}
	wantRun(t, commandline.ExitOK, "green-2026", append([]string{"import", "--create", sampleWorkbook(t)}, where...)...)
	file := filepath.Join(dir, "journal.db")
	content := []byte(readText(t, file))
	flipped := false
	for page := 4096; page < len(content); page += 4096 {
		if content[page] != 0x0a { // not a page of an index
			continue
		}
		ids := content[page : page+4096]
		flipped = flipped || bytes.Contains(ids, []byte("operator-cli/"))
		copy(ids, bytes.ReplaceAll(ids, []byte("operator-cli/"), []byte("operatos-cli/"))) // one bit
	}
	if !flipped {
		t.Fatal("no page holds command ids")
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return where
}

// A flipped bit in an index of command ids is named as that by verify, backup and the node; it is
// repaired from the records, and the event is served again.
func TestRepair_MakesADamagedIndexAgain(t *testing.T) {
	for name, onRedis := range map[string]bool{"sqlite": false, "redis": true} {
		t.Run(name, func(t *testing.T) {
			where := damagedIndex(t, onRedis)
			store := where[:2] // without the key
			with := func(command string, more ...string) []string {
				return append(append([]string{command}, store...), more...)
			}
			o := wantRun(t, commandline.ExitFailed, "the index of command ids", with("verify")...)
			if strings.Contains(o.stderr, "match its hash") || strings.Count(o.stdout, "log ") != 2 || !strings.Contains(o.stderr, "matchfloor repair --indexes") {
				t.Errorf("verify blames the records: %+v", o)
			}
			file := filepath.Join(t.TempDir(), "archive")
			o = runOnce(t, with("backup", "--to", file))
			if !strings.Contains(o.stderr, "the index of command ids") {
				t.Errorf("backup: %+v", o)
			}
			if !onRedis { // in Redis only the repeat of that command finds it
				o = wantRun(t, commandline.ExitFailed, "the index of command ids", append([]string{"links", "--event", "green-2026"}, where...)...)
				if strings.Contains(o.stderr, "match its hash") {
					t.Errorf("the event's error blames a record: %+v", o)
				}
			}
			wantRun(t, commandline.ExitUsage, "--indexes", with("repair")...)
			o = wantRun(t, commandline.ExitOK, "the indexes were made again", with("repair", "--indexes")...)
			if !strings.Contains(o.stdout, "verified 2 logs") {
				t.Errorf("repair: %+v", o)
			}
			wantRun(t, commandline.ExitOK, "verified 2 logs", with("verify")...)
			if _, err := os.Stat(file); err != nil {
				wantRun(t, commandline.ExitOK, "backed up 2 logs", with("backup", "--to", file)...)
			}
			wantRun(t, commandline.ExitOK, "verified 2 logs", "verify", "--from", file)
			wantRun(t, commandline.ExitOK, "attendee", append([]string{"links", "--event", "green-2026"}, where...)...)
		})
	}
}

// The repair of a data directory needs it alone.
func TestRepair_RefusesNextToAServer(t *testing.T) {
	dir := t.TempDir()
	running, url := startServing(t, dir)
	wantRun(t, commandline.ExitFailed, "another matchfloor uses", "repair", "--indexes", "--data", dir)
	if status, body := get(t, url+"/readyz"); status != http.StatusOK || !json.Valid([]byte(body)) {
		t.Errorf("afterwards /readyz is %d, %s", status, body)
	}
	if o := running.end(); o.code != commandline.ExitOK {
		t.Errorf("%+v", o)
	}
	wantRun(t, commandline.ExitOK, "the indexes were made again", "repair", "--indexes", "--data", dir)
	none := filepath.Join(dir, "none")
	wantRun(t, commandline.ExitFailed, "no instance", "repair", "--indexes", "--data", none)
	if _, err := os.Stat(none); err == nil {
		t.Error("the repair made a directory")
	}
}

// A repair replaces the journal's file, so that what another command writes meanwhile would be
// lost: it refuses while a command has the journal open, and commands refuse while it runs.
func TestRepair_ExcludesEveryOtherCommand(t *testing.T) {
	dir, _ := keyedInstance(t)
	lock := flock.New(filepath.Join(dir, "journal.lock"))
	t.Cleanup(func() { lock.Close() })
	take := func(try func() (bool, error), want bool) {
		t.Helper()
		if locked, err := try(); err != nil || locked != want {
			t.Fatalf("the lock is taken: %t, want %t, %v", locked, want, err)
		}
	}
	take(lock.TryRLock, true) // as a command that has it open
	before := readText(t, filepath.Join(dir, "journal.db"))
	wantRun(t, commandline.ExitFailed, "another matchfloor command uses "+dir, "repair", "--indexes", "--data", dir)
	if readText(t, filepath.Join(dir, "journal.db")) != before {
		t.Error("a refused repair has changed the file")
	}
	wantRun(t, commandline.ExitOK, "verified 2 logs", "verify", "--data", dir)
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	take(lock.TryLock, true) // as a repair
	for _, args := range [][]string{
		{"serve", "--addr", "127.0.0.1:0"}, {"links"}, {"import", sampleWorkbook(t)}, {"verify"},
		{"backup", "--to", filepath.Join(t.TempDir(), "archive")}, {"erase", "--event", "green-2026", "--person", "attendee:c01a"}, {"upgrade"},
	} {
		wantRun(t, commandline.ExitFailed, dir+" is being repaired: wait until that has ended", append(args, "--data", dir)...)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	running, _ := startServing(t, dir)
	take(lock.TryLock, false)
	running.end()
	take(lock.TryLock, true)
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	wantRun(t, commandline.ExitOK, "the indexes were made again", "repair", "--indexes", "--data", dir)
}

package cli

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
	"github.com/matchfloor/matchfloor/journal/sqlitejournal"
)

// The first command after an import next to a running server reaches the event: the node
// does not say that there is none until it has heard of it.
func TestImport_TheRunningServerKnowsTheEventAtOnce(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { importWhileServing(t, "--data", filepath.Join(t.TempDir(), "data")) })
	t.Run("redis", func(t *testing.T) {
		importWhileServing(t, "--redis", redistest.Start(t).URL, "--key-file", keyFile(t))
	})
}

func importWhileServing(t *testing.T, where ...string) {
	t.Helper()
	s := start(t, append([]string{"serve", "--addr", "127.0.0.1:0", "--log-level", "error"}, where...))
	url := s.line("matchfloor serves ")
	token := bearerToken(t, url, s.line("organiser: "))
	wantRun(t, commandline.ExitOK, "green-2026", append([]string{"import", sampleWorkbook(t)}, where[:2]...)...)
	var accepted struct{ ID, Code string }
	status := request(t, "POST", url+"/api/v1/events/green-2026/commands", token, `{"id":"c1","release":{}}`, &accepted)
	if status != http.StatusOK || accepted.ID != "c1" {
		t.Errorf("the first command: %d %+v", status, accepted)
	}
	if o := s.end(); o.code != commandline.ExitOK || strings.Contains(o.stderr, "ERROR") {
		t.Errorf("%+v", o)
	}
}

// Only serve, restore and import --create make an instance. Every other command that is
// given a mistyped place says so and leaves nothing there.
func TestCommands_MakeNoInstanceInAMistypedPlace(t *testing.T) {
	file, key := sampleWorkbook(t), keyFile(t)
	redis := redistest.Start(t)
	for _, command := range [][]string{
		{"import", file}, {"import", "--dry-run", file}, {"links", "--key-file", key}, {"links", "--key-file", key, "--event", "green-2026"},
		{"verify"}, {"backup", "--to", filepath.Join(t.TempDir(), "archive")}, {"upgrade"}, {"erase", "--due"},
		{"erase", "--event", "green-2026", "--everyone"},
	} {
		empty, missing := t.TempDir(), filepath.Join(t.TempDir(), "dtaa")
		for _, dir := range []string{missing, empty} {
			o := wantRun(t, commandline.ExitFailed, "there is no instance in "+dir+": name the directory that matchfloor serve uses", append(command, "--data", dir)...)
			if o.stdout != "" {
				t.Errorf("%v printed %q", command, o.stdout)
			}
		}
		if left, err := os.ReadDir(empty); err != nil || len(left) > 0 {
			t.Errorf("%v left %v, %v", command, left, err)
		}
		if _, err := os.Stat(missing); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v made the directory: %v", command, err)
		}
		wantRun(t, commandline.ExitFailed, "there is no instance in this Redis database: name the URL", append(command, "--redis", redis.URL)...)
		if keys, _ := redis.Do("KEYS", "*").([]any); len(keys) > 0 {
			t.Fatalf("%v wrote %v", command, keys)
		}
	}
}

// A file that is empty is no instance either, nor is a file where the directory should be.
func TestCommands_MakeNoInstanceFromAnEmptyFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, sqlitejournal.FileName)
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{dir, name} {
		wantRun(t, commandline.ExitFailed, "there is no instance in "+place, "verify", "--data", place)
	}
	if info, err := os.Stat(name); err != nil || info.Size() > 0 {
		t.Errorf("the file: %v, %v", info, err)
	}
}

const sampleCounts = "60 companies, 132 attendees, 168 meetings in 8 rounds"

// Somebody tries a workbook, imports it, imports it again and releases the schedule. Each
// time the program says what an import does, or did, to what is there.
func TestImport_SaysWhatItDoesToTheDraft(t *testing.T) {
	dir, file := filepath.Join(t.TempDir(), "data"), sampleWorkbook(t)
	where := []string{"--data", dir}
	run := func(code int, want string, flags ...string) {
		t.Helper()
		if o := runOnce(t, append(append([]string{"import", file}, where...), flags...)); o.code != code || o.stdout+o.stderr != want {
			t.Errorf("import %v: exit %d\n%s%s\nwant exit %d\n%s", flags, o.code, o.stdout, o.stderr, code, want)
		}
	}
	const checked = "the workbook has no faults: " + sampleCounts + "; 21 interpreters, 7 staff, 4 displays, 26 tables in 3 zones, 11 items of the agenda, 120 wishes\n"
	run(commandline.ExitFailed, "matchfloor: import: there is no instance in "+dir+": name the directory that matchfloor serve uses, or add --create to make a new one. If one was here and lost its records, use recover or restore\n")
	run(commandline.ExitOK, checked+"the import would make an instance in "+dir+"\nthe event is new\ndry run, nothing was imported: event green-2026\n", "--dry-run", "--create")
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the dry run made the directory: %v", err)
	}
	run(commandline.ExitOK, "imported "+sampleCounts+": event green-2026\n", "--create")
	run(commandline.ExitOK, checked+"it would replace the draft of this event; what was changed in the draft by hand would be lost, links stay the same\ndry run, nothing was imported: event green-2026\n", "--dry-run")
	if head := headOf(t, dir, "green-2026"); head != 1 {
		t.Errorf("after a dry run the event's log has %d records", head)
	}
	run(commandline.ExitOK, "imported "+sampleCounts+", in place of the draft that was there: event green-2026\n")
	s, url := startServing(t, dir)
	token := bearerToken(t, url, s.line("organiser: "))
	var accepted struct{ Seq uint64 }
	if status := request(t, "POST", url+"/api/v1/events/green-2026/commands", token, `{"id":"c1","release":{}}`, &accepted); status != http.StatusOK {
		t.Fatalf("the release: %d", status)
	}
	if o := s.end(); o.code != commandline.ExitOK {
		t.Fatalf("%+v", o)
	}
	const released = "matchfloor: import: the schedule of green-2026 is released, and people go by it, so a workbook no longer replaces it; " +
		"nothing was changed. Make changes on the moderator's console, or give the workbook another id in its sheet event to import it as another event\n"
	run(commandline.ExitFailed, released, "--dry-run")
	run(commandline.ExitFailed, released)
	run(commandline.ExitFailed, released, "--json")
}

// A dry run prints the faults of a workbook as an import does, and JSON has the fields of
// the API's answer to ?dry=1.
func TestImport_DryRunHasFaultsAndJSON(t *testing.T) {
	bad, faults, err := demo.WithBadRows()
	if err != nil {
		t.Fatal(err)
	}
	dir := emptyInstance(t)
	o := runOnce(t, []string{"import", "--dry-run", "--data", dir, workbookFile(t, bad)})
	if o.code != commandline.ExitFaults || strings.Count(o.stderr, "\n") != len(faults) {
		t.Errorf("a workbook with faults: %+v", o)
	}
	o = runOnce(t, []string{"import", "--dry-run", "--json", "--data", dir, sampleWorkbook(t)})
	const want = `{"event":"green-2026","dryRun":true,"new":true,"counts":{"agenda":`
	if o.code != commandline.ExitOK || !strings.HasPrefix(o.stdout, want) || !strings.Contains(o.stdout, `"companies":60`) {
		t.Errorf("%+v", o)
	}
}

// headOf returns how many records a log of a data directory has.
func headOf(t *testing.T, dir string, log journal.LogID) uint64 {
	t.Helper()
	db, err := sqlitejournal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	page, err := db.Read(t.Context(), log, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return page.Head.Seq
}

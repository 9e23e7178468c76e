package e2e_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
	"github.com/matchfloor/matchfloor/journal/redisjournal"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// A backup is taken while commands are submitted. It is restored from SQLite to Redis and
// back. It contains everything that was acknowledged before it began. Screens that reconnect
// with later positions reload and show the restored state.
func TestBackup_RestoresBetweenJournals(t *testing.T) {
	v := embeddedVenue(t)
	s := startLoad(v, newClientBalancer(v.addrs()...), 50, onlookers(t, 2)...)
	sleep(t.Context(), 500*time.Millisecond)
	before := v.journalHead()
	file := filepath.Join(t.TempDir(), "backup")
	mustRun(t, "backup", append(v.journalFlags(), "--to", file)...)
	sleep(t.Context(), 300*time.Millisecond) // commands from now on will be lost
	s.end()
	v.checkConverged()
	after := v.journalHead()
	v.nodes[0].kill()

	server := redistest.Start(t)
	mustRun(t, "restore", "--from", file, "--redis", server.URL)
	mustRun(t, "verify", "--redis", server.URL)
	again := filepath.Join(t.TempDir(), "again")
	mustRun(t, "backup", "--redis", server.URL, "--to", again)
	mustRun(t, "restore", "--from", again, "--data", filepath.Join(t.TempDir(), "data"))

	j, err := redisjournal.Open(server.URL, redisjournal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	v.journal = j
	restored := v.journalHead()
	if restored.Seq < before.Seq || restored.Seq >= after.Seq || restored.Epoch != 2 {
		t.Errorf("the backup of a log that went from %v to %v was restored at %v", before, after, restored)
	}
	v.checkRestored(server.URL, after)
}

// journalHead returns the head of the event's log.
func (v *venue) journalHead() journal.Position {
	v.t.Helper()
	page, err := v.journal.Read(v.t.Context(), eventID, 0, 0)
	if err != nil {
		v.t.Fatal(err)
	}
	return page.Head
}

// mustRun runs a subcommand that must succeed, and returns its output.
func mustRun(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, errs, code := matchfloor(t, append([]string{name}, args...)...)
	if code != 0 {
		t.Fatalf("%s: exit %d, %s", name, code, errs)
	}
	t.Logf("%s: %s", name, strings.ReplaceAll(strings.TrimSpace(out), "\n", "; "))
	return out
}

// checkRestored starts a node on the restored store with the old key and address. Screens with
// later positions must load the restored state and follow it.
func (v *venue) checkRestored(url string, lost journal.Position) {
	v.t.Helper()
	n := v.nodes[0]
	n.args = []string{"--redis", url, "--key-file", filepath.Join(v.dir(), "key")}
	n.start()
	l, err := archive.ReadLog(v.t.Context(), v.journal, eventID)
	if err != nil {
		v.t.Fatal(err)
	}
	v.cursor = journal.NewCursor(eventID, journal.Genesis(eventID, l.Epoch))
	v.states, v.records = []floor.State{floor.New()}, nil
	v.people["moderator:s1"].mustSubmit(floor.Announce{Text: floor.Text{En: "restored"}})
	for name, p := range v.people {
		p.syncToHead()
		if at := p.At(); at.Epoch != l.Epoch {
			v.t.Errorf("%s stands at %v; the lost head was %v", name, at, lost)
		}
	}
	v.checkConverged()
}

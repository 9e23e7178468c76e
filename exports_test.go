package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
	"github.com/matchfloor/matchfloor/journal/sqlitejournal"
	"github.com/matchfloor/matchfloor/server/auth"
)

// exportsIn answers what a log of a data directory says was taken out.
func exportsIn(t *testing.T, dir string, log journal.LogID) (all []floor.Export) {
	t.Helper()
	db, err := sqlitejournal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	state, err := foldLog(t.Context(), db, log)
	if err != nil {
		t.Fatal(err)
	}
	return state.Exports()
}

// Beside a running server, whatever the command line takes out leaves one record in the
// log that it is of, and a backup holds its own; a running node takes them in.
func TestCommandLineRecordsWhatItTakesOut(t *testing.T) {
	root := t.TempDir()
	dir, file := filepath.Join(root, "data"), filepath.Join(root, "backup")
	node := start(t, []string{"serve", "--addr", "127.0.0.1:0", "--data", dir})
	url := node.line("matchfloor serves ")
	organiser := node.line("organiser: ")
	wantRun(t, exitOK, "", "links", "--data", dir)
	wantRun(t, exitOK, "green-2026", "import", "--data", dir, workbookFile(t, demo.Workbook()))
	wantRun(t, exitFailed, "nothing", "links", "--data", dir, "--event", "nothing")
	for range 2 {
		wantRun(t, exitOK, "attendee-k01a", "links", "--data", dir, "--event", "green-2026")
	}
	wantRun(t, exitFailed, "no such file", "backup", "--data", dir, "--to", filepath.Join(root, "none", "backup"))
	wantRun(t, exitOK, "read them back", "backup", "--data", dir, "--to", file)
	instance := []string{"links of 1", "links of 1", "links of 1", "backup of 161"}
	holdExports(t, "the event", exportsIn(t, dir, "green-2026"), "links of 160", "links of 160")
	holdExports(t, "the instance", exportsIn(t, dir, journal.InstanceLog), instance...)
	eventually(t, "the running node lists them", func() bool { return listedBy(t, url, organiser) == 6 })
	if o := node.end(); o.code != exitOK {
		t.Errorf("stopped: %+v", o)
	}
	restored := filepath.Join(root, "restored")
	wantRun(t, exitOK, "restored 2 logs", "restore", "--from", file, "--data", restored)
	holdExports(t, "the backup", exportsIn(t, restored, journal.InstanceLog), instance...)
}

func holdExports(t *testing.T, of string, got []floor.Export, want ...string) {
	t.Helper()
	var said []string
	for _, e := range got {
		said = append(said, string(e.What)+" of "+jsonOf(t, e.People))
		if e.By != floor.Operator || e.Wall == 0 {
			t.Errorf("%s: %+v", of, e)
		}
	}
	if jsonOf(t, said) != jsonOf(t, want) {
		t.Errorf("%s: %q, want %q", of, said, want)
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// listedBy counts the exports that a node lists for an organiser.
func listedBy(t *testing.T, url, organiser string) int {
	t.Helper()
	_, secret, _ := strings.Cut(organiser, "#_.")
	link, secret, _ := strings.Cut(secret, ".")
	body := jsonOf(t, map[string]any{"event": "_", "link": link, "secret": secret, "bearer": true})
	var signed struct{ Token string }
	ask(t, "POST", url+"/api/v1/sign-in", "", body, &signed)
	var told struct{ Exports []struct{ What string } }
	ask(t, "GET", url+"/api/v1/events/green-2026/exports", signed.Token, "", &told) // nothing, until the node has read of the event
	return len(told.Exports)
}

// taker is a command line over a journal that can be made to refuse.
func taker(t *testing.T) (p *program, o *opened, store *faultyjournal.Journal, out *bytes.Buffer) {
	t.Helper()
	memory := journal.NewMemory(time.Now)
	store = faultyjournal.Wrap(memory, 1, faultyjournal.Odds{})
	o, out = &opened{journal: store, snapshots: memory}, &bytes.Buffer{}
	p = &program{env: envOf(nil), stdout: out, stderr: out}
	if err := enrol(t.Context(), p, o, sampleForum(t, "x", 0)); err != nil {
		t.Fatal(err)
	}
	return p, o, store, out
}

// Where the journal takes no record nothing is handed out, and the caller is told; no
// file is left.
func TestNothingIsTakenOutWithoutItsRecord(t *testing.T) {
	p, o, store, out := taker(t)
	keys, err := auth.NewKeys(bytes.Repeat([]byte("k"), auth.MinKey))
	if err != nil {
		t.Fatal(err)
	}
	out.Reset()
	store.SetOdds(faultyjournal.Odds{Unavailable: 1})
	if list, err := p.takeLinks(t.Context(), o, keys, "x"); err == nil || len(list) > 0 || !strings.Contains(err.Error(), "nothing was handed out") {
		t.Errorf("%d links, %v", len(list), err)
	}
	dir := t.TempDir()
	if err := p.backup(t.Context(), o, filepath.Join(dir, "backup")); err == nil || !strings.Contains(err.Error(), "nothing was handed out") {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	store.SetOdds(faultyjournal.Odds{})
	if list, err := p.takeLinks(t.Context(), o, keys, "x"); err != nil || len(list) < 160 {
		t.Errorf("the journal takes it: %d links, %v", len(list), err)
	}
}

// A log of before the upgrade gives its links and goes into a backup all the same, and
// says that it holds no record of it; with one that cannot be folded a backup is whole too.
func TestTakingOutOfALogThatIsNotUpgraded(t *testing.T) {
	memory := journal.NewMemory(time.Now)
	var out bytes.Buffer
	p, o := &program{env: envOf(nil), stdout: &out, stderr: &out}, &opened{journal: memory, snapshots: memory}
	older := func(log journal.LogID, records ...string) {
		batch := make([]journal.Record, len(records))
		for i, body := range records {
			batch[i] = journal.Record{Key: journal.CommandKey(jsonOf(t, i)), Body: []byte(body)}
		}
		at := journal.Genesis(log, 1)
		journal.Chain(at, batch)
		if r, err := memory.Append(t.Context(), log, at, batch); err != nil || r.Outcome != journal.Appended {
			t.Fatal(r, err)
		}
	}
	const event = `{"key":"k/1","kind":"registerEvent","by":"operator:cli","wall":1,"changes":[{"kind":"versionRaised","body":{"version":2}},{"kind":"eventRegistered","body":{"event":{"id":"later","name":{}}}}]}`
	const organiser = `{"key":"k/2","kind":"addOrganiser","by":"operator:cli","wall":1,"changes":[{"kind":"organiserAdded","body":{"organiser":{"id":"o1","name":""}}}]}`
	older(journal.InstanceLog, event, organiser)
	older("later", `{"key":"k/1","kind":"serveTea","by":"operator:cli","wall":1,"changes":[{"kind":"teaServed","body":{}}]}`)
	keys, err := auth.NewKeys(bytes.Repeat([]byte("k"), auth.MinKey))
	if err != nil {
		t.Fatal(err)
	}
	list, err := p.takeLinks(t.Context(), o, keys, "")
	if err != nil || len(list) != 1 || !strings.Contains(out.String(), "log _: it is not recorded") {
		t.Errorf("%d links, %v; %s", len(list), err, out.String())
	}
	out.Reset()
	err = p.backup(t.Context(), o, filepath.Join(t.TempDir(), "backup"))
	if said := out.String(); err != nil || !strings.Contains(said, "log _: it is not recorded") || !strings.Contains(said, "log later: its people are not counted") || !strings.Contains(said, "2 logs with 3 records") {
		t.Errorf("%v; %s", err, said)
	}
	empty := &opened{journal: journal.NewMemory(time.Now), snapshots: memory}
	if err := p.backup(t.Context(), empty, filepath.Join(t.TempDir(), "backup")); !errors.Is(err, errNoInstance) {
		t.Error(err)
	}
}

// ask asks a server, as the holder of a token where that is not "", and reads what it answers.
func ask(t *testing.T, method, url, token, body string, answer any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	once := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	got, err := once.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if err := json.NewDecoder(got.Body).Decode(answer); err != nil {
		t.Fatalf("%s %s: %d %v", method, url, got.StatusCode, err)
	}
}

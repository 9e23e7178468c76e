package cli

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
	"github.com/matchfloor/matchfloor/journal/sqlitejournal"
)

// exportsIn returns the exports that a log of a data directory records.
func exportsIn(t *testing.T, dir string, log journal.LogID) (all []floor.Export) {
	t.Helper()
	db, err := sqlitejournal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	state, err := access.State(t.Context(), db, log)
	if err != nil {
		t.Fatal(err)
	}
	return state.Exports()
}

// Each export of the command line is recorded once, in the log that it is of, while a
// server runs. A backup contains its own record. The running node lists the records.
func TestExports_AreRecordedInTheLogTheyAreOf(t *testing.T) {
	root := t.TempDir()
	dir, file := filepath.Join(root, "data"), filepath.Join(root, "backup")
	running, url := startServing(t, dir)
	organiser := running.line("organiser: ")
	wantRun(t, commandline.ExitOK, "", "links", "--data", dir)
	wantRun(t, commandline.ExitOK, "green-2026", "import", "--data", dir, sampleWorkbook(t))
	wantRun(t, commandline.ExitFailed, "nothing", "links", "--data", dir, "--event", "nothing")
	for range 2 {
		wantRun(t, commandline.ExitOK, "attendee-k01a", "links", "--data", dir, "--event", "green-2026")
	}
	wantRun(t, commandline.ExitFailed, "no such file", "backup", "--data", dir, "--to", filepath.Join(root, "none", "backup"))
	wantRun(t, commandline.ExitOK, "read them back", "backup", "--data", dir, "--to", file)
	instance := []string{"links of 1", "links of 1", "links of 1", "backup of 161"}
	checkExports(t, "the event", exportsIn(t, dir, "green-2026"), "links of 160", "links of 160")
	checkExports(t, "the instance", exportsIn(t, dir, journal.InstanceLog), instance...)
	eventually(t, "the running node lists them", func() bool { return listedBy(t, url, organiser) == 6 })
	if o := running.end(); o.code != commandline.ExitOK {
		t.Errorf("stopped: %+v", o)
	}
	restored := filepath.Join(root, "restored")
	wantRun(t, commandline.ExitOK, "restored 2 logs", "restore", "--from", file, "--data", restored)
	checkExports(t, "the backup", exportsIn(t, restored, journal.InstanceLog), instance...)
}

func checkExports(t *testing.T, of string, got []floor.Export, want ...string) {
	t.Helper()
	var recorded []string
	for _, e := range got {
		recorded = append(recorded, string(e.What)+" of "+jsonOf(t, e.People))
		if e.By != floor.Operator || e.Wall == 0 {
			t.Errorf("%s: %+v", of, e)
		}
	}
	if jsonOf(t, recorded) != jsonOf(t, want) {
		t.Errorf("%s: %q, want %q", of, recorded, want)
	}
}

// listedBy counts the exports that a node lists for an organiser.
func listedBy(t *testing.T, url, organiser string) int {
	t.Helper()
	var listed struct{ Exports []struct{ What string } }
	request(t, "GET", url+"/api/v1/events/green-2026/exports", bearerToken(t, url, organiser), "", &listed) // some until the node has read the instance's log
	return len(listed.Exports)
}

// bearerToken signs in with an organiser's link and returns the token.
func bearerToken(t *testing.T, url, organiser string) string {
	t.Helper()
	_, secret, _ := strings.Cut(organiser, "#_.")
	link, secret, _ := strings.Cut(secret, ".")
	body := jsonOf(t, map[string]any{"event": "_", "link": link, "secret": secret, "bearer": true})
	var signed struct{ Token string }
	request(t, "POST", url+"/api/v1/sign-in", "", body, &signed)
	return signed.Token
}

// If the journal rejects the record, nothing is exported, the caller gets an error and no
// file is left.
func TestExports_FailIfTheyCannotBeRecorded(t *testing.T) {
	store := newStore(t, sampleForum(t, "x", 0))
	faulty := faultyjournal.Wrap(store.memory, 1, faultyjournal.Odds{})
	store.Journal = faulty
	faulty.SetOdds(faultyjournal.Odds{Unavailable: 1})
	if list, err := exportLinks(t.Context(), store.p, store.Store, testKeys(t), "x", ""); err == nil || len(list) > 0 || !strings.Contains(err.Error(), "nothing was exported") {
		t.Errorf("%d links, %v", len(list), err)
	}
	dir := t.TempDir()
	if err := backUp(t.Context(), store.p, store.Store, filepath.Join(dir, "backup")); err == nil || !strings.Contains(err.Error(), "nothing was exported") {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v %v", left, err)
	}
	faulty.SetOdds(faultyjournal.Odds{})
	if list, err := exportLinks(t.Context(), store.p, store.Store, testKeys(t), "x", ""); err != nil || len(list) < 160 {
		t.Errorf("after the journal is back: %d links, %v", len(list), err)
	}
}

// Links and a backup can be had of a log that is not upgraded, and the missing record is
// reported. A backup also includes a log with records that this version does not know.
func TestExports_OfALogThatIsNotUpgraded(t *testing.T) {
	store := newStore(t)
	appendOlder := func(log journal.LogID, records ...string) {
		batch := make([]journal.Record, len(records))
		for i, body := range records {
			batch[i] = journal.Record{Key: journal.CommandKey(jsonOf(t, i)), Body: []byte(body)}
		}
		at := journal.Genesis(log, 1)
		journal.Chain(at, batch)
		if r, err := store.memory.Append(t.Context(), log, at, batch, time.Time{}); err != nil || r.Outcome != journal.Appended {
			t.Fatal(r, err)
		}
	}
	const event = `{"key":"k/1","kind":"registerEvent","by":"operator:cli","wall":1,"changes":[{"kind":"versionRaised","body":{"version":2}},{"kind":"eventRegistered","body":{"event":{"id":"later","name":{}}}}]}`
	const organiser = `{"key":"k/2","kind":"addOrganiser","by":"operator:cli","wall":1,"changes":[{"kind":"organiserAdded","body":{"organiser":{"id":"o1","name":""}}}]}`
	appendOlder(journal.InstanceLog, event, organiser)
	appendOlder("later", `{"key":"k/1","kind":"serveTea","by":"operator:cli","wall":1,"changes":[{"kind":"teaServed","body":{}}]}`)
	list, err := exportLinks(t.Context(), store.p, store.Store, testKeys(t), "", "")
	if err != nil || len(list) != 1 || !strings.Contains(store.out.String(), "log _: this export is not recorded") {
		t.Errorf("%d links, %v; %s", len(list), err, store.out.String())
	}
	store.out.Reset()
	err = backUp(t.Context(), store.p, store.Store, filepath.Join(t.TempDir(), "backup"))
	if text := store.out.String(); err != nil || !strings.Contains(text, "log _: this export is not recorded") || !strings.Contains(text, "log later: its people are not counted") || !strings.Contains(text, "2 logs with 3 records") {
		t.Errorf("%v; %s", err, text)
	}
	empty := newStore(t)
	if err := backUp(t.Context(), empty.p, empty.Store, filepath.Join(t.TempDir(), "backup")); !errors.Is(err, access.ErrNoInstance) {
		t.Error(err)
	}
}

// request sends a JSON request to a server, with a bearer token if it is not "", decodes
// the response and returns its status.
func request(t *testing.T, method, url, token, body string, response any) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	got, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if err := json.NewDecoder(got.Body).Decode(response); err != nil {
		t.Fatalf("%s %s: %d %v", method, url, got.StatusCode, err)
	}
	return got.StatusCode
}

package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/sqlitejournal"
	"github.com/matchfloor/matchfloor/server/auth"
)

// waitLimit bounds every wait of these tests.
const waitLimit = 20 * time.Second

// outcome is the result of a finished run.
type outcome struct {
	code           int
	stdout, stderr string
}

// lockedBuffer is a standard error: the program and its log write to it at the same time.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// runFor runs the command line to its end, for at most a duration. env holds pairs of
// name and value.
func runFor(t *testing.T, limit time.Duration, args []string, env ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	var out bytes.Buffer
	var errs lockedBuffer
	code := run(ctx, args, envOf(env), environOf(env), &out, &errs)
	return outcome{code, out.String(), errs.String()}
}

// runOnce runs the command line to its end.
func runOnce(t *testing.T, args []string, env ...string) outcome {
	t.Helper()
	return runFor(t, waitLimit, args, env...)
}

// wantRun runs the command line and fails unless it ends with a code and prints a text.
func wantRun(t *testing.T, code int, text string, args ...string) outcome {
	t.Helper()
	o := runOnce(t, args)
	if o.code != code || !strings.Contains(o.stdout+o.stderr, text) {
		t.Fatalf("%v: %+v, want exit %d and %q", args, o, code, text)
	}
	return o
}

func envOf(pairs []string) func(string) string {
	return func(name string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// environOf returns what envOf returns, as NAME=value.
func environOf(pairs []string) (all []string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		all = append(all, pairs[i]+"="+pairs[i+1])
	}
	return all
}

// background is a run that continues until it is stopped.
type background struct {
	t     *testing.T
	lines *bufio.Scanner
	stop  context.CancelFunc
	ended chan outcome
}

// start runs the command line in the background.
func start(t *testing.T, args []string, env ...string) *background {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	b := &background{t: t, lines: bufio.NewScanner(reader), stop: cancel, ended: make(chan outcome, 1)}
	go func() {
		var errs lockedBuffer
		code := run(ctx, args, envOf(env), environOf(env), writer, &errs)
		writer.Close()
		b.ended <- outcome{code: code, stderr: errs.String()}
	}()
	t.Cleanup(func() { cancel(); reader.Close() })
	return b
}

// startServing serves a data directory, and returns the printed URL.
func startServing(t *testing.T, dir string, args ...string) (b *background, url string) {
	t.Helper()
	b = start(t, append([]string{"serve", "--addr", "127.0.0.1:0", "--data", dir}, args...))
	return b, b.line("matchfloor serves ")
}

// line returns the rest of the next line on stdout that begins with a prefix.
func (b *background) line(prefix string) string {
	b.t.Helper()
	for b.lines.Scan() {
		if rest, ok := strings.CutPrefix(b.lines.Text(), prefix); ok {
			return rest
		}
	}
	b.t.Fatalf("no line begins with %q: %+v", prefix, <-b.ended)
	return ""
}

// end stops the run and returns its outcome. It fails if stopping takes more than the ten
// seconds of a drain.
func (b *background) end() outcome {
	b.t.Helper()
	began := time.Now()
	b.stop()
	go func() {
		for b.lines.Scan() { // so that the run never blocks on stdout
		}
	}()
	select {
	case o := <-b.ended:
		if took := time.Since(began); took > 11*time.Second {
			b.t.Errorf("it took %v to stop", took)
		}
		return o
	case <-time.After(waitLimit):
		b.t.Fatal("it does not stop")
		return outcome{}
	}
}

// store is an instance in memory, and the program of a command line that works on it.
type store struct {
	*node.Store
	memory *journal.Memory
	p      *commandline.Program
	out    *bytes.Buffer // stdout and stderr of p
}

// newStore returns a store into which forums were imported.
func newStore(t *testing.T, forums ...floor.Forum) *store {
	t.Helper()
	s := &store{memory: journal.NewMemory(time.Now), out: &bytes.Buffer{}}
	s.Store = &node.Store{Journal: s.memory, Snapshots: s.memory}
	s.p = &commandline.Program{Getenv: envOf(nil), Stdout: s.out, Stderr: s.out}
	for _, forum := range forums {
		if err := importForum(t.Context(), s.p, s.Store, forum); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// sampleForum is the sample forum with another id and purge date.
func sampleForum(t *testing.T, id floor.EventID, purge floor.Instant) floor.Forum {
	t.Helper()
	forum, err := demo.Forum()
	if err != nil {
		t.Fatal(err)
	}
	forum.Event.ID, forum.Event.PurgeAt = id, purge
	return forum
}

// emptyInstance makes a data directory with an instance that has no organiser, event or
// key.
func emptyInstance(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	db, err := sqlitejournal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	store := &node.Store{Journal: db, Snapshots: db}
	p := &commandline.Program{Getenv: envOf(nil), Stdout: t.Output(), Stderr: t.Output()}
	err = access.WithHub(p, store, func(h *hub.Hub) error {
		return access.Submit(t.Context(), h, journal.InstanceLog, floor.SetPublicURL{URL: "https://forum.example"})
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return dir
}

// keyFile writes an instance key to a file.
func keyFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(name, bytes.Repeat([]byte("k"), 64), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// writeKey writes an arbitrary instance key into a data directory.
func writeKey(t *testing.T, dir string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, access.KeyName), bytes.Repeat([]byte("k"), auth.MinKey), 0o600); err != nil {
		t.Fatal(err)
	}
}

// testKeys are the keys of an arbitrary instance key.
func testKeys(t *testing.T) auth.Keys {
	t.Helper()
	keys, err := auth.NewKeys(bytes.Repeat([]byte("k"), auth.MinKey))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// damagedLog is a journal in which one log cannot be read.
type damagedLog struct {
	journal.Journal
	log journal.LogID
}

func (d damagedLog) Read(ctx context.Context, log journal.LogID, after uint64, limit int) (journal.Page, error) {
	if log == d.log {
		return journal.Page{}, &journal.CorruptError{Log: log, Seq: 3}
	}
	return d.Journal.Read(ctx, log, after, limit)
}

// sampleWorkbook writes the sample workbook to a file.
func sampleWorkbook(t *testing.T) string {
	t.Helper()
	return workbookFile(t, demo.Workbook())
}

func workbookFile(t *testing.T, content []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "forum.xlsx")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// linesOf returns the lines of a text.
func linesOf(text string) []string { return strings.Split(text, "\n") }

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// get requests a URL and returns the status and the body.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

// eventually polls done until it returns true, and fails after waitLimit.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for end := time.After(waitLimit); !done(); {
		select {
		case <-poll.C:
		case <-end:
			t.Fatal("not in time: " + what)
		}
	}
}

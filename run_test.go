package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server/auth"
)

// within bounds every wait of these tests.
const within = 20 * time.Second

// outcome is what a finished run left.
type outcome struct {
	code           int
	stdout, stderr string
}

// runOnce runs to the end; env holds pairs of name and value.
func runOnce(t *testing.T, args []string, env ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	var out, errs bytes.Buffer
	code := run(ctx, args, envOf(env), &out, &errs)
	return outcome{code, out.String(), errs.String()}
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

// running is a run that goes on until it is told to stop.
type running struct {
	t     *testing.T
	lines *bufio.Scanner
	stop  context.CancelFunc
	ended chan outcome
}

func start(t *testing.T, args []string, env ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	r := &running{t: t, lines: bufio.NewScanner(reader), stop: cancel, ended: make(chan outcome, 1)}
	go func() {
		var errs bytes.Buffer
		code := run(ctx, args, envOf(env), writer, &errs)
		writer.Close()
		r.ended <- outcome{code: code, stderr: errs.String()}
	}()
	t.Cleanup(func() { cancel(); reader.Close() })
	return r
}

// line answers the rest of the next line that begins so.
func (r *running) line(begin string) string {
	r.t.Helper()
	for r.lines.Scan() {
		if rest, ok := strings.CutPrefix(r.lines.Text(), begin); ok {
			return rest
		}
	}
	r.t.Fatalf("no line begins with %q: %+v", begin, <-r.ended)
	return ""
}

// end stops it and answers what it left, within ten seconds.
func (r *running) end() outcome {
	r.t.Helper()
	began := time.Now()
	r.stop()
	go func() {
		for r.lines.Scan() { // so that nothing waits to print
		}
	}()
	select {
	case o := <-r.ended:
		if took := time.Since(began); took > 11*time.Second {
			r.t.Errorf("it took %v to stop", took)
		}
		return o
	case <-time.After(within):
		r.t.Fatal("it does not stop")
		return outcome{}
	}
}

func workbookFile(t *testing.T, content []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "forum.xlsx")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	once := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := once.Get(url)
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

// eventually asks again until done, within a bound.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for end := time.After(within); !done(); {
		select {
		case <-again.C:
		case <-end:
			t.Fatal("not within the time: " + what)
		}
	}
}

func TestUsage(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"nothing":              {nil, exitUsage, "usage:"},
		"unknown":              {[]string{"dance"}, exitUsage, `"dance"`},
		"help":                 {[]string{"help"}, exitOK, ""},
		"help of one":          {[]string{"serve", "-h"}, exitOK, "--public-url"},
		"unknown flag":         {[]string{"serve", "--fast"}, exitUsage, "fast"},
		"nowhere to live":      {[]string{"serve"}, exitUsage, "--data"},
		"two places":           {[]string{"links", "--data", dir, "--redis", "redis://x"}, exitUsage, "--data"},
		"redis without a key":  {[]string{"links", "--redis", "redis://127.0.0.1:1", "--event", "x"}, exitUsage, "--key-file"},
		"no file":              {[]string{"import", "--data", dir}, exitUsage, "1 argument"},
		"two files":            {[]string{"import", "--data", dir, "a", "b"}, exitUsage, "not 2"},
		"event with a path":    {[]string{"links", "--data", dir, "--event", "../x"}, exitUsage, "event"},
		"the instance's log":   {[]string{"links", "--data", dir, "--event", "_"}, exitUsage, "event"},
		"no such event":        {[]string{"links", "--data", dir, "--event", "nothing"}, exitFailed, "nothing"},
		"half of TLS":          {[]string{"serve", "--data", dir, "--tls-cert", "x"}, exitUsage, "--tls-key"},
		"public URL with path": {[]string{"serve", "--data", dir, "--public-url", "https://x/y"}, exitUsage, "--public-url"},
		"public URL of a file": {[]string{"serve", "--data", dir, "--public-url", "file:///x"}, exitUsage, "--public-url"},
		"odd proxy":            {[]string{"serve", "--data", dir, "--trusted-proxy", "everyone"}, exitUsage, "everyone"},
		"odd time":             {[]string{"demo", "--from", "noon"}, exitUsage, "noon"},
		"too fast":             {[]string{"demo", "--speed", "61"}, exitUsage, "--speed"},
		"no such workbook":     {[]string{"import", "--data", dir, filepath.Join(dir, "none.xlsx")}, exitFailed, "none.xlsx"},
		"address in use twice": {[]string{"serve", "--data", dir, "--addr", "256.0.0.1:1"}, exitFailed, "256"},
	} {
		o := runOnce(t, c.args)
		if o.code != c.code || !strings.Contains(o.stderr, c.says) {
			t.Errorf("%s: exit %d, stderr %q", name, o.code, o.stderr)
		}
	}
	if o := runOnce(t, []string{"version"}); o.code != exitOK || !strings.HasPrefix(o.stdout, "matchfloor ") {
		t.Errorf("version: %+v", o)
	}
}

func TestFlagsWinOverTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	if o := runOnce(t, []string{"links"}, "MATCHFLOOR_DATA", dir, "MATCHFLOOR_JSON", "true"); o.code != exitOK || o.stdout != "[]\n" {
		t.Errorf("by the environment: %+v", o)
	}
	o := runOnce(t, []string{"links", "--data", dir, "--json"}, "MATCHFLOOR_REDIS", "redis://127.0.0.1:1", "MATCHFLOOR_DATA", "/dev/null/x")
	if o.code != exitOK {
		t.Errorf("a flag beside another place in the environment: %+v", o)
	}
	o = runOnce(t, []string{"serve", "--data", dir}, "MATCHFLOOR_MAX_CONNECTIONS", "many")
	if o.code != exitUsage || !strings.Contains(o.stderr, "MATCHFLOOR_MAX_CONNECTIONS") {
		t.Errorf("nonsense in the environment: %+v", o)
	}
}

// The way from nothing: serve, import beside it, links, a restart.
func TestServeImportLinks(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	dir := filepath.Join(t.TempDir(), "data")
	first := start(t, []string{"serve", "--addr", "127.0.0.1:0", "--data", dir})
	url := first.line("matchfloor serves ")
	organiser := first.line("organiser: ")
	if !strings.HasPrefix(organiser, url+"/organiser#_.organiser-") {
		t.Errorf("the organiser's link: %s", organiser)
	}
	if status, body := get(t, url+"/readyz"); status != http.StatusOK {
		t.Errorf("readyz: %d %s", status, body)
	}
	if o := runOnce(t, []string{"health", "--url", url + "/readyz"}); o.code != exitOK {
		t.Errorf("health: %+v", o)
	}
	file := workbookFile(t, demo.Workbook())
	for range 2 {
		o := runOnce(t, []string{"import", "--data", dir, file})
		words := strings.Fields(o.stdout)
		if o.code != exitOK || len(words) == 0 || words[len(words)-1] != "green-2026" {
			t.Fatalf("import: %+v", o)
		}
	}
	if o := runOnce(t, []string{"import", "--data", dir, "--json", file}); strings.TrimSpace(o.stdout) != `{"event":"green-2026"}` {
		t.Errorf("import --json: %+v", o)
	}
	before := runOnce(t, []string{"links", "--data", dir, "--event", "green-2026", "--json"})
	checkLinks(t, before, url, organiser)
	if o := first.end(); o.code != exitOK {
		t.Errorf("stopped: %+v", o)
	}
	if o := runOnce(t, []string{"health", "--url", url + "/readyz"}); o.code != exitFailed {
		t.Errorf("health of a stopped server: %+v", o)
	}
	second := start(t, []string{"serve", "--addr", "127.0.0.1:0", "--data", dir})
	if second.line("matchfloor serves ") == url {
		t.Log("the same port again: the next comparison shows nothing")
	}
	after := runOnce(t, []string{"links", "--data", dir, "--event", "green-2026", "--json"})
	if after.stdout != before.stdout {
		t.Error("a restart on another port changes the links")
	}
	if o := second.end(); o.code != exitOK || strings.Contains(o.stdout, "organiser") {
		t.Errorf("the second start: %+v", o)
	}
}

func checkLinks(t *testing.T, o outcome, url, organiser string) {
	t.Helper()
	var links []auth.Link
	if err := json.Unmarshal([]byte(o.stdout), &links); err != nil || o.code != exitOK {
		t.Fatalf("links: %v %+v", err, o)
	}
	count := map[floor.Role]int{}
	for _, l := range links {
		count[l.Role]++
		if !strings.HasPrefix(l.URL, url+"/") || l.ID == "" {
			t.Errorf("%+v", l)
		}
	}
	if links[0].URL != organiser || count[floor.RoleAttendee] != 132 || count[floor.RoleInterpreter] != 21 ||
		count[floor.RoleModerator] != 3 || count[floor.RoleRunner] != 4 || count[floor.RoleDisplay] != 4 {
		t.Errorf("the first is %s; %v", links[0].URL, count)
	}
}

func TestPublicURL(t *testing.T) {
	dir := t.TempDir()
	if o := runOnce(t, []string{"import", "--data", dir, workbookFile(t, demo.Workbook())}); o.code != exitOK {
		t.Fatalf("import before the first start: %+v", o)
	}
	o := runOnce(t, []string{"links", "--data", dir, "--event", "green-2026"})
	if o.code != exitOK || !strings.Contains(o.stdout, " /attendee#green-2026.") {
		t.Errorf("before an address is known: %.300s %s", o.stdout, o.stderr)
	}
	for _, want := range []string{"https://forum.example/", "https://other.example"} {
		s := start(t, []string{"serve", "--addr", "127.0.0.1:0", "--data", dir}, "MATCHFLOOR_PUBLIC_URL", want)
		s.line("matchfloor serves ")
		s.end()
		o = runOnce(t, []string{"links", "--data", dir, "--event", "green-2026"})
		if prefix := strings.TrimSuffix(want, "/") + "/attendee#"; !strings.Contains(o.stdout, " "+prefix) {
			t.Errorf("with %s: %.300s", want, o.stdout)
		}
	}
}

func TestImportTellsEveryFault(t *testing.T) {
	bad, faults, err := demo.WithBadRows()
	if err != nil {
		t.Fatal(err)
	}
	dir, file := filepath.Join(t.TempDir(), "data"), workbookFile(t, bad)
	o := runOnce(t, []string{"import", "--data", dir, file})
	if o.code != exitFaults || strings.Count(o.stderr, "\n") != len(faults) || o.stdout != "" {
		t.Errorf("%+v", o)
	}
	for _, f := range faults {
		if !strings.Contains(o.stderr, f.Error()) {
			t.Errorf("%q is not told in %q", f.Error(), o.stderr)
		}
	}
	o = runOnce(t, []string{"import", file, "--data", dir, "--json"})
	var told struct {
		Code   string
		Errors []map[string]any
	}
	if err := json.Unmarshal([]byte(o.stdout), &told); err != nil || o.code != exitFaults || told.Code != "workbook" || len(told.Errors) != len(faults) {
		t.Errorf("--json: %v %+v", err, o)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a workbook with faults left something behind")
	}
}

func TestInstanceKey(t *testing.T) {
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
		t.Errorf("left behind: %v %v", left, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if o := runOnce(t, []string{"links", "--data", dir}); o.code != exitFailed || !strings.Contains(o.stderr, "chmod 600") {
		t.Errorf("a key that others can read: %+v", o)
	}
	short := filepath.Join(dir, "short")
	if err := os.WriteFile(short, make([]byte, auth.MinKey-1), 0o600); err != nil {
		t.Fatal(err)
	}
	if o := runOnce(t, []string{"links", "--data", dir, "--key-file", short}); o.code != exitFailed || !strings.Contains(o.stderr, "31 bytes") {
		t.Errorf("a short key: %+v", o)
	}
}

// A journal that failed must not be served on: the exit code says so.
func TestFailedJournalStopsTheNode(t *testing.T) {
	memory, failed := journal.NewMemory(time.Now), make(chan error, 1)
	keys, err := auth.NewKeys(make([]byte, auth.MinKey))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &program{env: envOf(nil), stdout: io.Discard, stderr: io.Discard}
	n, err := newNode(nodeOptions{
		opened: &opened{journal: memory, snapshots: memory, failed: failed}, keys: keys, listener: listener, log: p.logger(nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	err = n.run(t.Context(), func(context.Context) error { failed <- errors.New("sync"); return nil })
	if err == nil || p.exit(err) != exitFailed {
		t.Errorf("it ended with %v", err)
	}
	if _, err := net.Dial("tcp", listener.Addr().String()); err == nil {
		t.Error("it still listens")
	}
}

func TestDemoPlaysAndLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Cleanup(func() { goleak.VerifyNone(t) })
	d := start(t, []string{"demo", "--addr", "127.0.0.1:0", "--crowd", "3", "--speed", "60"})
	head := d.line("matchfloor plays the sample forum at ")
	url, _, _ := strings.Cut(head, ",")
	for _, role := range []string{"attendee", "interpreter", "moderator", "display", "organiser"} {
		d.line(role)
		if link := d.line("             "); !strings.HasPrefix(link, url+"/"+role+"#") {
			t.Errorf("%s: %s", role, link)
		}
	}
	d.line("███") // the QR code
	if status, _ := get(t, url+"/readyz"); status != http.StatusOK {
		t.Errorf("readyz: %d", status)
	}
	eventually(t, "somebody of the crowd is here", func() bool {
		_, metrics := get(t, url+"/metrics")
		return strings.Contains(metrics, "matchfloor_live_connections ") && !strings.Contains(metrics, "matchfloor_live_connections 0")
	})
	if o := d.end(); o.code != exitOK {
		t.Errorf("ended: %+v", o)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestReachable(t *testing.T) {
	for addr, want := range map[string]string{"127.0.0.1:80": "127.0.0.1:80", "192.168.1.5:8080": "192.168.1.5:8080", "[::1]:80": "[::1]:80"} {
		a, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if got := reachable(a); got != want {
			t.Errorf("%s: %s", addr, got)
		}
	}
	if got := reachable(&net.TCPAddr{Port: 8080}); strings.HasPrefix(got, "0.") || strings.HasPrefix(got, "[::]") {
		t.Errorf("every address: %s", got)
	}
}

func TestQRCode(t *testing.T) {
	var out bytes.Buffer
	if err := printQR(&out, "http://192.168.1.5:8080/attendee#x"); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	width := len([]rune(lines[0]))
	for i, l := range lines {
		if len([]rune(l)) != width {
			t.Errorf("line %d has %d characters, the first %d", i, len([]rune(l)), width)
		}
	}
	if width < 21+2*quiet || len(lines) != (width+1)/2 || strings.Contains(out.String(), "\x1b") {
		t.Errorf("%d × %d", width, len(lines))
	}
}

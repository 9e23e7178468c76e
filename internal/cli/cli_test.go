package cli

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/server/auth"
)

func TestRun_ExitCodesAndMessages(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		code int
		text string // on stderr
	}{
		"nothing":                   {nil, commandline.ExitUsage, "usage:"},
		"unknown":                   {[]string{"dance"}, commandline.ExitUsage, `"dance"`},
		"help":                      {[]string{"help"}, commandline.ExitOK, ""},
		"help of one":               {[]string{"serve", "-h"}, commandline.ExitOK, "--public-url"},
		"unknown flag":              {[]string{"serve", "--fast"}, commandline.ExitUsage, "fast"},
		"no store":                  {[]string{"serve"}, commandline.ExitUsage, "--data"},
		"two stores":                {[]string{"links", "--data", dir, "--redis", "redis://x"}, commandline.ExitUsage, "--data"},
		"redis without a key":       {[]string{"links", "--redis", "redis://127.0.0.1:1", "--event", "x"}, commandline.ExitUsage, "--key-file"},
		"no file":                   {[]string{"import", "--data", dir}, commandline.ExitUsage, "1 argument"},
		"two files":                 {[]string{"import", "--data", dir, "a", "b"}, commandline.ExitUsage, "not 2"},
		"event with a path":         {[]string{"links", "--data", dir, "--event", "../x"}, commandline.ExitUsage, "event"},
		"the instance's log":        {[]string{"links", "--data", dir, "--event", "_"}, commandline.ExitUsage, "event"},
		"no instance":               {[]string{"links", "--data", filepath.Join(dir, "none")}, commandline.ExitFailed, "there is no instance in "},
		"certificate without key":   {[]string{"serve", "--data", dir, "--tls-cert", "x"}, commandline.ExitUsage, "--tls-key"},
		"public URL with path":      {[]string{"serve", "--data", dir, "--public-url", "https://x/y"}, commandline.ExitUsage, "--public-url"},
		"plain public URL with TLS": {[]string{"serve", "--data", dir, "--public-url", "http://x", "--tls-cert", "c", "--tls-key", "k"}, commandline.ExitUsage, "begin --public-url with https://"},
		"version with an argument":  {[]string{"version", "x"}, commandline.ExitUsage, "argument"},
		"public URL of a file":      {[]string{"serve", "--data", dir, "--public-url", "file:///x"}, commandline.ExitUsage, "--public-url"},
		"invalid proxy":             {[]string{"serve", "--data", dir, "--trusted-proxy", "everyone"}, commandline.ExitUsage, "everyone"},
		"invalid time":              {[]string{"demo", "--from", "noon"}, commandline.ExitUsage, "noon"},
		"too fast":                  {[]string{"demo", "--speed", "61"}, commandline.ExitUsage, "--speed"},
		"missing workbook":          {[]string{"import", "--data", dir, filepath.Join(dir, "none.xlsx")}, commandline.ExitFailed, "none.xlsx"},
		"invalid address":           {[]string{"serve", "--data", dir, "--addr", "256.0.0.1:1"}, commandline.ExitFailed, "256"},
	} {
		o := runOnce(t, c.args)
		if o.code != c.code || !strings.Contains(o.stderr, c.text) {
			t.Errorf("%s: exit %d, stderr %q", name, o.code, o.stderr)
		}
	}
	if o := runOnce(t, []string{"version"}); o.code != commandline.ExitOK || !strings.HasPrefix(o.stdout, "matchfloor ") {
		t.Errorf("version: %+v", o)
	}
}

func TestFlags_TakePrecedenceOverTheEnvironment(t *testing.T) {
	dir := emptyInstance(t)
	if o := runOnce(t, []string{"links"}, "MATCHFLOOR_DATA", dir, "MATCHFLOOR_JSON", "true"); o.code != commandline.ExitOK || o.stdout != "[]\n" {
		t.Errorf("store and format from the environment: %+v", o)
	}
	o := runOnce(t, []string{"links", "--data", dir}, "MATCHFLOOR_DATE", "/s3cret", "MATCHFLOOR_OPEN_FILES", "1", "MATCHFLOOR_PHONES", "2")
	if o.code != commandline.ExitOK || !strings.HasPrefix(o.stderr, "matchfloor: the variable MATCHFLOOR_DATE is not known and has no effect; did you mean MATCHFLOOR_DATA?\n") || strings.Count(o.stderr, "variable") != 1 {
		t.Errorf("a mistyped variable: %+v", o)
	}
	o = runOnce(t, []string{"links", "--data", dir, "--json"}, "MATCHFLOOR_REDIS", "redis://127.0.0.1:1", "MATCHFLOOR_DATA", "/dev/null/x")
	if o.code != commandline.ExitOK {
		t.Errorf("--data and a MATCHFLOOR_REDIS: %+v", o)
	}
	o = runOnce(t, []string{"serve", "--data", dir}, "MATCHFLOOR_MAX_CONNECTIONS", "many")
	if o.code != commandline.ExitUsage || !strings.Contains(o.stderr, "MATCHFLOOR_MAX_CONNECTIONS") {
		t.Errorf("an invalid number in the environment: %+v", o)
	}
}

// A new instance is served; while it runs, a workbook is imported and links are printed;
// then it is restarted.
func TestServe_KeepsLinksOverImportsAndARestart(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	dir := filepath.Join(t.TempDir(), "data")
	first, url := startServing(t, dir)
	organiser := first.line("organiser: ")
	if !strings.HasPrefix(organiser, url+"/organiser#_.organiser-") {
		t.Errorf("the organiser's link: %s", organiser)
	}
	if status, body := get(t, url+"/readyz"); status != http.StatusOK {
		t.Errorf("readyz: %d %s", status, body)
	}
	if o := runOnce(t, []string{"health", "--url", url + "/readyz"}); o.code != commandline.ExitOK {
		t.Errorf("health: %+v", o)
	}
	file := sampleWorkbook(t)
	for range 2 {
		o := runOnce(t, []string{"import", "--data", dir, file})
		words := strings.Fields(o.stdout)
		if o.code != commandline.ExitOK || len(words) == 0 || words[len(words)-1] != "green-2026" {
			t.Fatalf("import: %+v", o)
		}
	}
	if o := runOnce(t, []string{"import", "--data", dir, "--json", file}); !strings.HasPrefix(o.stdout, `{"event":"green-2026","new":false,"counts":{`) {
		t.Errorf("import --json: %+v", o)
	}
	before := runOnce(t, []string{"links", "--data", dir, "--event", "green-2026", "--json"})
	checkLinks(t, before, url, organiser)
	if o := first.end(); o.code != commandline.ExitOK {
		t.Errorf("stopped: %+v", o)
	}
	if o := runOnce(t, []string{"health", "--url", url + "/readyz"}); o.code != commandline.ExitFailed {
		t.Errorf("health of a stopped server: %+v", o)
	}
	second, secondURL := startServing(t, dir)
	if secondURL == url {
		t.Log("the system gave the same port again: the next comparison shows nothing")
	}
	after := runOnce(t, []string{"links", "--data", dir, "--event", "green-2026", "--json"})
	if after.stdout != before.stdout {
		t.Error("a restart on another port changed the links")
	}
	if o := second.end(); o.code != commandline.ExitOK || strings.Contains(o.stdout, "organiser") {
		t.Errorf("the second start: %+v", o)
	}
}

func checkLinks(t *testing.T, o outcome, url, organiser string) {
	t.Helper()
	var links []auth.Link
	if err := json.Unmarshal([]byte(o.stdout), &links); err != nil || o.code != commandline.ExitOK {
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

func TestServe_PublicURLReplacesTheOldOne(t *testing.T) {
	dir := t.TempDir()
	if o := runOnce(t, []string{"import", "--create", "--data", dir, sampleWorkbook(t)}); o.code != commandline.ExitOK {
		t.Fatalf("import before the first start: %+v", o)
	}
	o := runOnce(t, []string{"links", "--data", dir, "--event", "green-2026"})
	if o.code != commandline.ExitOK || !strings.Contains(o.stdout, " /attendee#green-2026.") || !strings.Contains(o.stderr, "No public URL is known yet") {
		t.Errorf("before an address is known: %.300s %s", o.stdout, o.stderr)
	}
	for _, want := range []string{"https://forum.example/", "https://other.example"} {
		s := start(t, []string{"serve", "--addr", "127.0.0.1:0", "--data", dir}, "MATCHFLOOR_PUBLIC_URL", want)
		s.line("matchfloor serves ")
		if o := s.end(); o.code != commandline.ExitOK {
			t.Errorf("with %s: stopped: %+v", want, o)
		}
		o = runOnce(t, []string{"links", "--data", dir, "--event", "green-2026"})
		if prefix := strings.TrimSuffix(want, "/") + "/attendee#"; !strings.Contains(o.stdout, " "+prefix) || o.stderr != "" {
			t.Errorf("with %s: %.300s", want, o.stdout)
		}
	}
}

func TestImport_PrintsEveryFault(t *testing.T) {
	bad, faults, err := demo.WithBadRows()
	if err != nil {
		t.Fatal(err)
	}
	dir, file := filepath.Join(t.TempDir(), "data"), workbookFile(t, bad)
	o := runOnce(t, []string{"import", "--data", dir, file})
	if o.code != commandline.ExitFaults || strings.Count(o.stderr, "\n") != len(faults) || o.stdout != "" {
		t.Errorf("%+v", o)
	}
	for _, f := range faults {
		if !strings.Contains(o.stderr, f.Error()) {
			t.Errorf("%q is missing in %q", f.Error(), o.stderr)
		}
	}
	o = runOnce(t, []string{"import", file, "--data", dir, "--json"})
	var result struct {
		Code   string
		Errors []map[string]any
	}
	if err := json.Unmarshal([]byte(o.stdout), &result); err != nil || o.code != commandline.ExitFaults || result.Code != "workbook" || len(result.Errors) != len(faults) {
		t.Errorf("--json: %v %+v", err, o)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the data directory was made for a workbook with faults")
	}
}

// A bound of zero or less would admit nobody, or stand for no bound: it is refused.
func TestServe_RefusesBoundsBelowOne(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	for _, bound := range []string{"--max-connections=0", "--max-connections=-1", "--max-events=0", "--max-events=-1"} {
		wantRun(t, commandline.ExitUsage, "must be at least 1", "serve", "--data", dir, bound)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a refused serve made a directory")
	}
}

func TestServe_OnLoopbackSaysHowPhonesReachIt(t *testing.T) {
	const hint = "Only this machine can open "
	dir := t.TempDir()
	s, url := startServing(t, dir)
	if o := s.end(); !strings.Contains(o.stderr, hint+url) {
		t.Errorf("without a public URL: %s", o.stderr)
	}
	s, _ = startServing(t, dir, "--public-url", "https://forum.example")
	if o := s.end(); strings.Contains(o.stderr, hint) {
		t.Errorf("with a public URL: %s", o.stderr)
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/matchfloor/matchfloor/internal/loadtest"
)

// everyScenario is the flags of a run of seconds.
var everyScenario = []string{"--phones", "60", "--consoles", "2", "--rate", "40", "--last", "1s", "--settle", "100ms", "--log-level", "error"}

// results reads the JSON lines of a run.
func results(t *testing.T, text string) (all []loadtest.Result) {
	t.Helper()
	for line := range strings.Lines(text) {
		var r loadtest.Result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, r)
	}
	return all
}

// runLong is runOnce for what takes longer.
func runLong(t *testing.T, args []string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	code := run(ctx, args, envOf(nil), &out, &errs)
	return outcome{code, out.String(), errs.String()}
}

// measured starts a server to be measured and answers its URL and organiser's link.
func measured(t *testing.T) (s *running, url, organiser string) {
	t.Helper()
	s = start(t, []string{"serve", "--addr", "127.0.0.1:0", "--data", t.TempDir(), "--log-level", "error"})
	return s, s.line("matchfloor serves "), s.line("organiser: ")
}

// TestLoadPlaysEveryScenario: each makes its own event by the API, and at the end
// everybody holds what the server says.
func TestLoadPlaysEveryScenario(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	var played []string
	// Of one link a server takes five workbooks at once, and then one in ten seconds.
	for scenarios := range slices.Chunk(loadtest.Scenarios, 4) {
		s, url, organiser := measured(t)
		args := []string{"load", "--target", url, "--organiser", organiser, "--scenario", strings.Join(scenarios, ",")}
		o := runLong(t, append(args, everyScenario...))
		if o.code != exitOK {
			t.Fatalf("%+v", o)
		}
		t.Log(o.stdout)
		for _, r := range results(t, o.stdout) {
			played = append(played, r.Scenario)
			if r.Server != "matchfloor" || r.Phones != 60 || r.Digests.Checked != 62 || r.Digests.Wrong != 0 || r.Lost != 0 {
				t.Errorf("%+v", r)
			}
			checkFigures(t, r)
		}
		if o := s.end(); o.code != exitOK {
			t.Errorf("the server: %+v", o)
		}
	}
	if !slices.Equal(played, loadtest.Scenarios) {
		t.Errorf("played %v", played)
	}
}

// TestLoadFindsAWrongView: somebody between the server and the phones makes two of
// them hold something else than the server says.
func TestLoadFindsAWrongView(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	s, target, organiser := measured(t)
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	lied := make(map[string]bool) // to whom: always the same two, because a view is asked for again while it moves
	proxy := httputil.NewSingleHostReverseProxy(to)
	transport := &http.Transport{}
	proxy.Transport = transport
	proxy.ModifyResponse = func(r *http.Response) error {
		mu.Lock()
		defer mu.Unlock()
		who := r.Request.Header.Get("Authorization")
		if r.Header.Get("Matchfloor-View-Digest") != "" && r.Header.Get("Content-Encoding") == "" && (lied[who] || len(lied) < 2) {
			lied[who] = true
			r.Header.Set("Matchfloor-View-Digest", strings.Repeat("0", 64))
		}
		return nil
	}
	front := httptest.NewServer(proxy)
	t.Cleanup(transport.CloseIdleConnections)
	t.Cleanup(front.Close)
	args := []string{"load", "--target", front.URL, "--organiser", organiser, "--scenario", "storm", "--server-pid", strconv.Itoa(os.Getpid())}
	o := runLong(t, append(args, everyScenario...))
	if all := results(t, o.stdout); o.code != exitFailed || len(all) != 1 || all[0].Digests.Wrong != 2 {
		t.Errorf("%+v", o)
	}
	s.end()
}

// checkFigures holds that a scenario tells what it is there to tell.
func checkFigures(t *testing.T, r loadtest.Result) {
	t.Helper()
	told := r.ConnectsPerSecond > 0 && r.RSS > 0
	switch r.Scenario {
	case "idle":
		told = told && r.Seconds > 0
	case "storm":
		told = told && r.LastWhole > 0
	case "slow":
		told = told && r.QuietLatency != nil && r.OtherLatency != nil
	default:
		told = told && r.Latency != nil && r.Latency.N > 0 && r.Latency.Max >= r.Latency.P50 && r.Commands > 0 && r.Deliveries >= r.Latency.N/2
	}
	if !told {
		t.Errorf("%s does not tell what it is for: %+v", r.Scenario, r)
	}
}

// TestLoadOnTheHub plays the same on what matchfloor is measured against.
func TestLoadOnTheHub(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	h := start(t, []string{"load", "hub"})
	url := h.line("hub serves ")
	f := (&program{env: envOf(nil), stdout: t.Output(), stderr: t.Output()}).loadFlags("load", "")
	if _, err := f.parse(everyScenario, 0); err != nil {
		t.Fatal(err)
	}
	o, err := f.options()
	if err != nil {
		t.Fatal(err)
	}
	o.Chat, o.Scenarios = url, []string{"idle", "broadcast", "personal", "storm", "slow", "day"}
	var played []string
	o.Told = func(name string, r loadtest.Result) {
		played = append(played, name)
		if r.Server != "chat" || r.ConnectsPerSecond == 0 {
			t.Errorf("%+v", r)
		}
	}
	o.PIDs = []int{os.Getpid()}
	if err := loadtest.Run(t.Context(), o); err != nil || !slices.Equal(played, o.Scenarios) {
		t.Errorf("%v: %v", played, err)
	}
	if o := h.end(); o.code != exitOK {
		t.Errorf("the hub: %+v", o)
	}
}

func TestLoadUsage(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"nothing to measure":  {[]string{"load"}, exitUsage, "--target"},
		"no organiser":        {[]string{"load", "--target", "http://127.0.0.1:1"}, exitUsage, "--organiser"},
		"no such scenario":    {[]string{"load", "--target", "http://127.0.0.1:1", "--organiser", "x", "--scenario", "panic"}, exitFailed, "panic"},
		"too few phones":      {[]string{"load", "--target", "http://127.0.0.1:1", "--organiser", "x", "--phones", "1"}, exitFailed, "phones"},
		"too many phones":     {[]string{"load", "--target", "http://127.0.0.1:1", "--organiser", "x", "--phones", "9000000"}, exitFailed, "ulimit"},
		"odd pid":             {[]string{"load", "--target", "http://127.0.0.1:1", "--organiser", "x", "--server-pid", "me"}, exitUsage, "me"},
		"no link":             {[]string{"load", "--target", "http://127.0.0.1:1", "--organiser", "x"}, exitFailed, "link"},
		"profiles for others": {[]string{"serve", "--data", t.TempDir(), "--pprof-addr", "0.0.0.0:6060"}, exitUsage, "loopback"},
		"help of compare":     {[]string{"load", "compare", "-h"}, exitOK, "--server-cpus"},
	} {
		o := runOnce(t, c.args)
		if o.code != c.code || !strings.Contains(o.stderr, c.says) {
			t.Errorf("%s: exit %d, stderr %q", name, o.code, o.stderr)
		}
	}
}

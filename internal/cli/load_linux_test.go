package cli

import (
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

	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/loadtest"
)

// shortRun are the flags of scenarios that take seconds.
var shortRun = []string{"--phones", "60", "--consoles", "2", "--rate", "40", "--last", "1s", "--settle", "100ms", "--log-level", "error"}

// results decodes the JSON lines of a run.
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

// loadLimit bounds a run that plays several scenarios.
const loadLimit = 2 * time.Minute

// startMeasured starts a server and returns its URL and the organiser's link.
func startMeasured(t *testing.T) (s *background, url, organiser string) {
	t.Helper()
	s, url = startServing(t, t.TempDir(), "--log-level", "error")
	return s, url, s.line("organiser: ")
}

// Each scenario makes its own event through the API, and in the end every client has the
// view that the server has.
func TestLoad_PlaysEveryScenario(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	var played []string
	// A server accepts five workbooks at once from one link, and then one in ten seconds.
	for scenarios := range slices.Chunk(loadtest.Scenarios, 4) {
		s, url, organiser := startMeasured(t)
		args := []string{"load", "--target", url, "--organiser", organiser, "--scenario", strings.Join(scenarios, ",")}
		o := runFor(t, loadLimit, append(args, shortRun...))
		if o.code != commandline.ExitOK {
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
		if o := s.end(); o.code != commandline.ExitOK {
			t.Errorf("the server: %+v", o)
		}
	}
	if !slices.Equal(played, loadtest.Scenarios) {
		t.Errorf("played %v", played)
	}
}

// A proxy between the server and the phones changes the digests of two views, so that
// these differ from the phones' own.
func TestLoad_ReportsWrongViews(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	s, target, organiser := startMeasured(t)
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	falsified := make(map[string]bool) // by phone: always the same two, because a view is requested again while it changes
	proxy := httputil.NewSingleHostReverseProxy(to)
	transport := &http.Transport{}
	proxy.Transport = transport
	proxy.ModifyResponse = func(r *http.Response) error {
		mu.Lock()
		defer mu.Unlock()
		who := r.Request.Header.Get("Authorization")
		if r.Header.Get("Matchfloor-View-Digest") != "" && r.Header.Get("Content-Encoding") == "" && (falsified[who] || len(falsified) < 2) {
			falsified[who] = true
			r.Header.Set("Matchfloor-View-Digest", strings.Repeat("0", 64))
		}
		return nil
	}
	front := httptest.NewServer(proxy)
	t.Cleanup(transport.CloseIdleConnections)
	t.Cleanup(front.Close)
	args := []string{"load", "--target", front.URL, "--organiser", organiser, "--scenario", "storm", "--server-pid", strconv.Itoa(os.Getpid())}
	o := runFor(t, loadLimit, append(args, shortRun...))
	if all := results(t, o.stdout); o.code != commandline.ExitFailed || len(all) != 1 || all[0].Digests.Wrong != 2 {
		t.Errorf("%+v", o)
	}
	s.end()
}

// checkFigures fails unless a result has the figures that its scenario is for.
func checkFigures(t *testing.T, r loadtest.Result) {
	t.Helper()
	ok := r.ConnectsPerSecond > 0 && r.RSS > 0
	switch r.Scenario {
	case "idle":
		ok = ok && r.Seconds > 0
	case "storm":
		ok = ok && r.LastWhole > 0
	case "slow":
		ok = ok && r.QuietLatency != nil && r.OtherLatency != nil
	default:
		ok = ok && r.Latency != nil && r.Latency.N > 0 && r.Latency.Max >= r.Latency.P50 && r.Commands > 0 && r.Deliveries >= r.Latency.N/2
	}
	if !ok {
		t.Errorf("%s lacks figures: %+v", r.Scenario, r)
	}
}

// chatOptions returns the options of a run on a chat-style hub that is served by this process.
func chatOptions(t *testing.T, url string, args ...string) loadtest.Options {
	t.Helper()
	f := newLoadFlags(&commandline.Program{Getenv: envOf(nil), Stdout: t.Output(), Stderr: t.Output()}, "load", "")
	if _, err := f.ParseArgs(args, 0); err != nil {
		t.Fatal(err)
	}
	o, err := f.options()
	if err != nil {
		t.Fatal(err)
	}
	o.Chat, o.PIDs = url, []int{os.Getpid()}
	return o
}

func TestLoad_PlaysOnTheChatHub(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	h := start(t, []string{"load", "hub"})
	url := h.line("hub serves ")
	o := chatOptions(t, url, shortRun...)
	o.Scenarios = []string{"idle", "broadcast", "personal", "one", "storm", "slow", "day"}
	var played []string
	o.OnResult = func(name string, r loadtest.Result) {
		played = append(played, name)
		if r.Server != "chat" || r.ConnectsPerSecond == 0 {
			t.Errorf("%+v", r)
		}
	}
	if err := loadtest.Run(t.Context(), o); err != nil || !slices.Equal(played, o.Scenarios) {
		t.Errorf("%v: %v", played, err)
	}
	if o := h.end(); o.code != commandline.ExitOK {
		t.Errorf("the hub: %+v", o)
	}
}

// underConditions are the flags of a run as a stranger's harness does it.
var underConditions = []string{"--publish", "post", "--acks", "together", "--handshakes", "1000", "--every", "20ms"}

// checkConditions fails unless a result names the conditions, and has the figures that are for them.
func checkConditions(t *testing.T, r loadtest.Result) {
	t.Helper()
	want := loadtest.Conditions{Post: true, AcksTogether: true, Handshakes: 1000, Every: 20 * time.Millisecond}
	if r.Conditions != want {
		t.Errorf("%s: %+v", r.Scenario, r.Conditions)
	}
	if r.Scenario == "storm" && r.PeakRSS == 0 {
		t.Errorf("no peak of memory: %+v", r)
	}
	// The last of 20 changes is given 19 intervals after the first.
	if r.Scenario == "broadcast" && (r.Commands != 20 || r.Seconds < 0.38) {
		t.Errorf("%d changes in %v s", r.Commands, r.Seconds)
	}
}

func TestLoad_PlaysUnderConditionsOfOthers(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	scenarios := []string{"broadcast", "one", "storm", "slow"}
	s, url, organiser := startMeasured(t)
	args := slices.Concat([]string{"load", "--target", url, "--organiser", organiser, "--scenario", strings.Join(scenarios, ","), "--server-pid", strconv.Itoa(os.Getpid())}, shortRun, underConditions)
	o := runFor(t, loadLimit, args)
	all := results(t, o.stdout)
	if o.code != commandline.ExitOK || len(all) != len(scenarios) {
		t.Fatalf("%+v", o)
	}
	for _, r := range all {
		if checkConditions(t, r); r.Digests.Wrong != 0 || r.Lost != 0 {
			t.Errorf("%+v", r)
		}
	}
	s.end()
	h := start(t, []string{"load", "hub"})
	chat := chatOptions(t, h.line("hub serves "), slices.Concat(shortRun, underConditions)...)
	chat.Scenarios = scenarios
	chat.OnResult = func(name string, r loadtest.Result) {
		if checkConditions(t, r); name != "storm" && r.Lost != 0 {
			t.Errorf("%+v", r)
		}
	}
	if err := loadtest.Run(t.Context(), chat); err != nil {
		t.Error(err)
	}
	h.end()
}

func TestLoad_RejectsWrongArguments(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		code int
		text string // on stderr
	}{
		"nothing to measure":  {[]string{"load"}, commandline.ExitUsage, "--target"},
		"no organiser":        {[]string{"load", "--target", "http://127.0.0.1:1"}, commandline.ExitUsage, "--organiser"},
		"unknown scenario":    {[]string{"load", "--target", "http://127.0.0.1:1", "--organiser", "x", "--scenario", "panic"}, commandline.ExitFailed, "panic"},
		"too few phones":      {[]string{"load", "--target", "http://127.0.0.1:1", "--organiser", "x", "--phones", "1"}, commandline.ExitFailed, "phones"},
		"too many phones":     {[]string{"load", "--target", "http://127.0.0.1:1", "--organiser", "x", "--phones", "9000000"}, commandline.ExitFailed, "ulimit"},
		"unknown way":         {[]string{"load", "--target", "http://127.0.0.1:1", "--organiser", "x", "--publish", "pigeon"}, commandline.ExitUsage, "pigeon"},
		"negative handshakes": {[]string{"load", "--target", "http://127.0.0.1:1", "--organiser", "x", "--handshakes", "-1"}, commandline.ExitFailed, "negative"},
		"invalid pid":         {[]string{"load", "--target", "http://127.0.0.1:1", "--organiser", "x", "--server-pid", "me"}, commandline.ExitUsage, "me"},
		"invalid link":        {[]string{"load", "--target", "http://127.0.0.1:1", "--organiser", "x"}, commandline.ExitFailed, "link"},
		"profiles for others": {[]string{"serve", "--data", t.TempDir(), "--pprof-addr", "0.0.0.0:6060"}, commandline.ExitUsage, "loopback"},
		"help of compare":     {[]string{"load", "compare", "-h"}, commandline.ExitOK, "--server-cpus"},
	} {
		o := runOnce(t, c.args)
		if o.code != c.code || !strings.Contains(o.stderr, c.text) {
			t.Errorf("%s: exit %d, stderr %q", name, o.code, o.stderr)
		}
	}
}

package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// read feeds lines of `go test -json` to a transcript.
func read(t *testing.T, lines ...string) (*transcript, string) {
	t.Helper()
	var out bytes.Buffer
	seen := newTranscript(&out)
	if err := seen.follow(strings.NewReader(strings.Join(lines, "\n"))); err != nil {
		t.Fatal(err)
	}
	return seen, out.String()
}

func TestTranscript_ShowsTheOutputOfFailuresOnly(t *testing.T) {
	seen, out := read(t,
		`{"Action":"run","Package":"p","Test":"TestGood"}`,
		`{"Action":"output","Package":"p","Test":"TestGood","Output":"noise of a good test\n"}`,
		`{"Action":"pass","Package":"p","Test":"TestGood","Elapsed":0.1}`,
		`{"Action":"run","Package":"p","Test":"TestBad"}`,
		`{"Action":"output","Package":"p","Test":"TestBad","Output":"    bad_test.go:7: two is not three\n"}`,
		`{"Action":"fail","Package":"p","Test":"TestBad","Elapsed":0.1}`,
		`{"Action":"fail","Package":"p","Elapsed":0.3}`,
	)
	if !strings.Contains(out, "FAIL p TestBad") || !strings.Contains(out, "two is not three") {
		t.Errorf("the failure is not shown:\n%s", out)
	}
	if strings.Contains(out, "noise") {
		t.Errorf("a passed test's output is shown:\n%s", out)
	}
	if got := seen.tally.String(); got != "1 passed, 1 failed, 0 skipped" {
		t.Errorf("tally: %s", got)
	}
	if seen.verdict(false, errors.New("exit status 1")) == nil {
		t.Error("the run counts as passed")
	}
}

func TestVerdict_SkipFailsInCIOnly(t *testing.T) {
	seen, out := read(t,
		`{"Action":"run","Package":"p","Test":"TestGood"}`,
		`{"Action":"pass","Package":"p","Test":"TestGood"}`,
		`{"Action":"run","Package":"p","Test":"TestBrowser"}`,
		`{"Action":"output","Package":"p","Test":"TestBrowser","Output":"=== RUN   TestBrowser\n"}`,
		`{"Action":"output","Package":"p","Test":"TestBrowser","Output":"    b_test.go:9: no browser\n"}`,
		`{"Action":"output","Package":"p","Test":"TestBrowser","Output":"--- SKIP: TestBrowser (0.00s)\n"}`,
		`{"Action":"skip","Package":"p","Test":"TestBrowser"}`,
		`{"Action":"pass","Package":"p"}`,
		`{"Action":"skip","Package":"without/tests"}`,
	)
	if !strings.Contains(out, "skip p TestBrowser: b_test.go:9: no browser") {
		t.Errorf("the reason is not shown:\n%s", out)
	}
	if err := seen.verdict(false, nil); err != nil {
		t.Errorf("outside of CI: %v", err)
	}
	if err := seen.verdict(true, nil); err == nil {
		t.Error("in CI a skipped test passed")
	}
}

func TestTranscript_NamesTestsThatDidNotEnd(t *testing.T) {
	seen, out := read(t,
		`{"Action":"run","Package":"p","Test":"TestStuck"}`,
		`{"Action":"run","Package":"p","Test":"TestStuck/inner"}`,
		`{"Action":"output","Package":"p","Test":"TestStuck/inner","Output":"panic: test timed out\n"}`,
		`{"Action":"fail","Package":"p"}`,
	)
	if !strings.Contains(out, "FAIL p TestStuck/inner did not end") || !strings.Contains(out, "panic: test timed out") {
		t.Errorf("the stuck test is not shown:\n%s", out)
	}
	if seen.tally.failed != 1 {
		t.Errorf("tally: %v", seen.tally)
	}
}

// A parent's time includes its sub-tests, but not those that run in parallel.
func TestTranscript_ShowsSlowTestsOnce(t *testing.T) {
	_, out := read(t,
		`{"Action":"run","Package":"p","Test":"TestA"}`,
		`{"Action":"run","Package":"p","Test":"TestA/inner"}`,
		`{"Action":"pass","Package":"p","Test":"TestA/inner","Elapsed":7}`,
		`{"Action":"pass","Package":"p","Test":"TestA","Elapsed":7.1}`,
		`{"Action":"run","Package":"p","Test":"TestB"}`,
		`{"Action":"run","Package":"p","Test":"TestB/parallel"}`,
		`{"Action":"pause","Package":"p","Test":"TestB/parallel"}`,
		`{"Action":"cont","Package":"p","Test":"TestB/parallel"}`,
		`{"Action":"pass","Package":"p","Test":"TestB/parallel","Elapsed":9}`,
		`{"Action":"pass","Package":"p","Test":"TestB","Elapsed":0}`,
		`{"Action":"pass","Package":"p","Elapsed":16.2}`,
	)
	if want := "   pass p TestA 7.1s\n   pass p TestB/parallel 9.0s\n   ok   p 16.2s\n"; out != want {
		t.Errorf("%s\nwant\n%s", out, want)
	}
}

func TestVerdict_RunWithoutTestsFails(t *testing.T) {
	seen, _ := read(t, `{"Action":"skip","Package":"p"}`)
	if seen.verdict(false, nil) == nil {
		t.Error("a run of no test at all passed")
	}
	if err := seen.verdict(false, errors.New("exit status 1")); err == nil || !strings.Contains(err.Error(), "exit status 1") {
		t.Errorf("a failed build: %v", err)
	}
}

func TestTranscript_RemembersBoundedOutput(t *testing.T) {
	seen := newTranscript(&bytes.Buffer{})
	line := strings.Repeat("x", 1000) + "\n"
	for range 2 * kept / 500 {
		seen.take(event{Action: "output", Package: "p", Test: "TestLoud", Output: line})
	}
	if n := len(seen.output[testKey{"p", "TestLoud"}]); n < kept/2 || n > 2*kept {
		t.Errorf("%d bytes are remembered", n)
	}
}

func TestTestRun_ArgumentsSelectTheLongVersions(t *testing.T) {
	r := testRun{packages: []string{"./e2e"}, flags: []string{"-race"}}
	if got := strings.Join(r.arguments(true, false), " "); !strings.Contains(got, "-skip=^(TestShots|TestTorture) -count=1 -race ./e2e") {
		t.Errorf("check: %s", got)
	}
	if got := strings.Join(r.arguments(false, true), " "); strings.Contains(got, "TestTorture") || strings.Contains(got, "-count=1") {
		t.Errorf("torture outside of CI: %s", got)
	}
	r.small = true
	if got := strings.Join(r.arguments(false, true), " "); !strings.Contains(got, "-skip=^(TestShots|TestTorture)") {
		t.Errorf("what torture repeats with the race detector: %s", got)
	}
}

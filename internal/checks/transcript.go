package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// kept is how many bytes of one test's output are remembered at least, in case
// it fails. At twice that the older half is dropped.
const kept = 256 << 10

// slow is the duration from which a passed test gets a line.
const slow = 3 * time.Second

// event is one line of `go test -json`, as `go doc test2json` describes it.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build output
	Test       string
	Output     string
	Elapsed    float64 // seconds
}

// tally counts tests, sub-tests included.
type tally struct{ passed, failed, skipped int }

func (t *tally) add(o tally) {
	t.passed += o.passed
	t.failed += o.failed
	t.skipped += o.skipped
}

func (t tally) ran() int { return t.passed + t.failed }

func (t tally) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", t.passed, t.failed, t.skipped)
}

// testKey names a test; an empty test is the package itself.
type testKey struct{ pkg, test string }

// transcript prints the events of a run for a reader: one line for each package,
// the output of failed tests, and the reasons of skips.
type transcript struct {
	out     io.Writer
	tally   tally
	output  map[testKey][]byte
	started map[testKey]time.Time // of tests that have not ended
	paused  map[testKey]bool      // tests that run in parallel, which their parents do not wait for
	now     func() time.Time
}

func newTranscript(out io.Writer) *transcript {
	return &transcript{
		out: out, output: map[testKey][]byte{}, started: map[testKey]time.Time{},
		paused: map[testKey]bool{}, now: time.Now,
	}
}

// take handles one event and reports whether it has printed something.
func (t *transcript) take(e event) bool {
	key := testKey{e.Package, e.Test}
	switch e.Action {
	case "run", "cont":
		t.started[key] = t.now()
	case "pause":
		t.paused[key] = true
	case "output":
		t.remember(key, e.Output)
	case "build-output":
		fmt.Fprint(t.out, "   ", e.Output)
		return true
	case "pass", "fail", "skip":
		delete(t.started, key)
		if e.Test == "" {
			return t.endPackage(e)
		}
		return t.endTest(e)
	}
	return false
}

func (t *transcript) remember(key testKey, line string) {
	text := append(t.output[key], line...)
	if len(text) > 2*kept {
		text = append([]byte(nil), text[len(text)-kept:]...)
	}
	t.output[key] = text
}

func (t *transcript) endTest(e event) bool {
	key := testKey{e.Package, e.Test}
	text := string(t.output[key])
	delete(t.output, key)
	switch e.Action {
	case "pass":
		t.tally.passed++
		took := time.Duration(e.Elapsed * float64(time.Second))
		if took < slow || strings.Contains(e.Test, "/") && !t.paused[key] {
			return false // the time of a sub-test is part of its parent's, unless it was paused
		}
		fmt.Fprintf(t.out, "   pass %s %s %.1fs\n", e.Package, e.Test, e.Elapsed)
	case "fail":
		t.tally.failed++
		fmt.Fprintf(t.out, "   FAIL %s %s\n%s", e.Package, e.Test, indent(text))
	case "skip":
		t.tally.skipped++
		fmt.Fprintf(t.out, "   skip %s %s: %s\n", e.Package, e.Test, reason(text))
	}
	return true
}

// endPackage prints the result of a package. For a failed one it also prints the
// package's own output (a panic, a leak, a time-out) and the tests that did not end.
func (t *transcript) endPackage(e event) bool {
	defer t.forget(e.Package)
	switch e.Action {
	case "skip": // no test files
		return false
	case "pass":
		fmt.Fprintf(t.out, "   ok   %s %.1fs\n", e.Package, e.Elapsed)
	case "fail":
		for _, key := range t.unfinished() {
			if key.pkg == e.Package {
				t.tally.failed++
				fmt.Fprintf(t.out, "   FAIL %s %s did not end\n%s", key.pkg, key.test, indent(string(t.output[key])))
			}
		}
		fmt.Fprintf(t.out, "   FAIL %s %.1fs\n%s", e.Package, e.Elapsed, indent(string(t.output[testKey{e.Package, ""}])))
	}
	return true
}

func (t *transcript) forget(pkg string) {
	dropPackage(t.output, pkg)
	dropPackage(t.started, pkg)
	dropPackage(t.paused, pkg)
}

func dropPackage[V any](tests map[testKey]V, pkg string) {
	maps.DeleteFunc(tests, func(key testKey, _ V) bool { return key.pkg == pkg })
}

// sayRunning names the tests that have been running longest.
func (t *transcript) sayRunning() {
	keys := t.unfinished()
	if len(keys) == 0 {
		fmt.Fprintln(t.out, "   … compiling and linking tests")
	}
	for _, key := range keys[:min(3, len(keys))] {
		fmt.Fprintf(t.out, "   … %s %s, %.0fs so far\n", key.pkg, key.test, t.now().Sub(t.started[key]).Seconds())
	}
}

// unfinished returns the running tests, the oldest first, without those that only
// wait for a sub-test.
func (t *transcript) unfinished() []testKey {
	var keys []testKey
	for key := range t.started {
		if !t.hasRunningChild(key) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b testKey) int {
		if c := t.started[a].Compare(t.started[b]); c != 0 {
			return c
		}
		return strings.Compare(a.pkg+" "+a.test, b.pkg+" "+b.test)
	})
	return keys
}

func (t *transcript) hasRunningChild(key testKey) bool {
	for other := range t.started {
		if other.pkg == key.pkg && strings.HasPrefix(other.test, key.test+"/") {
			return true
		}
	}
	return false
}

// reason returns the output of a skipped test on one line.
func reason(text string) string {
	var said []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ") {
			continue
		}
		said = append(said, line)
	}
	if len(said) == 0 {
		return "no reason given"
	}
	return strings.Join(said, " ")
}

func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "=== ") {
			continue
		}
		b.WriteString("        " + strings.TrimSuffix(line, "\n") + "\n")
	}
	return b.String()
}

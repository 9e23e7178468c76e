package e2e_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/chromedp/chromedp"

	"github.com/matchfloor/matchfloor/static/bundle"
)

// serveFiles serves a bundle that was made in memory on a loopback address.
func serveFiles(t *testing.T, files bundle.Files) string {
	t.Helper()
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: text, Mode: 0o444}
	}
	server := httptest.NewServer(http.FileServerFS(fs.FS(tree)))
	t.Cleanup(server.Close)
	return server.URL
}

// TestPages_UnitTestsPass runs the pages' own tests, static/src/**/*.test.ts, in a browser.
func TestPages_UnitTestsPass(t *testing.T) {
	files, err := bundle.BuildTests("../static")
	if err != nil {
		t.Fatal(err)
	}
	tab := browser(t)
	if err := chromedp.Do(tab, chromedp.Navigate(serveFiles(t, files)+"/test.html")); err != nil {
		t.Fatal(err)
	}
	report := waitForValue[struct {
		Passed int                          `json:"passed"`
		Failed []struct{ Name, Why string } `json:"failed"`
	}](t, tab, "window.testReport")
	for _, failed := range report.Failed {
		t.Errorf("%s: %s", failed.Name, failed.Why)
	}
	if report.Passed < 50 {
		t.Errorf("only %d tests ran", report.Passed)
	}
	t.Logf("%d passed", report.Passed)
}

package e2e_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/axe-core/axe.min.js
var axeCore string

// browser returns a headless Chromium that sends no requests of its own.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("left out: no chromium on this machine")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-background-timer-throttling", true),
		chromedp.Flag("disable-renderer-backgrounding", true),
		chromedp.Flag("disable-backgrounding-occluded-windows", true),
	)
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	first, done := chromedp.NewContext(allocator)
	t.Cleanup(done)
	if err := chromedp.Do(first, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return first
}

// screen is a tab that shows one person's page.
type screen struct {
	t    *testing.T
	ctx  context.Context
	name string
}

// size is the size of a window in CSS pixels.
type size struct{ width, height int64 }

var phoneSize, deskSize, displaySize = size{390, 844}, size{1366, 768}, size{1920, 1080}

// openScreen opens a link in a browser of its own, as another device would, in a language.
func openScreen(t *testing.T, name, url, language string, at size) *screen {
	t.Helper()
	s := &screen{t: t, ctx: browser(t), name: name}
	s.do(chromedp.EmulateViewport(at.width, at.height))
	base, _, _ := strings.Cut(url, "#")
	s.do(chromedp.Navigate(base[:strings.LastIndex(base, "/")+1]))
	eval[bool](s, fmt.Sprintf("(localStorage.setItem('mf.language', %q), true)", language))
	s.do(chromedp.Navigate(url))
	return s
}

func (s *screen) do(steps ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		s.t.Fatalf("%s: %v", s.name, err)
	}
}

// eval returns the value of an expression in the page.
func eval[T any](s *screen, expression string) T {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, 30*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		s.t.Fatalf("%s: %s: %v", s.name, expression, err)
	}
	return v
}

// waitForValue returns the value of an expression once it is defined. Directly after a
// navigation the browser may still evaluate in the previous document; only that error is
// retried.
func waitForValue[T any](t *testing.T, tab context.Context, expression string) (v T) {
	t.Helper()
	eventually(t, 30*time.Second, "the page's value", func() (err error) {
		v, err = chromedp.Run(tab, chromedp.Poll[T](expression, chromedp.WithPollingTimeout(20*time.Second)))
		if err != nil && !strings.Contains(err.Error(), "Cannot find context") {
			t.Fatal(err)
		}
		return err
	})
	return v
}

// until waits until an expression is true in the page.
func (s *screen) until(what, expression string) time.Duration {
	s.t.Helper()
	began := time.Now()
	eventually(s.t, 30*time.Second, s.name+" to show "+what, func() error {
		if !eval[bool](s, "!!("+expression+")") {
			return fmt.Errorf("the page shows %q", s.text())
		}
		return nil
	})
	return time.Since(began)
}

// shows waits until the page's text contains all of some words.
func (s *screen) shows(words ...string) time.Duration {
	s.t.Helper()
	list, _ := json.Marshal(words)
	return s.until(strings.Join(words, ", "), string(list)+`.every(w => document.body.innerText.includes(w))`)
}

func (s *screen) text() string {
	s.t.Helper()
	return eval[string](s, "document.body.innerText")
}

// click clicks the first visible element that matches a selector.
func (s *screen) click(selector string) {
	s.t.Helper()
	s.do(chromedp.Click(selector, chromedp.NodeVisible))
}

// press clicks the first button or tab whose text or label contains a word.
func (s *screen) press(word string) {
	s.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll('button,[role=button],[role=tab],summary')].find(b => b.offsetParent !== null && ((b.innerText || '').includes(%q) || (b.getAttribute('aria-label') || '').includes(%q)))`, word, word)
	s.until("a button "+word, find)
	eval[bool](s, "("+find+").click() || true")
}

// offline disconnects the tab from the network, or reconnects it.
func (s *screen) offline(off bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, 30*time.Second)
	defer cancel()
	conditions := &network.Conditions{Offline: off, DownloadThroughput: -1, UploadThroughput: -1}
	if _, err := chromedp.Call(ctx, network.EmulateNetworkConditionsByRule,
		network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{conditions}}); err != nil {
		s.t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.OverrideNetworkState,
		network.OverrideNetworkStateParams{Offline: off, DownloadThroughput: -1, UploadThroughput: -1}); err != nil {
		s.t.Fatal(err)
	}
}

// axe checks the page in its current state against WCAG 2.2 AA, as far as axe-core can.
func (s *screen) axe(state string) {
	s.t.Helper()
	// The page's Content-Security-Policy allows no inline script, but it does not apply to the
	// debugger's evaluation.
	s.do(chromedp.Steps(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[any](axeCore+";true", chromedp.EvalAsValue))
		return err
	})))
	ctx, cancel := context.WithTimeout(s.ctx, time.Minute)
	defer cancel()
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]struct{ ID, Help, Where string }](
		`axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa']}).then(r => r.violations.flatMap(v => v.nodes.map(n => ({id: v.id, help: v.help, where: n.target.join(' ') + ' ' + n.html.slice(0, 160)}))))`,
		chromedp.EvalAwaitPromise, chromedp.EvalAsValue))
	if err != nil {
		s.t.Fatalf("%s: axe: %v", s.name, err)
	}
	count := map[string]int{}
	for _, v := range found {
		if count[v.ID]++; count[v.ID] == 1 {
			s.t.Errorf("%s, %s: %s (%s), first at %s", s.name, state, v.ID, v.Help, v.Where)
		}
	}
}

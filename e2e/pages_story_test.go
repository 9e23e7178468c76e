package e2e_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/matchfloor/matchfloor/static"
	"github.com/matchfloor/matchfloor/static/bundle"
)

// measureStory returns what does not fit in a story on a narrow phone at a text size in per
// cent: elements that scroll sideways, and targets that are too small for a thumb.
const measureStory = `(percent => {
  document.documentElement.style.fontSize = percent + '%'
  const page = document.documentElement, wrong = []
  if (page.scrollWidth > page.clientWidth) {
    const wide = [...document.querySelectorAll('#page *')].filter(e => e.getBoundingClientRect().right > page.clientWidth + 1)
    wrong.push('scrolls sideways: ' + wide.map(e => e.tagName + '.' + e.className).slice(0, 3).join(', '))
  }
  for (const e of document.querySelectorAll('button, a, summary')) {
    const box = e.getBoundingClientRect()
    if (box.width && (box.width < 43.5 || box.height < 43.5)) wrong.push('too small: ' + e.textContent)
  }
  return wrong
})`

// Every story of the phones' pages, in each language, fits 320 px without scrolling sideways,
// with the text at 100 % and 200 %, and its targets are large enough for a thumb.
func TestPhonePages_FitNarrowScreensAndThumbs(t *testing.T) {
	t.Parallel() // it waits for browsers
	files, err := bundle.BuildTests("../static")
	if err != nil {
		t.Fatal(err)
	}
	tab := browser(t)
	base := serveFiles(t, files)
	if err := chromedp.Do(tab, chromedp.EmulateViewport(320, 640, chromedp.EmulateMobile)); err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"attendee", "interpreter"} {
		states := storyStates(t, tab, base, page)
		if len(states) < 10 {
			t.Fatalf("%s has only the stories %v", page, states)
		}
		for _, lang := range static.Languages {
			for _, state := range states {
				storyFits(t, tab, page, state, lang)
			}
		}
	}
}

func storyStates(t *testing.T, tab context.Context, base, page string) []string {
	t.Helper()
	if err := chromedp.Do(tab, chromedp.Navigate(base+"/story-"+page+".html")); err != nil {
		t.Fatal(err)
	}
	return waitForValue[[]string](t, tab, "window.stories")
}

func storyFits(t *testing.T, tab context.Context, page, state, lang string) {
	t.Helper()
	for _, percent := range []int{100, 200} {
		wrong, err := chromedp.Run(tab, chromedp.Evaluate[[]string](fmt.Sprintf("turnStory(%q, %q), %s(%d)", state, lang, measureStory, percent)))
		if err != nil {
			t.Fatalf("%s %s %s: %v", page, state, lang, err)
		}
		for _, what := range wrong {
			t.Errorf("%s, %s, %s, text at %d %%: %s", page, state, lang, percent, what)
		}
	}
}

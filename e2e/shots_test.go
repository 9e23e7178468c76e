package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/matchfloor/matchfloor/static/bundle"
)

// shotSizes are a small phone, a phone, a laptop and a wall.
var shotSizes = []size{{320, 640}, {390, 844}, {1366, 768}, {1920, 1080}}

// TestShots writes a picture of every page in every state, language and size: `make shots`.
func TestShots(t *testing.T) {
	dir := os.Getenv("MATCHFLOOR_SHOTS")
	if dir == "" {
		t.Skip("left out: make shots sets MATCHFLOOR_SHOTS to the folder for the pictures")
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join("..", dir)
	}
	files, err := bundle.BuildTests("../static")
	if err != nil {
		t.Fatal(err)
	}
	base := serveFiles(t, files)
	for _, page := range []string{"attendee", "interpreter", "moderator", "display", "organiser"} {
		t.Run(page, func(t *testing.T) {
			out := filepath.Join(dir, page)
			if err := os.MkdirAll(out, 0o755); err != nil {
				t.Fatal(err)
			}
			s := &screen{t: t, ctx: browser(t), name: page}
			s.do(chromedp.Navigate(base + "/story-" + page + ".html"))
			s.until("its stories", "window.stories")
			n := 0
			for _, at := range shotSizes {
				s.do(chromedp.EmulateViewport(at.width, at.height))
				n += s.shoot(out, at)
			}
			t.Logf("%d pictures of %s", n, page)
		})
	}
}

// shoot takes pictures of all states and languages at one size.
func (s *screen) shoot(dir string, at size) (n int) {
	s.t.Helper()
	for _, state := range eval[[]string](s, "window.stories") {
		for _, language := range []string{"ko", "zh", "en"} {
			eval[bool](s, fmt.Sprintf("(turnStory(%q, %q), true)", state, language))
			s.do(chromedp.Sleep(50 * time.Millisecond)) // fonts and layout
			png, err := chromedp.Run(s.ctx, chromedp.CaptureScreenshot())
			if err != nil {
				s.t.Fatalf("%s %s: %v", s.name, state, err)
			}
			name := fmt.Sprintf("%s-%s-%dx%d.png", state, language, at.width, at.height)
			if err := os.WriteFile(filepath.Join(dir, name), png, 0o644); err != nil {
				s.t.Fatal(err)
			}
			n++
		}
	}
	return n
}

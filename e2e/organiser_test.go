package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/demo"
)

// An organiser prepares the first event: opens the link that the first start prints, imports a
// workbook with mistakes and then the corrected one, releases the schedule and gets the links.
func TestOrganiserPage_ImportsReleasesAndListsLinks(t *testing.T) {
	t.Parallel() // it waits for browsers
	v := sqliteVenue(t)
	link := v.firstOrganiserLink()
	words := catalogOf(t, "zh")
	page := openScreen(t, "organiser", link, "zh", deskSize)
	page.shows(words["org.choose"])
	page.axe("no event yet")

	bad, faults, err := demo.WithBadRows()
	if err != nil {
		t.Fatal(err)
	}
	page.choose(v.writeWorkbook(bad))
	for _, f := range faults {
		page.shows(f.Sheet, f.Column)
	}
	page.axe("mistakes in a workbook")

	page.choose(v.writeWorkbook(demo.Workbook()))
	page.shows(words["org.fine"], "132", "168")
	page.press(words["org.import"])
	page.shows(words["org.links"])
	page.axe("a draft")
	page.press(words["org.release"])
	page.do(chromedp.Sleep(400 * time.Millisecond)) // the page ignores a second tap before that
	page.press(words["org.releaseYes"])
	page.shows(longestLiteral(words["org.releasedAt"]))
	page.axe("released")

	page.shows(words["org.noExports"])
	page.press(words["org.take"])
	page.until("the links, and that they were taken", `document.querySelector('.link-line') && document.querySelectorAll('.export').length === 1`)
	page.axe("links")
	page.do(chromedp.Reload())
	page.shows(words["org.take"])
	page.until("one export, for looking at the page again is none", `document.querySelectorAll('.export').length === 1`)

	v.links = listLinks(t, eventID, v.storeFlags...)
	phone := openScreen(t, "phone", v.page("attendee:c01a"), "zh", phoneSize)
	phone.until("their first table", `document.querySelector('.table-number')`)
}

// firstOrganiserLink returns the link that the first start prints.
func (v *venue) firstOrganiserLink() (link string) {
	v.t.Helper()
	eventually(v.t, 10*time.Second, "the first start to print its organiser's link", func() error {
		output := v.nodes[0].output.String()
		_, rest, _ := strings.Cut(output, "organiser: ")
		var ok bool
		if link, _, ok = strings.Cut(rest, "\n"); !ok {
			return fmt.Errorf("it printed %q", output)
		}
		return nil
	})
	return link
}

// choose selects a file in the page's upload.
func (s *screen) choose(file string) {
	s.t.Helper()
	s.until("where to choose a file", `document.querySelector('input[type=file]')`)
	s.do(chromedp.SetUploadFiles(`input[type=file]`, []string{file}, chromedp.NodeReady))
}

// An organiser replaces their own link. The window that asked shows the new link and stays
// signed in, the others are signed out.
func TestOrganiserPage_ReplacesItsOwnLink(t *testing.T) {
	t.Parallel() // it waits for browsers
	v := sqliteVenue(t)
	link := v.firstOrganiserLink()
	words := catalogOf(t, "ko")
	page, other := openScreen(t, "organiser", link, "ko", phoneSize), openScreen(t, "another device", link, "zh", deskSize)
	other.shows(catalogOf(t, "zh")["org.choose"])
	page.shows(words["org.ownLink"])
	page.press(words["org.rotate"])
	page.shows(words["org.ownWords"])
	page.axe("before the link is replaced")
	page.do(chromedp.Sleep(400 * time.Millisecond)) // the page ignores a second tap before that
	page.press(words["org.rotateYes"])
	page.shows(words["org.ownDone"])
	page.axe("a new link")
	replaced := page.shownLink()
	if replaced == link {
		t.Fatal("the link is the same")
	}
	other.do(chromedp.Reload())
	other.shows(catalogOf(t, "zh")["gate.signedOut"])
	openScreen(t, "the old link", link, "en", phoneSize).shows(catalogOf(t, "en")["gate.refused"])
	openScreen(t, "the new link", replaced, "en", phoneSize).shows(catalogOf(t, "en")["org.choose"])
	page.do(chromedp.Reload())
	page.shows(words["org.choose"], words["org.rotate"])
}

// The answer to a replacement is lost, and the page is opened again: it gets the new link.
func TestOrganiserPage_GetsTheLinkWhoseAnswerWasLost(t *testing.T) {
	t.Parallel() // it waits for browsers
	v := sqliteVenue(t)
	link := v.firstOrganiserLink()
	words := catalogOf(t, "en")
	page := openScreen(t, "organiser", link, "en", deskSize)
	page.shows(words["org.choose"])
	eval[bool](page, `(window.fetch = () => Promise.reject(new TypeError('no network')), true)`)
	page.press(words["org.rotate"])
	page.do(chromedp.Sleep(400 * time.Millisecond)) // the page ignores a second tap before that
	page.press(words["org.rotateYes"])
	page.shows(words["org.ownUnknown"])
	page.axe("a replacement without an answer")
	// What the page asked for is done, and nobody hears of it.
	id := eval[string](page, `localStorage.getItem('mf.rotate.organiser-first')`)
	v.rotate(link, id)
	page.do(chromedp.Reload())
	page.shows(words["org.ownDone"], words["org.choose"])
	openScreen(t, "the new link", page.shownLink(), "en", phoneSize).shows(words["org.choose"])
}

// shownLink returns the link that a page shows whole.
func (s *screen) shownLink() string {
	s.t.Helper()
	return eval[string](s, `document.querySelector('.link-acts input').value`)
}

// rotate replaces an organiser's own link as another page of theirs would, with an id.
func (v *venue) rotate(link, id string) {
	v.t.Helper()
	parsed, err := client.ParseLink(link)
	if err != nil {
		v.t.Fatal(err)
	}
	post := func(path, token string, body map[string]any) (answer struct{ Token string }) {
		v.t.Helper()
		text, err := json.Marshal(body)
		if err != nil {
			v.t.Fatal(err)
		}
		request, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, parsed.Server+path, bytes.NewReader(text))
		if err != nil {
			v.t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			v.t.Fatal(err)
		}
		defer response.Body.Close()
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusOK {
			v.t.Fatalf("%s: %d, %v", path, response.StatusCode, err)
		}
		return answer
	}
	session := post("/api/v1/sign-in", "", map[string]any{"event": parsed.Event, "link": parsed.ID, "secret": parsed.Secret, "bearer": true})
	post("/api/v1/rotate", session.Token, map[string]any{"id": id})
}

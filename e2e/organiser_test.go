package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/matchfloor/matchfloor/demo"
)

// An organiser prepares the first event: opens the link that the first start prints, imports a
// workbook with mistakes and then the corrected one, releases the schedule and gets the links.
func TestOrganiserPage_ImportsReleasesAndListsLinks(t *testing.T) {
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

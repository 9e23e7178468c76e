package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/xuri/excelize/v2"

	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/workbook"
)

// hostile holds names that would do harm if a page took them for markup, or a spreadsheet for
// a formula.
var hostile = struct{ company, person, title, zone string }{
	company: `<img src=x onerror=window.pwned=1>`,
	person:  `</script><script>window.pwned=1</script>`,
	title:   `=HYPERLINK("http://evil.example","x")`,
	zone:    `"><svg onload=window.pwned=1>`,
}

// violationScript runs in each page before the page's own scripts. It records violations of
// the policy.
const violationScript = `window.violations = []; document.addEventListener('securitypolicyviolation', e => window.violations.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample))`

// attackScript tries what an injected script would. It returns the name of the error that
// stopped each attempt.
const attackScript = `(() => {
  const stopped = {};
  const attempt = (name, f) => { try { f(); stopped[name] = '' } catch (e) { stopped[name] = e.name } };
  attempt('innerHTML', () => { document.createElement('div').innerHTML = '<i>x</i>' });
  attempt('outerHTML', () => { const d = document.createElement('div'); document.body.append(d); d.outerHTML = '<i></i>' });
  attempt('insertAdjacentHTML', () => document.body.insertAdjacentHTML('beforeend', '<i></i>'));
  attempt('document.write', () => document.write('<i></i>'));
  attempt('script.text', () => { document.createElement('script').text = 'window.pwned=2' });
  attempt('script.src', () => { document.createElement('script').src = '/assets/x.js' });
  attempt('iframe.srcdoc', () => { document.createElement('iframe').srcdoc = '<script>1</script>' });
  attempt('policy', () => trustedTypes.createPolicy('default', { createHTML: x => x }));
  attempt('onclick', () => document.body.setAttribute('onclick', 'window.pwned=2'));
  return JSON.stringify(stopped);
})()`

// requestLog records the requests of a browser with their headers.
type requestLog struct {
	mu  sync.Mutex // guards all
	all strings.Builder
}

func (r *requestLog) observe(e any) {
	sent, ok := e.(*network.EventRequestWillBeSent)
	if !ok {
		return
	}
	headers, err := json.Marshal(sent.Request.Headers)
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintln(&r.all, sent.Request.Method, sent.Request.URL, string(headers), err)
}

// Every page in a browser shows a company whose name is markup, a person whose name ends a
// script, and a title that is a formula, as text. The policy stops what an injected script
// would do; no request and no Referer contains a link's secret; and the pages need nothing
// that the policy forbids.
func TestPages_ShowHostileNamesAsText(t *testing.T) {
	t.Parallel() // it waits for browsers
	v := sqliteVenue(t)
	book := hostileWorkbook(t)
	if out, errs, code := matchfloor(t, append([]string{"import", v.writeWorkbook(book)}, v.journalFlags()...)...); code != 0 {
		t.Fatalf("import: %d %s %s", code, out, errs)
	}
	v.links = listLinks(t, eventID, v.storeFlags...)
	v.people = map[string]*person{}
	v.signIn("moderator:s1")
	if _, err := v.people["moderator:s1"].submit(floor.ReleaseSchedule{}); err != nil {
		t.Fatal(err)
	}
	requests := &requestLog{}
	s := &screen{t: t, ctx: browser(t), name: "the browser"}
	s.do(chromedp.EmulateViewport(deskSize.width, deskSize.height))
	ready, done := context.WithTimeout(s.ctx, 30*time.Second)
	defer done()
	if err := chromedp.Listen(s.ctx, requests.observe); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ready, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ready, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: violationScript}); err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, name := range []string{"attendee:k01a", "attendee:" + string(partnerOfFirst(t)), "interpreter:i01", "moderator:s1", "display:d1", "organiser:first"} {
		shown += s.checkPage(v, name)
	}
	if shown < 4 {
		t.Errorf("only %d pages show a hostile name", shown)
	}
	requests.mu.Lock()
	defer requests.mu.Unlock()
	for name, link := range v.links {
		secret := link.URL[strings.LastIndexByte(link.URL, '.')+1:]
		if strings.Contains(requests.all.String(), secret) {
			t.Errorf("the secret of %s was sent in a URL or a header", name)
		}
	}
	if n := strings.Count(requests.all.String(), "/api/v1/sign-in"); n < 6 {
		t.Errorf("%d sign-ins were seen:\n%s", n, requests.all.String())
	}
}

// hostileWorkbook returns the sample forum with hostile names as a workbook.
func hostileWorkbook(t *testing.T) []byte {
	t.Helper()
	forum, err := demo.Forum()
	if err != nil {
		t.Fatal(err)
	}
	forum.Companies[0].Name = floor.Text{Ko: hostile.company, Zh: hostile.company, En: hostile.company}
	forum.Zones[0].Name = floor.Text{Ko: hostile.zone, Zh: hostile.zone, En: hostile.zone}
	forum.Attendees[0].Name = floor.Text{Ko: hostile.person, Zh: hostile.person, En: hostile.person}
	forum.Attendees[0].Title = hostile.title
	forum.Interpreters[0].Name = floor.Text{Ko: hostile.person, En: hostile.title}
	var book bytes.Buffer
	if err := workbook.Write(&book, forum); err != nil {
		t.Fatal(err)
	}
	return book.Bytes()
}

// partnerOfFirst returns someone who meets the first company.
func partnerOfFirst(t *testing.T) floor.AttendeeID {
	t.Helper()
	forum, err := demo.Forum()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range forum.Meetings {
		if m.Host.Company == forum.Companies[0].ID && len(m.Guest.People) > 0 {
			return m.Guest.People[0]
		}
	}
	t.Fatal("no meeting of the first company has guests")
	return ""
}

// checkPage opens one link and returns 1 if its page shows a hostile name as text, else 0.
func (s *screen) checkPage(v *venue, name string) (shows int) {
	s.t.Helper()
	s.name = name
	link, ok := v.links[name]
	if !ok {
		s.t.Fatalf("no link for %s", name)
	}
	s.do(chromedp.Navigate("about:blank"), chromedp.Navigate(link.at(v.nodes[0].url())))
	s.until("its page", `!location.hash && document.body.innerText.trim().length > 40`)
	s.until("all that it has", `(() => { const n = document.body.innerText.length; const same = n === window.lastLength; window.lastLength = n; return same })()`)
	if name == "organiser:first" {
		s.openLinks()
	}
	if eval[bool](s, `[...document.querySelectorAll('*')].some(e => e.childElementCount === 0 && /onerror=window|<.script>/.test(e.textContent))`) {
		shows = 1
	}
	for what, expression := range map[string]string{
		"a hostile name has run":           `'pwned' in window`,
		"a hostile name has become markup": `document.querySelector('img[src="x"], svg[onload], [onerror]')`,
		"the address still has the secret": fmt.Sprintf(`(location.href + document.referrer + document.title).includes(%q)`, link.URL[strings.LastIndexByte(link.URL, '.')+1:]),
		"the secret is stored":             fmt.Sprintf(`(JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie).includes(%q)`, link.URL[strings.LastIndexByte(link.URL, '.')+1:]),
		"a script can read the session":    `document.cookie`,
	} {
		if eval[bool](s, "!!("+expression+")") {
			s.t.Errorf("%s: %s", name, what)
		}
	}
	if violations := eval[string](s, `window.violations.join('\n')`); violations != "" {
		s.t.Errorf("%s violates its policy: %s", name, violations)
	}
	s.wantBlocked()
	return shows
}

// openLinks navigates an organiser to the links of the event and to the slips to print.
func (s *screen) openLinks() {
	s.t.Helper()
	eval[bool](s, fmt.Sprintf(`(location.hash = '#%s', true)`, eventID))
	s.until("the button for the links", `document.querySelector('.ask button')`)
	s.click(".ask button")
	s.until("the links", `document.querySelector('.link-line')`)
	s.click(".link-head")
	s.until("a link's code", `document.querySelector('.link-whole .qr')`)
	eval[bool](s, fmt.Sprintf(`(location.hash = '#%s/slips', true)`, eventID))
	s.until("the slips", `document.querySelector('.slip .qr')`)
}

// wantBlocked checks that the page's policy is in force: every attempt to make markup or
// script from text is stopped, and no script has run.
func (s *screen) wantBlocked() {
	s.t.Helper()
	var stopped map[string]string
	if err := json.Unmarshal([]byte(eval[string](s, attackScript)), &stopped); err != nil {
		s.t.Fatal(err)
	}
	for attempt, by := range stopped {
		if by != "TypeError" && attempt != "onclick" {
			s.t.Errorf("%s: %s was stopped by %q", s.name, attempt, by)
		}
	}
	if len(stopped) < 9 || eval[bool](s, `document.body.click(), 'pwned' in window`) {
		s.t.Errorf("%s: something ran: %v", s.name, stopped)
	}
}

// Texts in a written workbook are text cells, whatever character they begin with. Responses of
// the API are never taken for a page.
func TestExports_ContainNoFormulasOrHTML(t *testing.T) {
	book, err := excelize.OpenReader(bytes.NewReader(hostileWorkbook(t)))
	if err != nil {
		t.Fatal(err)
	}
	cells := 0
	for _, name := range book.GetSheetList() {
		rows, err := book.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		for r, row := range rows {
			for c := range row {
				at, err := excelize.CoordinatesToCellName(c+1, r+1)
				if err != nil {
					t.Fatal(err)
				}
				formula, err := book.GetCellFormula(name, at)
				kind, err2 := book.GetCellType(name, at)
				if cells++; err != nil || err2 != nil || formula != "" || kind == excelize.CellTypeFormula {
					t.Errorf("%s %s: %q %v %v %v", name, at, formula, kind, err, err2)
				}
			}
		}
	}
	t.Logf("%d cells, none is a formula", cells)
	n := startNode(t, "--data", t.TempDir())
	for _, path := range []string{"/api/v1/events", "/api/v1/events/x/links", "/api/v1/events/x/snapshot", "/" + hostile.company, "/healthz"} {
		answer, err := http.Get(n.url() + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if h := answer.Header; h.Get("Content-Type") != "application/json" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

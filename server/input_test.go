package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
	"github.com/matchfloor/matchfloor/workbook"
)

// badJSON holds bodies that every route refuses with 400 bad_body.
var badJSON = map[string]string{
	"empty": "", "blank": " \n", "text": "hello", "array": "[]", "string": `"x"`, "number": "1", "truth": "true", "half": `{"id":`,
	"two values": "{} {}", "trailing comma": `{"id":"x",}`, "single quotes": `{'id':'x'}`, "a comment": `{}//`, "byte order mark": "\ufeff{}",
	"invalid UTF-8": "{\"id\":\"\xff\",\"secret\":\"\xff\"}", "overlong UTF-8": "{\"id\":\"\xc0\xaf\",\"secret\":\"\xc0\xaf\"}",
	"lone surrogate": `{"id":"\ud800","secret":"\ud800"}`, "a raw control character": "{\"id\":\"a\x01\",\"secret\":\"a\x01\"}",
	"a name twice": `{"id":"x","id":"x","link":"a","link":"a"}`, "NaN": `{"id":NaN}`, "plus": `{"id":+1}`, "hex": `{"id":0x1}`,
	"deep arrays": strings.Repeat("[", 4000), "deep arrays, whole": strings.Repeat("[", 1500) + strings.Repeat("]", 1500),
	"deep objects": strings.Repeat(`{"a":`, 800), "wrong types": `{"id":[],"event":{},"link":1,"secret":null}`,
	"numbers for texts": `{"id":1,"event":1}`, "too large a number": `{"id":1e999,"event":1e999}`,
	"UTF-16": "{\x00}\x00", "a zero byte": "{}\x00", "form": "id=x&link=y", "XML": `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>`,
	"names in capitals": `{"ID":"x","Event":"demo","Link":"a","Secret":"b"}`, "prototype": `{"__proto__":{}}`,
}

// badIDs holds path elements that are not valid ids.
var badIDs = []string{
	"%7Bhall%7D", "hall%3A1", "*", "%2A", "..", "%2e%2e", "hall%2F..", "..%2F..%2Fetc", "hall%5C", "hall.x", "hall%00", "hall%20", "%E2%80%AEhall",
	"%F0%9F%98%80", "%FF", "hall;x", "hall,x", "'--", "%24%7Bx%7D", strings.Repeat("x", floor.MaxID+1), strings.Repeat("x", 9000), "HALL%0D%0AX",
}

// documentedCodes returns the codes of the tables in docs/PROTOCOL.md.
var documentedCodes = sync.OnceValues(func() ([]string, error) {
	text, err := os.ReadFile("../docs/PROTOCOL.md")
	if err != nil {
		return nil, err
	}
	_, tables, _ := strings.Cut(string(text), "\n## Codes\n")
	var all []string
	for _, row := range regexp.MustCompile("(?m)^\\| `[^|]*\\|").FindAllString(tables, -1) {
		for _, m := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(row, -1) {
			all = append(all, m[1])
		}
	}
	return all, nil
})

// isDocumented reports whether the code of a response is documented.
func (w *fixture) isDocumented(r response) bool {
	all, err := documentedCodes()
	if err != nil || len(all) < 50 {
		w.t.Fatalf("%d codes: %v", len(all), err)
	}
	return slices.Contains(all, r.code())
}

// coded checks that a response is a refusal with a documented code.
func (w *fixture) checkRefusal(what string, r response) {
	w.t.Helper()
	if r.StatusCode < 400 || r.StatusCode >= 500 || !w.isDocumented(r) {
		w.t.Errorf("%s: %d %.300q", what, r.StatusCode, r.body)
	}
	if h := r.Header; h.Get("Content-Type") != asJSON || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" {
		w.t.Errorf("%s: headers %v", what, h)
	}
}

// Every kind of bad input is sent to every route, with a valid credential, while
// another client works.
func TestEndpoints_EveryRouteRefusesBadInput(t *testing.T) {
	w := newFixture(t, false, everyPage)
	w.liftRates()
	w.checkRows()
	w.addSmallEvent("hall")
	w.submitAsOrganiser("hall", floor.ReleaseSchedule{})
	witness := w.newBystander("hall")
	sent := 0
	for _, d := range endpoints {
		if strings.HasPrefix(d.route, "HEAD ") {
			continue // the same handler as for GET: TestHead_IsAGetWithoutABody
		}
		t.Run(d.route, func(t *testing.T) {
			whole := w.t
			w.t = t
			defer func() { w.t = whole }()
			sent += w.badMethods(d) + w.badPaths(d) + w.badQueries(d)
			if d.kind != "" {
				sent += w.badKinds(d)
			}
			if d.kind == asJSON {
				sent += w.badBodies(d)
			}
			if d.kind == workbookType {
				sent += w.badWorkbooks(d)
			}
			witness.checkUndisturbed()
		})
	}
	t.Logf("%d requests", sent)
}

func (w *fixture) badMethods(d endpoint) (sent int) {
	method, route, _ := strings.Cut(d.route, " ")
	for _, other := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "TRACE", "CONNECTED", "BREW", strings.ToLower(method)} {
		if slices.ContainsFunc(endpoints, func(e endpoint) bool { return e.route == other+" "+route }) {
			continue
		}
		sent++
		r := w.request(other, d.path, "", w.bearer("hall", organiser)...)
		if r.StatusCode != http.StatusMethodNotAllowed || other != "HEAD" && r.code() != reply.CodeBadMethod {
			w.t.Errorf("%s %s: %d %s", other, d.path, r.StatusCode, r.body)
		}
	}
	r := w.request(http.MethodOptions, d.path, "", "Origin", "http://evil.example", "Access-Control-Request-Method", method)
	for name := range r.Header {
		if strings.HasPrefix(name, "Access-Control-") {
			w.t.Errorf("OPTIONS %s: the response has %s", d.path, name)
		}
	}
	return sent + 1
}

func (w *fixture) badPaths(d endpoint) (sent int) {
	method, pattern, _ := strings.Cut(d.route, " ")
	headers := append(w.bearer("hall", organiser), "Origin", w.http.URL)
	if d.kind != "" {
		headers = append(headers, "Content-Type", d.kind)
	}
	for _, param := range []string{":event", ":link", "*"} {
		if !strings.Contains(pattern, param) {
			continue
		}
		for _, id := range badIDs {
			sent++
			path := strings.Replace(pattern, param, id, 1)
			path = strings.NewReplacer(":event", "hall", ":link", "attendee-ka1").Replace(path)
			r := w.request(method, path, d.body, headers...)
			switch page := strings.HasSuffix(pattern, "/:event/:link"); {
			case page && r.StatusCode == http.StatusOK && !strings.Contains(string(r.body), "opening"):
			case strings.HasSuffix(d.path, "?hello=%7B%22v%22%3A1%7D") && r.StatusCode == http.StatusOK && strings.Contains(string(r.body), "4103"):
			case strings.HasSuffix(pattern, "/live") && r.StatusCode == http.StatusUpgradeRequired: // nothing was checked
			default:
				w.checkRefusal(method+" "+path, r)
			}
		}
	}
	return sent
}

func (w *fixture) badQueries(d endpoint) (sent int) {
	method, _, _ := strings.Cut(d.route, " ")
	path, _, _ := strings.Cut(d.path, "?")
	nobody := []string{"Content-Type", d.kind, "Origin", w.http.URL}
	known := append(w.bearer("hall", organiser), nobody...)
	for _, value := range append([]string{"", "-1", "1e3", "99999999999999999999", "0x1", "1.5", "null", "%7B%7D", "%5B"}, badIDs...) {
		for _, name := range []string{"as", "seq", "dry", "hello", "ping", "wait"} {
			for _, headers := range [][]string{nobody, known} {
				sent++
				w.clock.skip(10 * time.Second) // so that the rate of uploads is not met
				r := w.request(method, path+"?"+name+"="+value+"&"+name+"=x", d.body, headers...)
				if r.StatusCode >= 500 || r.StatusCode >= 400 && !w.isDocumented(r) {
					w.t.Errorf("%s %s?%s=%s: %d %s", method, path, name, value, r.StatusCode, r.body)
				}
			}
		}
	}
	return sent
}

func (w *fixture) badKinds(d endpoint) (sent int) {
	method, _, _ := strings.Cut(d.route, " ")
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", asJSON + "-seq", "*/*", "\u2028", "a/b;c=" + strings.Repeat("x", 500)} {
		sent++
		w.clock.skip(10 * time.Second) // so that the rate of uploads is not met
		r := w.request(method, d.path, d.body, append(w.bearer("hall", organiser), "Content-Type", kind, "Origin", w.http.URL)...)
		w.expect(d.route+" as "+kind, r, http.StatusUnsupportedMediaType, wire.CodeBadType)
	}
	return sent
}

func (w *fixture) badBodies(d endpoint) (sent int) {
	method, _, _ := strings.Cut(d.route, " ")
	mine := append(w.bearer("hall", organiser), "Content-Type", asJSON, "Origin", w.http.URL)
	for name, text := range badJSON {
		for _, chunked := range []bool{false, true} {
			sent++
			headers := mine
			if chunked {
				headers = append(slices.Clone(mine), "Transfer-Encoding", "chunked")
			}
			r := w.request(method, d.path, text, headers...)
			w.checkRefusal(d.route+" "+name, r)
			w.expect(d.route+" "+name, r, http.StatusBadRequest, wire.CodeBadBody)
		}
	}
	limit := map[string]int{"POST /api/v1/sign-in": maxSignIn, "POST /api/v1/rotate": maxSignIn, "POST /api/v1/events/:event/commands": wire.MaxCommand}[d.route]
	if limit == 0 {
		w.t.Fatalf("%s has no limit", d.route)
	}
	for _, headers := range [][]string{mine, append(slices.Clone(mine), "Transfer-Encoding", "chunked")} {
		sent += 2
		pad := strings.Repeat(" ", limit-len(d.body))
		if r := w.request(method, d.path, d.body+pad, headers...); r.StatusCode != d.organiser {
			w.t.Errorf("%s with %d bytes: %d %s", d.route, limit, r.StatusCode, r.body)
		}
		w.expect(d.route+" one byte more", w.request(method, d.path, d.body+pad+" ", headers...), http.StatusRequestEntityTooLarge, wire.CodeTooLarge)
	}
	return sent
}

func (w *fixture) badWorkbooks(d endpoint) (sent int) {
	mine := append(w.bearer("hall", organiser), "Content-Type", workbookType)
	for name, text := range map[string]string{
		"empty": "", "JSON": "{}", "magic": "PK\x03\x04", "an old one": "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "zeros": strings.Repeat("\x00", 1<<16),
		"largest": "PK\x03\x04" + strings.Repeat("x", workbook.MaxFile-4),
	} {
		sent++
		w.clock.skip(10 * time.Second) // so that the rate of uploads is not met
		r := w.request(http.MethodPost, d.path, text, mine...)
		w.checkRefusal(name, r)
		w.expect(name, r, http.StatusUnprocessableEntity, wire.CodeWorkbook)
	}
	for _, headers := range [][]string{mine, append(slices.Clone(mine), "Transfer-Encoding", "chunked")} {
		sent++
		r := w.request(http.MethodPost, d.path, strings.Repeat("x", MaxWorkbook+1), headers...)
		w.expect("one byte more", r, http.StatusRequestEntityTooLarge, wire.CodeTooLarge)
	}
	return sent
}

// badFrame is an entry of wire/testdata/refused.json.
type badFrame struct{ Name, Text, Hex, Code, Param, ID string }

// Every frame of wire/testdata/refused.json is refused on a live connection. A
// command is rejected by its id, and the connection goes on. Any other frame brings
// an error frame and closes with the documented code; only a text that is not UTF-8
// closes with 1007 at once. Commands are refused by POST as well.
func TestLive_RefusesEveryBadFrame(t *testing.T) {
	text, err := os.ReadFile("../wire/testdata/refused.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []badFrame
	if err := json.Unmarshal(text, &all); err != nil || len(all) < 50 {
		t.Fatalf("%d frames: %v", len(all), err)
	}
	w := newFixture(t, false, nil)
	w.liftRates()
	w.addSmallEvent("hall")
	w.submitAsOrganiser("hall", floor.ReleaseSchedule{})
	witness := w.newBystander("hall")
	token := w.bearer("hall", "moderator-mA")
	for _, f := range all {
		if f.Hex != "" {
			if _, err := fmt.Sscanf(f.Hex, "%x", &f.Text); err != nil {
				t.Fatal(err)
			}
		}
		w.refusedLive(f, token)
		if inner, ok := strings.CutPrefix(f.Text, `{"command":`); ok && f.ID != "" {
			r := w.post("/api/v1/events/hall/commands", strings.TrimSuffix(inner, "}"), token...)
			w.checkRefusal(f.Name+" by POST", r)
			w.expect(f.Name+" by POST", r, r.StatusCode, f.Code)
		}
	}
	witness.checkUndisturbed()
	w.eventually("only the bystander is connected", func() bool { return w.server.limits.sockets.InUse() == 1 })
	t.Logf("%d frames", len(all))
}

func (w *fixture) refusedLive(f badFrame, token []string) {
	w.t.Helper()
	p := w.dialWith("/api/v1/events/hall/live", token...)
	defer p.conn.Close()
	p.hello()
	p.send(f.Text)
	if !utf8.ValidString(f.Text) {
		if code := p.closeCode(); code != websocket.CloseInvalidFramePayloadData {
			w.t.Errorf("%s: closed with %d", f.Name, code)
		}
		return
	}
	var got wire.Rejected
	if err := json.Unmarshal(p.until("error", "rejected"), &got); err != nil {
		w.t.Fatal(err)
	}
	if got.Code != f.Code || got.ID != f.ID {
		w.t.Errorf("%s: %+v, want %s of %q", f.Name, got, f.Code, f.ID)
	}
	if f.ID != "" {
		p.ping() // still open
	} else if code := p.closeCode(); code != int(wire.CloseBadFrame) {
		w.t.Errorf("%s: closed with %d", f.Name, code)
	}
}

// The id of another command is refused, whichever way each of them came.
func TestCommands_ReusedIDIsRefusedByEitherWay(t *testing.T) {
	w := newFixture(t, false, nil)
	w.addSmallEvent("hall")
	w.submitAsOrganiser("hall", floor.ReleaseSchedule{})
	for i, first := range []string{"post", "live"} {
		for j, second := range []string{"post", "live"} {
			c := &cell{w, "hall", "moderator-lead"}
			text := fmt.Sprintf(`{"id":"id-%d%d","announce":{"text":{"en":"%%s"}}}`, i, j)
			if _, code := c.submit(first, fmt.Sprintf(text, "one")); code != "" {
				t.Errorf("by %s: %s", first, code)
			}
			if _, code := c.submit(second, fmt.Sprintf(text, "one")); code != "" {
				t.Errorf("again by %s: %s", second, code)
			}
			if _, code := c.submit(second, fmt.Sprintf(text, "two")); code != wire.CodeIDReused {
				t.Errorf("another one by %s: %q", second, code)
			}
		}
	}
}

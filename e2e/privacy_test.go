package e2e_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/xuri/excelize/v2"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// leakDetector collects everything that leaves the instance during an acceptance day where no
// name and no secret belongs.
type leakDetector struct {
	d        *acceptanceDay
	balancer *lockedBuffer // output of HAProxy; nil without one
	base     string        // the URL that browsers use

	mu       sync.Mutex // guards the fields below
	displays bytes.Buffer
	refusals bytes.Buffer      // bodies of refusals
	urls     bytes.Buffer      // every URL and Referer that clients sent
	secrets  map[string]string // owners by secret
}

// newLeakDetector starts before anyone has signed in.
func (d *acceptanceDay) newLeakDetector() *leakDetector {
	e := &leakDetector{d: d, base: d.nodes[0].url(), secrets: map[string]string{}}
	if d.redis != nil && len(d.nodes) > 1 {
		addr, output := d.startHAProxy()
		e.base, e.balancer = "http://"+addr, output
	}
	return e
}

// begin imports a workbook that also has columns with phone numbers and e-mail addresses,
// follows every display, and signs a browser in with a cookie.
func (e *leakDetector) begin() {
	d := e.d
	file := d.writeWorkbook(withAddresses(d.t))
	if _, errs, code := matchfloor(d.t, append([]string{"import", file}, d.journalFlags()...)...); code != 0 {
		d.t.Fatalf("import: exit %d: %s", code, errs)
	}
	for name, link := range d.links {
		_, fragment, _ := strings.Cut(link.URL, "#")
		e.secrets[fragment[strings.LastIndexByte(fragment, '.')+1:]] = "the secret of " + name
		if link.Role == "display" {
			display := &person{v: d.venue, name: name, base: e.base, observer: e.observeDisplay}
			display.dial(nil)
		}
	}
	e.browse(d.links["attendee:k01a"])
	e.browse(d.links["display:d1"])
}

// withAddresses returns the sample workbook with columns that the import must ignore.
func withAddresses(t *testing.T) []byte {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(demo.Workbook()))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := book.GetRows("attendees")
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		phone, address := phoneOf(i), addressOf(i)
		if i == 0 {
			phone, address = "#phone", "#e-mail"
		}
		at, err := excelize.CoordinatesToCellName(len(rows[0])+1, i+1)
		if err == nil {
			err = book.SetSheetRow("attendees", at, &[]any{phone, address})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func phoneOf(row int) string   { return fmt.Sprintf("+82-10-5550-%04d", row) }
func addressOf(row int) string { return fmt.Sprintf("person%d@example.invalid", row) }

// observeDisplay records what a display receives.
func (e *leakDetector) observeDisplay(a client.ViewChange) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for key, card := range a.Set {
		fmt.Fprintf(&e.displays, "%s %s\n", key, card)
	}
	fmt.Fprintln(&e.displays, a.Drop)
}

// browse acts as a browser: it requests the page, exchanges the secret for a cookie, requests
// the page again, reads, submits a command that is refused, and signs out.
func (e *leakDetector) browse(link personLink) {
	t := e.d.t
	t.Helper()
	_, fragment, _ := strings.Cut(link.URL, "#")
	part := strings.Split(fragment, ".")
	body, err := json.Marshal(map[string]string{"event": part[0], "link": part[1], "secret": part[2]})
	if err != nil {
		t.Fatal(err)
	}
	page := "/" + link.Role
	e.request(http.MethodGet, page, "", "")
	_, cookies := e.request(http.MethodPost, "/api/v1/sign-in", string(body), "")
	e.request(http.MethodPost, "/api/v1/sign-in", strings.Replace(string(body), part[2], "wrong", 1), "")
	if len(cookies) != 1 {
		t.Fatalf("sign-in of %s: %d cookies", part[1], len(cookies))
	}
	e.secrets[cookies[0].Value] = "the session of " + part[1]
	mine, as := cookies[0].Name+"="+cookies[0].Value, "?as="+part[1]
	home, _ := e.request(http.MethodGet, page+"/"+part[0]+"/"+part[1], "", mine)
	view, _ := e.request(http.MethodGet, "/api/v1/events/"+part[0]+"/snapshot"+as, "", mine)
	refused, _ := e.request(http.MethodPost, "/api/v1/events/"+part[0]+"/commands"+as, `{"id":"x","checkIn":{"attendee":"k02a"}}`, mine)
	e.request(http.MethodPost, "/api/v1/sign-out"+as, "", mine)
	e.refusals.WriteString(refused)
	if link.Role == "display" {
		e.displays.WriteString(home + view)
	}
}

// request sends one request as a page would.
func (e *leakDetector) request(method, path, body, cookie string) (string, []*http.Cookie) {
	t := e.d.t
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, e.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", e.base)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	fmt.Fprintln(&e.urls, r.URL, r.Referer())
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), answer.Cookies()
}

// check looks for every name and every secret in everything that was collected.
func (e *leakDetector) check() {
	t := e.d.t
	e.mu.Lock()
	defer e.mu.Unlock()
	names := e.names()
	printed := 0
	out := map[string]string{"a display": e.displays.String(), "a URL": e.urls.String(), "a refusal": e.refusals.String()}
	for i, n := range e.d.nodes {
		output, organisers := withoutFirstLink(n.output.String())
		printed += organisers
		out[fmt.Sprintf("the output of node %d", i)] = output
		out[fmt.Sprintf("the metrics of node %d", i)] = fetchText(t, n.url()+"/metrics")
	}
	if printed > 1 {
		t.Errorf("the organiser's link was printed %d times", printed)
	}
	if e.balancer != nil {
		eventually(t, 5*time.Second, "HAProxy to have logged", func() error {
			if !strings.Contains(e.balancer.String(), "/api/v1/sign-out") {
				return fmt.Errorf("its output is %q", e.balancer.String())
			}
			return nil
		})
		out["HAProxy's log"] = e.balancer.String()
	}
	out["the log's keys"] = e.recordKeys()
	stored := ""
	if e.d.redis != nil {
		out["a key of Redis"], stored = redisText(t, e.d.redis.URL)
	} else {
		stored = fileContents(t, e.d.storeFlags[1])
	}
	found := 0
	for where, text := range out {
		found += len(text)
		for name, whose := range names {
			reveals(t, where, text, name, whose)
		}
		for secret, whose := range e.secrets {
			reveals(t, where, text, secret, whose)
		}
	}
	// The store contains names, because screens show them, but no secret and nothing of the
	// ignored columns.
	for secret, whose := range e.secrets {
		reveals(t, "the journal", stored, secret, whose)
	}
	for i := range e.d.phones {
		reveals(t, "the journal", stored, phoneOf(i+1), "a phone number")
		reveals(t, "the journal", stored, addressOf(i+1), "an e-mail address")
	}
	if !strings.Contains(out["the output of node 0"], "level=DEBUG") || !strings.Contains(out["a display"], "seat/") || e.displays.Len() < 20_000 {
		t.Errorf("the log level is not debug, or the displays showed too little: %d bytes", e.displays.Len())
	}
	t.Logf("searched for %d names and %d secrets in %d KB of output and %d KB of the store", len(names), len(e.secrets), found>>10, len(stored)>>10)
}

// names returns all texts that identify a person, in every script, with a description of the
// person.
func (e *leakDetector) names() map[string]string {
	forum, err := demo.Forum()
	if err != nil {
		e.d.t.Fatal(err)
	}
	names := map[string]string{}
	add := func(name floor.Text, whose string) {
		for _, n := range []string{name.Ko, name.Zh, name.En} {
			if n != "" {
				names[n] = "the name of " + whose
			}
		}
	}
	for i, a := range forum.Attendees {
		add(a.Name, string(a.ID))
		names[phoneOf(i+1)], names[addressOf(i+1)] = "a phone number", "an e-mail address"
	}
	for _, s := range forum.Staff {
		add(s.Name, string(s.ID))
	}
	for _, i := range forum.Interpreters {
		add(i.Name, string(i.ID))
	}
	if len(names) < 400 {
		e.d.t.Fatalf("only %d names", len(names))
	}
	return names
}

// reveals fails if a text contains a word in any encoding.
func reveals(t *testing.T, where, text, word, whose string) {
	t.Helper()
	ascii := strconv.QuoteToASCII(word)
	for _, form := range []string{word, ascii[1 : len(ascii)-1], url.QueryEscape(word), url.PathEscape(word)} {
		if at := strings.Index(text, form); at >= 0 {
			t.Errorf("%s is in %s: …%s…", whose, where, strings.ToValidUTF8(text[max(0, at-60):min(len(text), at+60)], "?"))
			return
		}
	}
}

// withoutFirstLink removes the line with the first organiser's link, which the first start
// prints, and returns how often it was there.
func withoutFirstLink(output string) (rest string, times int) {
	lines := slices.Collect(strings.Lines(output))
	rest = strings.Join(slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "organiser: http") }), "")
	return rest, strings.Count("\n"+output, "\norganiser: http")
}

// recordKeys returns the keys of all records of the event and of the instance.
func (e *leakDetector) recordKeys() string {
	var all strings.Builder
	for _, log := range []journal.LogID{eventID, journal.InstanceLog} {
		for after := uint64(0); ; {
			page, err := e.d.journal.Read(e.d.t.Context(), log, after, 500)
			if err != nil {
				e.d.t.Fatal(err)
			}
			if len(page.Records) == 0 {
				break
			}
			for _, r := range page.Records {
				fmt.Fprintln(&all, r.Key)
				after = r.Seq
			}
		}
	}
	return all.String()
}

// redisText returns the names of all keys and hash fields of a Redis, and everything that it
// stores.
func redisText(t *testing.T, address string) (keys, all string) {
	t.Helper()
	o, err := redis.ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	defer c.Close()
	var names, values strings.Builder
	for it := c.Scan(t.Context(), 0, "*", 1000).Iterator(); it.Next(t.Context()); {
		key := it.Val()
		fmt.Fprintln(&names, key)
		switch kind := c.Type(t.Context(), key).Val(); kind {
		case "hash":
			fields, err := c.HGetAll(t.Context(), key).Result()
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&names, slices.Collect(maps.Keys(fields)))
			fmt.Fprintln(&values, fields)
		case "stream":
			for _, m := range c.XRange(t.Context(), key, "-", "+").Val() {
				fmt.Fprintln(&values, m.ID, m.Values)
			}
		case "string":
			fmt.Fprintln(&values, c.Get(t.Context(), key).Val())
		case "zset":
			fmt.Fprintln(&values, c.ZRange(t.Context(), key, 0, -1).Val())
		default:
			t.Errorf("%s is a %s: it is not known how to read it", key, kind)
		}
	}
	return names.String(), names.String() + values.String()
}

// fileContents returns the contents of all files in a directory except the instance key. It
// reads all of them again if a file disappears meanwhile, as it does when Redis rewrites its
// files.
func fileContents(t *testing.T, dir string) string {
	t.Helper()
	for range 100 {
		text, err := readAll(dir)
		if err == nil {
			return text
		}
		if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	t.Fatalf("%s: files come and go faster than they can be read", dir)
	return ""
}

func readAll(dir string) (string, error) {
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, ".key") {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	return all.String(), err
}

func fetchText(t *testing.T, address string) string {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return cmp.Or(string(text), fmt.Sprint(err))
}

package e2e_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// upgradeBlocker is a proxy on the venue's network that lets no WebSocket through.
type upgradeBlocker struct {
	hangs   bool // an upgrade gets no response; otherwise it is refused
	buffers bool // a response is forwarded only when it is complete

	mu     sync.Mutex     // guards seen
	counts map[string]int // requests, by the last part of their path
}

// startBefore starts the proxy in front of an address and returns the proxy's URL.
func (o *upgradeBlocker) startBefore(t *testing.T, base string) string {
	t.Helper()
	target, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	o.counts = map[string]int{}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
	}
	if o.buffers {
		proxy.ModifyResponse = bufferResponse
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.count(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])
		switch {
		case r.Header.Get("Upgrade") == "":
			proxy.ServeHTTP(w, r)
		case o.hangs:
			<-r.Context().Done()
		default:
			http.Error(w, "<html>no upgrades here</html>", http.StatusForbidden)
		}
	}))
	t.Cleanup(front.Close)
	t.Cleanup(front.CloseClientConnections)
	return front.URL
}

// bufferResponse reads a response to its end before any of it is forwarded.
func bufferResponse(r *http.Response) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

func (o *upgradeBlocker) count(what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.counts[what]++
}

func (o *upgradeBlocker) resetCounts() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.counts)
}

// requests returns how many requests of a kind were received.
func (o *upgradeBlocker) requests(what string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.counts[what]
}

// isLive is true in a page that shows that its view is current.
const isLive = `[...document.querySelectorAll('.chip.jade')].some(c => /^\s*Live/.test(c.innerText))`

// ownMeeting is the meeting of k01a in R3.
const ownMeeting = floor.MeetingID("m043")

// moveMeeting moves k01a's meeting of R3 to a free table and measures until the phone shows
// it.
func moveMeeting(v *venue, lead *person, phone *screen) {
	v.t.Helper()
	lead.syncToHead()
	m, _ := client.Get[floor.MeetingCard](lead.View(), floor.CardKey("meeting/"+ownMeeting))
	free := freeTableOf(lead, m.Place.Round, "A")
	label := strings.TrimPrefix(string(free), "T")
	began := time.Now()
	if _, err := lead.submit(floor.MoveMeeting{Meeting: ownMeeting, Table: free}); err != nil {
		v.t.Fatal(err)
	}
	phone.until("table "+label, fmt.Sprintf(`[...document.querySelectorAll('.changed')].some(e => e.innerText.includes(%q))`, label))
	v.t.Logf("from the move to the phone %v (with the time that asking the page takes)", time.Since(began).Round(time.Millisecond))
}

// Behind a proxy that refuses upgrades or never responds to them, an attendee's page is live
// on a stream or polls, shows a move, acknowledges it, and is live again after a reload.
func TestFallback_PageIsLiveWithoutWebSockets(t *testing.T) {
	for name, o := range map[string]*upgradeBlocker{"refused": {}, "no response": {hangs: true}, "refused, and responses buffered": {buffers: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they mostly wait for upgrades that fail
			v, lead := secondRound(t)
			words := catalogOf(t, "en")
			phone := openScreen(t, "phone", v.links["attendee:k01a"].at(o.startBefore(t, v.nodes[0].url())), "en", phoneSize)
			t.Logf("live %v after it was opened", phone.until("the phone live", isLive).Round(time.Millisecond))
			eventually(t, 40*time.Second, "the fallback", o.usesFallback)
			phone.until("the phone live", isLive)
			moveMeeting(v, lead, phone)
			phone.press(words["word.gotIt"])
			phone.until("that the mark is removed", fmt.Sprintf(`!document.body.innerText.includes(%q)`, words["change.table"]))
			o.wantReceiptByPOST(v, lead)
			o.resetCounts()
			phone.do(chromedp.Reload())
			eventually(t, 40*time.Second, "the fallback again", o.usesFallback)
			phone.until("the phone live again", isLive)
			moveMeeting(v, lead, phone)
			if o.buffers {
				phone.wantStaleMark()
			}
		})
	}
}

// wantStaleMark checks that a page without a network shows the time of its view.
func (s *screen) wantStaleMark() {
	s.t.Helper()
	s.offline(true)
	s.until("the time of its view", `[...document.querySelectorAll('.chip.amber, .chip.red')].some(c => /as of/i.test(c.innerText) && /14:0\d/.test(c.innerText))`)
	s.offline(false)
	s.until("the phone live at last", isLive)
}

// usesFallback returns nil once the page uses the transport that this proxy allows.
func (o *upgradeBlocker) usesFallback() error {
	if o.requests("live") < 2 {
		return errors.New("the page has not tried a WebSocket twice")
	}
	if o.buffers && o.requests("poll") < 2 || !o.buffers && o.requests("stream") < 2 {
		return errors.New("the page has not used another transport")
	}
	return nil
}

// wantReceiptByPOST checks that the acknowledgement came by POST.
func (o *upgradeBlocker) wantReceiptByPOST(v *venue, lead *person) {
	v.t.Helper()
	lead.sees("the receipt", func(view client.View) bool {
		for _, n := range client.Each[floor.NoticeCard](view, "notice") {
			if n.Kind == floor.NoticeMoved && n.Seen == 1 {
				return true
			}
		}
		return false
	})
	if o.requests("commands") == 0 {
		v.t.Error("the acknowledgement did not come by POST")
	}
}

// Two nodes run behind HAProxy, and a proxy in front of it refuses upgrades. A page and forty
// phones on streams and polls receive every move; a node is killed, and they resume on the
// other.
func TestFallback_ResumesOnTheOtherNode(t *testing.T) {
	v, balancer := haproxyVenue(t)
	lead := v.release(v.nodes[1].url())
	v.clock("14:00")
	lead.mustSubmit(floor.StartSlot{SlotRef: floor.SlotRef{Round: "R2"}})
	o := &upgradeBlocker{}
	front := o.startBefore(t, balancer)
	for i, name := range attendees(t)[1:41] {
		p := &person{v: v, name: name, base: balancer, transport: []client.Transport{client.TransportStream, client.TransportPoll}[i/32]}
		v.people[name] = p
		p.dial(nil)
	}
	phone := openScreen(t, "phone", v.links["attendee:k01a"].at(front), "en", phoneSize)
	phone.until("the phone live", isLive)
	eventually(t, 40*time.Second, "the stream", o.usesFallback)
	moveMeeting(v, lead, phone)
	v.burst(lead)
	v.checkConverged()
	phone.press(catalogOf(t, "en")["word.gotIt"])
	o.wantReceiptByPOST(v, lead)
	v.nodes[0].kill()
	killed := time.Now()
	moveMeeting(v, lead, phone)
	phone.until("the phone live", isLive)
	v.burst(lead)
	v.checkConverged()
	t.Logf("all screens current %v after a node was killed", time.Since(killed).Round(time.Millisecond))
}

// burst submits commands one after the other without pauses, and measures when the phones
// receive an announcement to everyone.
func (v *venue) burst(lead *person) {
	v.t.Helper()
	began := time.Now()
	const moves = 30
	for i := range moves {
		for _, locked := range []bool{true, false} {
			lock := floor.LockMeeting{Meeting: floor.MeetingID(fmt.Sprintf("m%03d", 101+i)), Locked: locked}
			if _, err := lead.Do(v.t.Context(), wire.Command{Body: lock}); err != nil {
				v.t.Fatal(err)
			}
		}
	}
	commands := time.Since(began)
	began = time.Now()
	accepted, err := lead.submit(floor.Announce{Text: floor.Text{En: "to all"}, Minutes: 5})
	if err != nil {
		v.t.Fatal(err)
	}
	var took []time.Duration
	for name, p := range v.people {
		if !strings.HasPrefix(name, "attendee:") {
			continue
		}
		p.sees("the announcement", func(view client.View) bool { return view.At.Seq >= accepted.Seq })
		frames := p.framesSince(0)
		i := slices.IndexFunc(frames, func(f frame) bool { return f.to >= accepted.Seq })
		took = append(took, frames[i].at.Sub(began))
	}
	slices.Sort(took)
	v.t.Logf("%d commands in %v; from a command to %d phones without a socket p50 %v, max %v",
		2*moves, commands.Round(time.Millisecond), len(took), took[len(took)/2].Round(time.Microsecond), took[len(took)-1].Round(time.Microsecond))
}

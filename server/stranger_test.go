package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/hub/replica"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/wire"
)

// Handshakes without a credential that hang take no place of people who are signed in: those
// connect at once, and are told at once why they cannot.
func TestLive_HangingStrangersTakeNoPlaceOfOthers(t *testing.T) {
	w := newFixture(t, false, func(o *Options) { o.MaxLinkSockets = 1 })
	link := w.linkOf[floor.RoleModerator]
	credential := w.bearer(event, link)
	hanging := 0
	for range maxTurnedAway + 16 {
		conn, _, err := w.tryDial("/api/v1/events/demo/live?as=moderator-x", "Origin", w.http.URL)
		if err != nil {
			continue // refused with 503: there are as many as may be
		}
		hanging++
		t.Cleanup(func() { conn.Close() }) // which does not answer the close until then
	}
	if hanging < maxTurnedAway {
		t.Errorf("%d strangers hang, want %d", hanging, maxTurnedAway)
	}
	began := time.Now()
	w.dialWith("/api/v1/events/demo/live", credential...).hello()
	for range 3 {
		if code := w.dialWith("/api/v1/events/demo/live", credential...).closeCode(); code != int(wire.CloseTooMany) {
			t.Errorf("one connection too many is closed with %d", code)
		}
	}
	w.expect("a sign-in", w.post("/api/v1/sign-in", w.signInText(event, link, false)), http.StatusOK, "")
	w.expect("a poll", w.request(http.MethodGet, "/api/v1/events/demo/poll?hello=%7B%22v%22%3A1%7D", "", w.bearer(event, w.linkOf[floor.RoleRunner])...), http.StatusOK, "")
	if took := time.Since(began); took > patience/2 {
		t.Errorf("it took %v", took)
	}
}

// Nobody without a credential can cause a line that operators are woken for.
func TestLog_StrangersCauseNoErrorLines(t *testing.T) {
	w := newFixture(t, true, everyPage)
	for _, d := range endpoints {
		method, _, _ := strings.Cut(d.route, " ")
		for _, headers := range [][]string{
			nil,
			{"Origin", w.http.URL, "Connection", "Upgrade", "Upgrade", "websocket"},
			{"Origin", w.http.URL, "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "12"},
			{"Origin", w.http.URL, "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "short"},
			{"Content-Type", asJSON, "Origin", w.http.URL, "Authorization", "Bearer x"},
			{"Content-Type", workbookType, "X-Forwarded-For", "no address", "X-Forwarded-Proto", "gopher"},
		} {
			for _, m := range []string{method, http.MethodHead, http.MethodPatch} {
				for _, body := range []string{"", "{", `{"event":"_","link":"organiser-x","secret":""}`} {
					if m != http.MethodPost && body != "" {
						continue
					}
					w.request(m, d.path, body, headers...)
				}
			}
		}
	}
	for _, broken := range []string{"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x00\x02\x01\x00", ""} {
		conn, err := (&netDialer{}).dial(w.http.Listener.Addr().String(), broken) // no TLS handshake, or half of one
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	w.eventually("the broken handshakes are logged", func() bool { return strings.Contains(w.logged.String(), "TLS handshake error") })
	for line := range strings.Lines(w.logged.String()) {
		if strings.Contains(line, "level=ERROR") {
			t.Error(line)
		}
	}
}

// A HEAD has the status and the headers of a GET, and no body.
func TestHead_IsAGetWithoutABody(t *testing.T) {
	w := newFixture(t, false, everyPage)
	attendee := w.cookie(event, w.linkOf[floor.RoleAttendee])
	for _, path := range []string{
		"/", "/attendee", "/attendee/demo/" + string(w.linkOf[floor.RoleAttendee]), "/organiser/_/organiser-o1",
		"/assets/main-ABC123.js", "/assets/none.js", "/healthz", "/readyz",
	} {
		for _, more := range [][]string{{"Accept-Encoding", "identity"}, {"Accept-Encoding", "gzip"}, {"Accept-Encoding", "identity", "If-None-Match", "*"}} {
			headers := append([]string{"Cookie", attendee.Name + "=" + attendee.Value}, more...)
			get, head := w.request(http.MethodGet, path, "", headers...), w.request(http.MethodHead, path, "", headers...)
			for _, r := range []response{get, head} {
				r.Header.Del("Date")
				if n := r.Header.Get("Content-Length"); n != "" && r.Header.Get("Content-Encoding") == "gzip" {
					r.Header.Set("Content-Length", "some") // a page says the time, which is compressed to fewer or more bytes
				}
			}
			if head.StatusCode != get.StatusCode || len(head.body) > 0 || !maps.EqualFunc(head.Header, get.Header, slices.Equal) {
				t.Errorf("%s with %v:\nHEAD %d %v\n GET %d %v", path, more, head.StatusCode, head.Header, get.StatusCode, get.Header)
			}
		}
	}
}

// Browsers are told to stay with HTTPS only by the public host over HTTPS.
func TestHeaders_StrictTransportOnThePublicHostOnly(t *testing.T) {
	for _, c := range []struct {
		public, host, proto string
		pinned              bool
	}{
		{"https://forum.example", "forum.example", "https", true},
		{"https://forum.example", "FORUM.example:443", "https", true},
		{"https://forum.example:8443", "forum.example:8443", "https", true},
		{"https://forum.example", "forum.example", "http", false},
		{"https://forum.example", "10.0.0.5:8080", "https", false},
		{"http://forum.example", "forum.example", "https", false},
		{"https://localhost:8443", "localhost:8443", "https", false},
		{"https://127.0.0.1:8443", "127.0.0.1:8443", "https", false},
		{"https://[::1]:8443", "[::1]:8443", "https", false},
	} {
		w := newFixture(t, false, func(o *Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
		w.submitAsOperator(auth.InstanceEvent, floor.SetPublicURL{URL: c.public})
		for _, path := range []string{"/", "/healthz", "/nothing", "/api/v1/events"} {
			r := w.requestTo(c.host, path, "X-Forwarded-Proto", c.proto)
			if got := r.Header.Get("Strict-Transport-Security"); (got == "max-age=31536000") != c.pinned || !c.pinned && got != "" {
				t.Errorf("%s at %s by %s, %s: %q", c.public, c.host, c.proto, path, got)
			}
		}
		w.close()
	}
}

// hungJournal is a journal whose calls end with their contexts.
type hungJournal struct{ journal.Journal }

func (hungJournal) Read(ctx context.Context, _ journal.LogID, _ uint64, _ int) (journal.Page, error) {
	<-ctx.Done()
	return journal.Page{}, fmt.Errorf("%w: %w", journal.ErrUnavailable, ctx.Err())
}

// Over HTTPS too, pages are served at once while the instance's log cannot be loaded.
func TestHeaders_DoNotWaitForTheJournal(t *testing.T) {
	memory := journal.NewMemory(time.Now)
	h := hub.New(hungJournal{memory}, memory, hub.Options{})
	opening := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { defer close(opening); h.State(ctx, journal.InstanceLog) }()
	defer func() { cancel(); <-opening; h.Close() }()
	server, err := New(Options{Hub: h, Keys: testKeys(t, 1), Pages: testPages})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/attendee", "/healthz"} {
		answered := make(chan int, 1)
		go func() {
			r := httptest.NewRequest(http.MethodGet, "https://forum.example"+path, nil).WithContext(ctx)
			w := httptest.NewRecorder()
			server.ServeHTTP(w, r)
			answered <- w.Code
		}()
		select {
		case status := <-answered:
			if status != http.StatusOK {
				t.Errorf("%s: %d", path, status)
			}
		case <-time.After(replica.CallTimeout / 2):
			t.Errorf("%s is not answered while the journal hangs", path)
			cancel()
			<-answered
		}
	}
}

// Only two headers of a proxy are believed. A client could send the others through it.
func TestProxies_OtherForwardingHeadersAreIgnored(t *testing.T) {
	w := newFixture(t, false, func(o *Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	body := w.signInText(event, w.linkOf[floor.RoleAttendee], false)
	for _, header := range []string{
		"X-Forwarded-Protocol: https", "X-Forwarded-Ssl: on", "X-Url-Scheme: https", "X-Forwarded-Scheme: https", "Front-End-Https: on",
		"Forwarded: for=203.0.113.9;proto=https;host=evil.example", "X-Forwarded-Host: evil.example", "X-Real-Ip: 203.0.113.9",
		"Cf-Connecting-Ip: 203.0.113.9", "True-Client-Ip: 203.0.113.9", "X-Client-Ip: 203.0.113.9", "X-Original-Host: evil.example",
	} {
		name, value, _ := strings.Cut(header, ": ")
		// The address stays private, the origin is our own, and the connection plain.
		r := w.post("/api/v1/sign-in", body, name, value)
		if w.expect(header, r, http.StatusOK, ""); len(r.Cookies()) != 1 || r.Cookies()[0].Secure {
			t.Errorf("%s: cookies %v", header, r.Cookies())
		}
		evil := w.request(http.MethodPost, "/api/v1/sign-in", body, "Content-Type", asJSON, "Origin", "http://evil.example", name, value)
		w.expect("from elsewhere with "+header, evil, http.StatusForbidden, wire.CodeBadOrigin)
	}
}

// requestTo sends a GET to another host name of the server.
func (w *fixture) requestTo(host, path string, headers ...string) response {
	w.t.Helper()
	conn, err := (&netDialer{}).dial(w.http.Listener.Addr().String(), fmt.Sprintf(
		"GET %s HTTP/1.1\r\nHost: %s\r\n%s: %s\r\nConnection: close\r\n\r\n", path, host, headers[0], headers[1]))
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	r, err := http.ReadResponse(conn.reader, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Body.Close()
	return response{Response: r}
}

// netDialer opens plain connections.
type netDialer struct{ net.Dialer }

// plainConn is a connection with a reader.
type plainConn struct {
	net.Conn
	reader *bufio.Reader
}

// dial opens a connection and sends text on it.
func (d *netDialer) dial(address, text string) (plainConn, error) {
	conn, err := d.Dial("tcp", address)
	if err != nil {
		return plainConn{}, err
	}
	_, err = io.WriteString(conn, text)
	return plainConn{conn, bufio.NewReader(conn)}, err
}

package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/ws/wstest"
	"github.com/matchfloor/matchfloor/wire"
)

// waitUntilIdle waits until there are exactly n connections, and no goroutine reads one.
func (w *fixture) waitUntilIdle(n int) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("%d connections are idle", n), func() bool {
		return w.server.limits.sockets.InUse() == n && readers(w.t) == 0
	})
}

// idlePhone returns a client with a session, after all connections have become idle.
func (w *fixture) idlePhone() *phone {
	w.t.Helper()
	p := w.dial(event, w.linkOf[floor.RoleAttendee])
	p.hello()
	w.eventually("all connections are idle", func() bool { return readers(w.t) == 0 })
	return p
}

// TestLive_IdleConnectionsShareOnePoller: idle connections need no goroutines of their own,
// each replies to a ping, and the poller's goroutine ends with the last of them.
func TestLive_IdleConnectionsShareOnePoller(t *testing.T) {
	w := newFixture(t, false, func(o *Options) { o.MaxLinkSockets = 50 })
	w.liftRates()
	for range 2 { // the second time with a new epoll set
		all := make([]*phone, 50)
		for i := range all {
			all[i] = w.dial(event, w.linkOf[floor.RoleAttendee])
			all[i].hello()
		}
		w.waitUntilIdle(len(all))
		if n := readers(t); n != 0 {
			t.Errorf("%d goroutines read %d idle connections", n, len(all))
		}
		for _, p := range all {
			p.ping()
		}
		w.waitUntilIdle(len(all))
		for _, p := range all {
			p.conn.Close()
		}
		w.eventually("the poller's goroutine ends", func() bool { return stacks(t, "ws.(*Poller).run") == 0 })
	}
}

// TestPoller_OperatorsSeeWhetherItWorks: the metric says that it works here, and a failure
// is logged with its code and its cause.
func TestPoller_OperatorsSeeWhetherItWorks(t *testing.T) {
	w := newFixture(t, false, nil)
	if r := w.request(http.MethodGet, "/metrics", ""); !strings.Contains(string(r.body), "\nmatchfloor_poller_working 1\n") {
		t.Errorf("metrics: %d %.2000s", r.StatusCode, r.body)
	}
	if said := w.logged.String(); strings.Contains(said, "poller_off") {
		t.Errorf("logged without a failure: %s", said)
	}
	logPollerFailure(w.server.log)(errors.New("no such call"))
	if said := w.logged.String(); !strings.Contains(said, "level=WARN") || !strings.Contains(said, `code=poller_off err="no such call"`) {
		t.Errorf("logged: %s", said)
	}
}

// TestLive_FramesArriveInAnyPieces: reads need not end where frames end, neither on a
// parked connection nor over TLS.
func TestLive_FramesArriveInAnyPieces(t *testing.T) {
	text := func(s string) string { return wstest.MaskedFrame(0x81, s) }
	ping := func(n int) string { return text(fmt.Sprintf(`{"ping":{"n":%d}}`, n)) }
	fragments := wstest.MaskedFrame(0x01, `{"ping":`) + wstest.MaskedFrame(0x89, "x") + wstest.MaskedFrame(0x00, "") +
		wstest.MaskedFrame(0x8a, "") + wstest.MaskedFrame(0x00, `{"n":`) + wstest.MaskedFrame(0x89, "") + wstest.MaskedFrame(0x80, `7}}`)
	var many strings.Builder
	for n := range 50 {
		many.WriteString(ping(n + 1))
	}
	for _, secure := range []bool{false, true} {
		w := newFixture(t, secure, nil)
		w.liftRates()
		for name, c := range map[string]struct {
			input string
			each  int // bytes per write
			last  int // number of the last pong
		}{
			"byte by byte":           {ping(1) + ping(2), 1, 2},
			"many in a segment":      {many.String(), 1 << 20, 50},
			"a frame and a half":     {ping(1) + ping(2), len(ping(1)) + 9, 2},
			"fragments and pings":    {fragments, 1 << 20, 7},
			"fragments byte by byte": {fragments, 1, 7},
			"larger than the buffer": {text(`{"ping":{"n":9}` + strings.Repeat(" ", 3*readBufferSize) + `}`), 1000, 9},
			"exactly the buffer":     {text(`{"ping":{"n":9}` + strings.Repeat(" ", readBufferSize-8-16) + `}`), 1 << 20, 9},
		} {
			t.Run(fmt.Sprintf("%s, TLS %t", name, secure), func(t *testing.T) {
				p := w.dial(event, w.linkOf[floor.RoleAttendee])
				p.hello()
				raw := p.conn.NetConn()
				for input := c.input; input != ""; {
					n := min(c.each, len(input))
					if _, err := io.WriteString(raw, input[:n]); err != nil {
						t.Fatal(err)
					}
					input = input[n:]
				}
				for want := fmt.Sprintf(`"n":%d,`, c.last); !strings.Contains(string(p.until("pong")), want); {
				}
				p.conn.Close()
			})
		}
	}
}

// serverEnds are the ways in which the server ends an idle connection.
var serverEnds = map[string]struct {
	do   func(*fixture)
	code wire.CloseCode
}{
	"drained":      {func(w *fixture) { w.drain() }, wire.CloseRestart},
	"link rotated": {func(w *fixture) { w.rotateLink() }, wire.CloseSessionOver},
}

// drain drains the hub, which closes all sessions.
func (w *fixture) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.hub.Drain(ctx); err != nil {
		w.t.Error(err)
	}
}

// TestLive_IdleConnectionsAreClosedAtOnce: connections that no goroutine reads get their
// close code at once, and free their places and sessions.
func TestLive_IdleConnectionsAreClosedAtOnce(t *testing.T) {
	for name, end := range serverEnds {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t, false, nil)
			var all []*phone
			for range 10 {
				all = append(all, w.idlePhone())
			}
			began := time.Now()
			end.do(w)
			for _, p := range all {
				if code := p.finalCloseCode(); code != int(end.code) {
					t.Errorf("closed with %d, want %d", code, end.code)
				}
			}
			w.waitUntilIdle(0)
			if took := time.Since(began); took > time.Second {
				t.Errorf("the end took %v", took)
			}
			if n := w.hub.Stats().Sessions; n != 0 {
				t.Errorf("%d sessions are left", n)
			}
		})
	}
}

// TestLive_AbortFreesPlaceAndSession: connections that no goroutine reads end at once when
// the hub aborts them, without a close frame.
func TestLive_AbortFreesPlaceAndSession(t *testing.T) {
	w := newFixture(t, false, nil)
	var conns []*conn
	var phones []*phone
	for range 10 {
		c, p := w.pair()
		if full, many := w.server.limits.sockets.Acquire(c.key); full || many {
			t.Fatal("there is no place")
		}
		c.socket.Watch()
		c.signedIn.Session = w.attach(c)
		c.socket.Start()
		p.hello()
		conns, phones = append(conns, c), append(phones, p)
	}
	w.waitUntilIdle(len(conns))
	began := time.Now()
	for _, c := range conns {
		c.Abort()
	}
	for _, p := range phones {
		if code := p.finalCloseCode(); code != 0 {
			t.Errorf("closed with %d", code)
		}
	}
	w.waitUntilIdle(0)
	if took := time.Since(began); took > time.Second {
		t.Errorf("the end took %v", took)
	}
	if n := w.hub.Stats().Sessions; n != 0 {
		t.Errorf("%d sessions are left", n)
	}
}

// finalCloseCode reads to the end and returns the close code, or 0 without a close frame.
func (p *phone) finalCloseCode() int {
	for {
		if _, _, err := p.conn.ReadMessage(); err != nil {
			var code int
			fmt.Sscanf(err.Error(), "websocket: close %d", &code)
			if code == 1006 {
				code = 0
			}
			return code
		}
	}
}

// TestLive_IdleClientThatIgnoresCloseIsCutOff: Close starts a reader, which waits for the
// answer for closeTimeout.
func TestLive_IdleClientThatIgnoresCloseIsCutOff(t *testing.T) {
	w := newFixture(t, false, nil)
	p := w.idlePhone()
	p.conn.SetCloseHandler(func(int, string) error { return nil }) // sends no answer
	began := time.Now()
	w.rotateLink()
	if code := p.closeCode(); code != int(wire.CloseSessionOver) {
		t.Errorf("closed with %d", code)
	}
	w.waitUntilIdle(0)
	if took := time.Since(began); took < closeTimeout-time.Second || took > closeTimeout+time.Second {
		t.Errorf("the end took %v", took)
	}
}

// TestLive_EndOfClientFreesItsPlace: a close frame, an end and a reset are noticed.
func TestLive_EndOfClientFreesItsPlace(t *testing.T) {
	w := newFixture(t, false, nil)
	for name, end := range map[string]func(*net.TCPConn){
		"close": func(c *net.TCPConn) { io.WriteString(c, wstest.MaskedFrame(0x88, "\x03\xe8")) },
		"end":   func(c *net.TCPConn) { c.CloseWrite() },
		"reset": func(c *net.TCPConn) { c.SetLinger(0); c.Close() },
	} {
		end(w.idlePhone().conn.NetConn().(*net.TCPConn))
		w.eventually("its place is free after "+name, func() bool { return w.server.limits.sockets.InUse() == 0 && w.hub.Stats().Sessions == 0 })
	}
}

// TestLive_ShortConnectionsLeaveNothing: while other connections begin and end in all
// ways, those that stay are served, and nothing is left of the others.
func TestLive_ShortConnectionsLeaveNothing(t *testing.T) {
	w := newFixture(t, false, func(o *Options) { o.MaxLinkSockets = 60 })
	w.liftRates()
	token := w.bearer(event, w.linkOf[floor.RoleAttendee])
	dial := func() *phone { return w.dialWith("/api/v1/events/demo/live", token...) }
	staying := []*phone{dial(), dial(), dial()}
	for _, p := range staying {
		p.hello()
	}
	var others sync.WaitGroup
	for worker := range 6 {
		others.Go(func() {
			for i := range 20 {
				conn, _, err := w.tryDial("/api/v1/events/demo/live", token...)
				if err != nil {
					t.Error(err)
					return
				}
				p := &phone{t, conn}
				raw := conn.NetConn().(*net.TCPConn)
				switch (worker + i) % 4 {
				case 0:
					raw.SetLinger(0)
				case 1:
					io.WriteString(raw, wstest.MaskedFrame(0x88, ""))
				case 2:
					p.send(`{"hello":{"v":1}}`)
				case 3:
					p.send(`{"nonsense":{}}`)
					p.finalCloseCode()
				}
				conn.Close()
			}
		})
	}
	for range 50 {
		for _, p := range staying {
			p.ping()
		}
	}
	others.Wait()
	w.waitUntilIdle(len(staying))
	for _, p := range staying {
		p.ping()
	}
}

// acknowledgeChanges makes n changes, has p acknowledge the patch of each, and returns how
// long that took. p sends nothing else.
func (w *fixture) acknowledgeChanges(p *phone, seq uint64, n int) time.Duration {
	w.t.Helper()
	began := time.Now()
	for i := range n {
		w.submitAsOrganiser(event, floor.Announce{Text: floor.Text{En: fmt.Sprintf("news %d", i)}, Minutes: 1})
		var patch wire.Patch
		if err := json.Unmarshal(p.until("patch"), &patch); err != nil {
			w.t.Fatal(err)
		}
		if patch.To.Seq <= seq {
			w.t.Fatalf("a patch to %d after %d", patch.To.Seq, seq)
		}
		seq = patch.To.Seq
		p.send(fmt.Sprintf(`{"ack":{"seq":%d}}`, seq))
	}
	return time.Since(began)
}

// TestLive_SlowClientsDelayNoOthers: goroutines wait for clients that stop inside a message
// or ignore a close frame, while the poller reads the acks of others.
func TestLive_SlowClientsDelayNoOthers(t *testing.T) {
	w := newFixture(t, false, func(o *Options) { o.MaxLinkSockets = 60 })
	w.liftRates()
	p := w.dial(event, w.linkOf[floor.RoleAttendee])
	seq := p.hello().At.Seq
	ack := wstest.MaskedFrame(0x81, `{"ack":{"seq":1}}`)
	const each = 10
	for _, input := range []string{
		ack[:1], ack[:7], // the rest never arrives
		ack + ack[:9],
		wstest.MaskedFrame(0x01, `{"ack":`),
		wstest.MaskedFrame(0x83, ""), // a protocol error: the server drains the connection
	} {
		for range each {
			other := w.dial(event, w.linkOf[floor.RoleAttendee])
			other.hello()
			other.conn.SetCloseHandler(func(int, string) error { return nil })
			if _, err := io.WriteString(other.conn.NetConn(), input); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.eventually("a goroutine waits for each of them", func() bool { return stacks(t, "ws.(*Conn).serve") == 5*each })
	took := w.acknowledgeChanges(p, seq, 3*wire.MaxUnackFrames)
	if took > closeTimeout {
		t.Errorf("the acks took %v", took)
	}
	if n := stacks(t, "ws.(*Conn).serve"); n < 4*each {
		t.Errorf("only %d goroutines still wait", n)
	}
}

package server

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// parked answers how many connections rest in the server's poller.
func (w *world) parked() (n int) {
	p := w.server.live.poller
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range p.all {
		if k.parked {
			n++
		}
	}
	return n
}

// polling reports whether the poller has a set and anybody in it.
func (w *world) polling() (set bool, watched int) {
	p := w.server.live.poller
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.set != nil, len(p.all)
}

// atRest waits until n connections, and no more, are there and idle.
func (w *world) atRest(n int) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("%d are at rest", n), func() bool {
		_, watched := w.polling()
		return watched == n && w.parked() == n && w.server.limits.sockets.InUse() == n
	})
}

// resting is a client that has greeted, and whose connection is parked.
func (w *world) resting() *phone {
	w.t.Helper()
	p := w.dial(event, w.people[floor.RoleAttendee])
	p.hello()
	w.eventually("it rests", func() bool { _, watched := w.polling(); return w.parked() == watched })
	return p
}

// TestIdleConnectionsShareAPoller: fifty idle connections are fifty entries and no
// goroutine, each answers when it is spoken to, and the last takes the poller along.
func TestIdleConnectionsShareAPoller(t *testing.T) {
	w := newWorld(t, false, func(o *Options) { o.MaxLinkSockets = 50 })
	w.calmTime()
	for range 2 { // the second time with a set of its own
		all := make([]*phone, 50)
		for i := range all {
			all[i] = w.dial(event, w.people[floor.RoleAttendee])
			all[i].hello()
		}
		w.atRest(len(all))
		if n := readers(t); n != 0 {
			t.Errorf("%d goroutines read %d idle connections", n, len(all))
		}
		for _, p := range all {
			p.ping()
		}
		w.atRest(len(all))
		for _, p := range all {
			p.conn.Close()
		}
		w.eventually("the set is closed", func() bool { set, watched := w.polling(); return !set && watched == 0 })
		w.eventually("its goroutine ends", func() bool { return stacks(t, "server.(*poller).run") == 0 })
	}
}

// TestFramesComeInAnyPieces: what the kernel hands over has nothing to do with
// where frames begin and end, on a connection that is parked, and over TLS.
func TestFramesComeInAnyPieces(t *testing.T) {
	text := func(s string) string { return maskedFrame(0x81, s) }
	ping := func(n int) string { return text(fmt.Sprintf(`{"ping":{"n":%d}}`, n)) }
	parted := maskedFrame(0x01, `{"ping":`) + maskedFrame(0x89, "x") + maskedFrame(0x00, "") +
		maskedFrame(0x8a, "") + maskedFrame(0x00, `{"n":`) + maskedFrame(0x89, "") + maskedFrame(0x80, `7}}`)
	var many strings.Builder
	for n := range 50 {
		many.WriteString(ping(n + 1))
	}
	for _, secure := range []bool{false, true} {
		w := newWorld(t, secure, nil)
		w.calmTime()
		for name, c := range map[string]struct {
			said string
			each int // bytes
			last int // the pong that ends it
		}{
			"byte by byte":             {ping(1) + ping(2), 1, 2},
			"many in a segment":        {many.String(), 1 << 20, 50},
			"a frame and a half":       {ping(1) + ping(2), len(ping(1)) + 9, 2},
			"parts with pings between": {parted, 1 << 20, 7},
			"the same, byte by byte":   {parted, 1, 7},
			"larger than the buffer":   {text(`{"ping":{"n":9}` + strings.Repeat(" ", 3*inBuffer) + `}`), 1000, 9},
			"exactly the buffer":       {text(`{"ping":{"n":9}` + strings.Repeat(" ", inBuffer-8-16) + `}`), 1 << 20, 9},
		} {
			t.Run(fmt.Sprintf("%s, TLS %t", name, secure), func(t *testing.T) {
				p := w.dial(event, w.people[floor.RoleAttendee])
				p.hello()
				raw := p.conn.NetConn()
				for said := c.said; said != ""; {
					n := min(c.each, len(said))
					if _, err := io.WriteString(raw, said[:n]); err != nil {
						t.Fatal(err)
					}
					said = said[n:]
				}
				for want := fmt.Sprintf(`"n":%d,`, c.last); !strings.Contains(string(p.until("pong")), want); {
				}
				p.conn.Close()
			})
		}
	}
}

// ends are the ways in which a resting connection ends from here.
var ends = map[string]struct {
	do   func(*world)
	code wire.CloseCode // 0: without a word
}{
	"cut":          {func(w *world) { w.cut() }, 0},
	"drained":      {func(w *world) { w.drain() }, wire.CloseRestart},
	"link rotated": {func(w *world) { w.rotate() }, wire.CloseSessionOver},
}

// cut does to all what the hub does to a session that is stuck.
func (w *world) cut() {
	p := w.server.live.poller
	p.mu.Lock()
	all := slices.Collect(maps.Values(p.all))
	p.mu.Unlock()
	for _, k := range all {
		k.Abort()
	}
}

func (w *world) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.hub.Drain(ctx); err != nil {
		w.t.Error(err)
	}
}

// TestRestingConnectionsAreEnded: nobody reads them, and still each is told and
// gone at once, with its place, its entry and its session.
func TestRestingConnectionsAreEnded(t *testing.T) {
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, false, nil)
			var all []*phone
			for range 10 {
				all = append(all, w.resting())
			}
			began := time.Now()
			end.do(w)
			for _, p := range all {
				if code := p.code(); code != int(end.code) {
					t.Errorf("closed with %d, want %d", code, end.code)
				}
			}
			w.atRest(0)
			if took := time.Since(began); took > time.Second {
				t.Errorf("it took %v", took)
			}
			if n := w.hub.Stats().Sessions; n != 0 {
				t.Errorf("%d sessions are left", n)
			}
		})
	}
}

// code reads to the end, and answers the close code; 0: there was none.
func (p *phone) code() int {
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

// TestARestingClientThatDoesNotAnswerACloseIsCutOff: Close wakes a reader for it,
// which waits as long as patience lasts, and not longer.
func TestARestingClientThatDoesNotAnswerACloseIsCutOff(t *testing.T) {
	w := newWorld(t, false, nil)
	p := w.resting()
	p.conn.SetCloseHandler(func(int, string) error { return nil }) // says nothing back
	began := time.Now()
	w.rotate()
	if code := p.closeCode(); code != int(wire.CloseSessionOver) {
		t.Errorf("closed with %d", code)
	}
	w.atRest(0)
	if took := time.Since(began); took < closePatience-time.Second || took > closePatience+time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestAClientThatGoesIsNoticed: by a close, an end and a reset of its connection.
func TestAClientThatGoesIsNoticed(t *testing.T) {
	w := newWorld(t, false, nil)
	for name, goes := range map[string]func(*net.TCPConn){
		"close": func(c *net.TCPConn) { io.WriteString(c, maskedFrame(0x88, "\x03\xe8")) },
		"end":   func(c *net.TCPConn) { c.CloseWrite() },
		"reset": func(c *net.TCPConn) { c.SetLinger(0); c.Close() },
	} {
		goes(w.resting().conn.NetConn().(*net.TCPConn))
		w.eventually("it is gone after "+name, func() bool { return w.server.limits.sockets.InUse() == 0 && w.hub.Stats().Sessions == 0 })
	}
}

// TestNumbersOfFilesAreUsedAgain: an event of a connection that has gone is nobody
// else's, though the kernel gives the number of its file to the next.
func TestNumbersOfFilesAreUsedAgain(t *testing.T) {
	p := newPoller()
	held, fds := map[int][]uint64{}, 0
	for range 20 {
		k, client := tcpSocket(t, p)
		p.add(k)
		if !p.park(k) {
			t.Fatal("it is not parked")
		}
		for _, id := range held[k.fd] { // of those that had the same file before it
			fds++
			if over := p.ready([]syscall.EpollEvent{*epollEvent(id, 0)}); len(over) > 0 {
				t.Errorf("an event of connection %d ended the rest of %d", id, k.id)
			}
		}
		held[k.fd] = append(held[k.fd], k.id)
		if over := p.ready([]syscall.EpollEvent{*epollEvent(k.id, 0)}); len(over) != 1 || over[0] != k {
			t.Errorf("its own event ended the rest of %v", over)
		}
		k.leave()
		client.Close()
	}
	if fds == 0 {
		t.Error("no number was used twice")
	}
	if id := uint64(1<<40 + 1<<31 + 5); idOf(*epollEvent(id, 0)) != id {
		t.Error("a number does not survive its event")
	}
}

// TestWhoHasToGoDoesNotRest: a connection has one reader at the most, and one that
// gives up while its client is being told to go keeps it: nobody else would hold the
// client to its time.
func TestWhoHasToGoDoesNotRest(t *testing.T) {
	p := newPoller()
	k, client := tcpSocket(t, p)
	defer client.Close()
	defer k.leave()
	if p.add(k); p.unpark(k) {
		t.Error("it was parked by being watched")
	}
	if !p.park(k) || !p.unpark(k) || p.unpark(k) {
		t.Error("it can not be parked and taken back, once")
	}
	if over := p.ready([]syscall.EpollEvent{*epollEvent(k.id, 0)}); len(over) > 0 {
		t.Error("an event gave it a second reader")
	}
	k.closing.Store(true)
	if p.park(k) {
		t.Error("it was parked while it is being closed")
	}
}

// tcpSocket is a socket on a TCP connection, and the client's end of that.
func tcpSocket(t *testing.T, p *poller) (*socket, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	there, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { there.Close() })
	here, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return newSocket(&liveEndpoint{poller: p}, here, ""), there
}

// TestComingsAndGoings: while connections come, speak and go in every way, those
// that stay are heard, and nothing is left of the others.
func TestComingsAndGoings(t *testing.T) {
	w := newWorld(t, false, func(o *Options) { o.MaxLinkSockets = 60 })
	w.calmTime()
	token := w.bearer(event, w.people[floor.RoleAttendee])
	dial := func() *phone { return w.dialWith("/api/v1/events/demo/live", token...) }
	stays := []*phone{dial(), dial(), dial()}
	for _, p := range stays {
		p.hello()
	}
	var coming sync.WaitGroup
	for who := range 6 {
		coming.Go(func() {
			for i := range 20 {
				conn, _, err := w.tryDial("/api/v1/events/demo/live", token...)
				if err != nil {
					t.Error(err)
					return
				}
				p := &phone{t, conn}
				raw := conn.NetConn().(*net.TCPConn)
				switch (who + i) % 4 {
				case 0:
					raw.SetLinger(0)
				case 1:
					io.WriteString(raw, maskedFrame(0x88, ""))
				case 2:
					p.send(`{"hello":{"v":1}}`)
				case 3:
					p.send(`{"nonsense":{}}`)
					p.code()
				}
				conn.Close()
			}
		})
	}
	for range 50 {
		for _, p := range stays {
			p.ping()
		}
	}
	coming.Wait()
	w.atRest(len(stays))
	for _, p := range stays {
		p.ping()
	}
}

// TestWithoutAPollerGoroutinesWait: where the set fails, goroutines take over.
func TestWithoutAPollerGoroutinesWait(t *testing.T) {
	w := newWorld(t, false, nil)
	all := []*phone{w.resting(), w.resting()}
	p := w.server.live.poller
	p.mu.Lock()
	set := p.set
	p.mu.Unlock()
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	w.eventually("goroutines wait", func() bool { return stacks(t, "server.(*socket).await") == len(all) })
	for _, one := range all {
		one.ping()
	}
	later := w.resting()
	w.rotate()
	for _, one := range append(all, later) {
		if code := one.closeCode(); code != int(wire.CloseSessionOver) {
			t.Errorf("closed with %d", code)
		}
	}
	w.atRest(0)
}

// TestNoFileIsLeft: what connections open they close, the poller too.
func TestNoFileIsLeft(t *testing.T) {
	files := func() int {
		all, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	p := newPoller()
	first, _ := tcpSocket(t, p)
	p.add(first)
	before := files()
	for range 10 {
		k, client := tcpSocket(t, p)
		p.add(k)
		k.Abort()
		k.leave()
		client.Close()
	}
	if n := files() - before; n > 0 {
		t.Errorf("%d files more than before", n)
	}
	first.leave()
	if p.set != nil {
		t.Error("the set outlives its connections")
	}
}

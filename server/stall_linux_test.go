package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sys/unix"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/internal/ws/wstest"
)

// smallBuffer is the size in bytes of the send buffers of the server, and of the receive
// buffers of clients that do not read. The kernel doubles it.
const smallBuffer = 4 << 10

// A smallBufferListener gives every connection a fixed, small send buffer, and keeps it.
type smallBufferListener struct {
	net.Listener
	accepted *sync.Map // by the client's address
}

// Accept implements net.Listener.
func (l smallBufferListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.accepted.Store(conn.RemoteAddr().String(), conn)
	return conn, conn.(*net.TCPConn).SetWriteBuffer(smallBuffer)
}

// fill fills the send buffer of a client's connection, as any number of pongs would, until it
// takes nothing for 50 ms. It writes past net.Conn, whose deadline belongs to the server.
func (l smallBufferListener) fill(client net.Conn) error {
	found, _ := l.accepted.Load(client.LocalAddr().String())
	raw, err := found.(syscall.Conn).SyscallConn()
	if err != nil {
		return err
	}
	pongs := []byte(strings.Repeat("\x8a\x00", 2<<10))
	for full := false; !full && err == nil; {
		controlled := raw.Control(func(fd uintptr) {
			for err == nil {
				_, err = syscall.Write(int(fd), pongs)
			}
			if err == syscall.EAGAIN {
				var writable int
				writable, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, 50)
				full = writable == 0
			}
		})
		err = errors.Join(err, controlled)
	}
	return err
}

// newSmallBufferFixture starts a fixture whose connections have small send buffers.
func newSmallBufferFixture(t *testing.T, secure, polled bool) (*fixture, smallBufferListener) {
	t.Helper()
	w := newUnstartedFixture(t, hub.Options{}, func(o *Options) { o.MaxLinkSockets = 64 })
	w.http = httptest.NewUnstartedServer(nil)
	w.http.Config = w.server.HTTP()
	l := smallBufferListener{w.http.Listener, new(sync.Map)}
	if w.http.Listener = l; !polled {
		w.http.Listener = hidingListener{l}
	}
	if secure {
		w.http.StartTLS()
	} else {
		w.http.Start()
	}
	t.Cleanup(w.close)
	w.addEvents()
	w.liftRates()
	return w, l
}

// dialDeaf makes a connection with a small receive buffer.
func dialDeaf(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		controlled := raw.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, smallBuffer)
		})
		if controlled != nil {
			return controlled
		}
		return err
	}}
	return d.DialContext(ctx, network, addr)
}

// The attack of a client on the connections of others. It has this many waves, each with
// more sockets than there are goroutines that write for all sessions.
const stallWaves = 3

func stallWave() int { return 2*runtime.GOMAXPROCS(0) + 2 }

// TestLive_ClientThatDoesNotReadDelaysNoOther: sockets whose send buffers are full of pongs,
// and which are closed while the hub has a frame for them, delay no frame of another client.
func TestLive_ClientThatDoesNotReadDelaysNoOther(t *testing.T) {
	for name, c := range map[string]struct{ secure, polled bool }{
		"plain": {false, true}, "goroutines": {false, false}, "TLS": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			undisturbed(t, func() (*fixture, smallBufferListener) { return newSmallBufferFixture(t, c.secure, c.polled) }, attackSockets)
		})
	}
}

// TestStream_ClientThatDoesNotReadDelaysNoOther: the same for visits with Server-Sent Events.
func TestStream_ClientThatDoesNotReadDelaysNoOther(t *testing.T) {
	for name, secure := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			undisturbed(t, func() (*fixture, smallBufferListener) { return newSmallBufferFixture(t, secure, true) }, attackStreams)
		})
	}
}

// attackSockets fills the send buffers of sockets, and then lets them be closed, wave by wave.
// It calls next after each wave.
func attackSockets(w *fixture, l smallBufferListener, next func(trips int)) {
	token := w.bearer(event, w.linkOf[floor.RoleAttendee])
	var deaf []net.Conn
	for range stallWaves * stallWave() {
		d := websocket.Dialer{HandshakeTimeout: patience, NetDialContext: dialDeaf, WriteBufferSize: 512}
		d.TLSClientConfig = w.http.Client().Transport.(*http.Transport).TLSClientConfig
		conn, _, err := d.Dial("ws"+strings.TrimPrefix(w.http.URL, "http")+"/api/v1/events/demo/live", http.Header{token[0]: {token[1]}})
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { conn.Close() })
		p := &phone{w.t, conn}
		p.send(fmt.Sprintf(`{"ack":{"seq":%d}}`, p.hello().At.Seq))
		deaf = append(deaf, conn.NetConn())
	}
	var filling sync.WaitGroup
	for _, conn := range deaf {
		filling.Go(func() {
			if err := l.fill(conn); err != nil {
				w.t.Error(err)
			}
		})
	}
	filling.Wait()
	for wave := range slices.Chunk(deaf, stallWave()) {
		for _, conn := range wave {
			w.tell(conn, wstest.MaskedFrame(0x81, `{"ping":{"n":1}}`)+wstest.MaskedFrame(0xc1, "{}"))
		}
		next(100)
	}
}

// Requests whose responses are not read hold none of the bounded places.
func TestRequests_UnreadResponsesHoldNoPlace(t *testing.T) {
	w, _ := newSmallBufferFixture(t, false, true)
	token := w.bearer(event, w.linkOf[floor.RoleModerator])
	body := w.signInText(event, w.linkOf[floor.RoleAttendee], true)
	requests := w.server.limits.requests
	for full := false; !full; {
		full, _ = requests.Acquire("")
	}
	const places = 2
	for range places {
		requests.Release("")
	}
	for range places {
		conn, err := dialDeaf(t.Context(), "tcp", w.http.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		w.tell(conn, "GET /api/v1/events/demo/snapshot HTTP/1.1\r\nHost: here\r\n"+token[0]+": "+token[1]+"\r\n\r\n")
	}
	w.eventually("the responses are being written", func() bool { return stacks(t, "http.(*response).Write") == places })
	r := w.request(http.MethodPost, "/api/v1/sign-in", body, "Content-Type", "application/json")
	w.expect("a sign-in meanwhile", r, http.StatusOK, "")
}

// tell sends input on a connection that the server may have closed.
func (w *fixture) tell(conn net.Conn, input string) {
	if err := conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		w.t.Error(err)
	}
	if _, err := io.WriteString(conn, input); err != nil {
		w.t.Logf("a socket that does not read: %v", err)
	}
}

// attackStreams opens streams that are not read, each with more requests waiting behind it,
// wave by wave. It calls next after each wave.
func attackStreams(w *fixture, _ smallBufferListener, next func(trips int)) {
	token := w.bearer(event, w.linkOf[floor.RoleAttendee])
	request := "GET /api/v1/events/demo/stream?" + helloOf(nil, "") + " HTTP/1.1\r\nHost: here\r\n" + token[0] + ": " + token[1] + "\r\n\r\n"
	for range stallWaves {
		for range stallWave() {
			conn, err := dialDeaf(w.t.Context(), "tcp", w.http.Listener.Addr().String())
			if err != nil {
				w.t.Fatal(err)
			}
			w.t.Cleanup(func() { conn.Close() })
			if w.http.TLS != nil {
				config := w.http.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
				config.ServerName = w.http.Certificate().DNSNames[0]
				conn = tls.Client(conn, config)
			}
			w.tell(conn, strings.Repeat(request, 10))
		}
		w.eventually("streams wait for their clients", func() bool {
			return stacks(w.t, "fallback.(*sseEncoder).write") >= stallWave()/2
		})
		next(100)
	}
}

// undisturbed checks that an attack leaves the round trips of other clients as they were just
// before. A machine that is busy with something else may make an attempt fail, but not three:
// a client that has to wait for another waits for a second.
func undisturbed(t *testing.T, begin func() (*fixture, smallBufferListener), attack func(w *fixture, l smallBufferListener, next func(trips int))) {
	const attempts = 3
	for attempt := 1; ; attempt++ {
		w, l := begin()
		before := w.roundTrips(func(next func(trips int)) { next(200) })
		during := w.roundTrips(func(next func(trips int)) { attack(w, l, next) })
		w.close()
		p99, most := max(2*at99(before), 25*time.Millisecond), max(2*slices.Max(before), 100*time.Millisecond)
		t.Logf("%d round trips before: p99 %v, at most %v; %d during: p99 %v, at most %v",
			len(before), at99(before), slices.Max(before), len(during), at99(during), slices.Max(during))
		switch {
		case at99(during) <= p99 && slices.Max(during) <= most:
			return
		case attempt == attempts:
			t.Fatalf("%d attempts failed: p99 may be %v, and no round trip may take longer than %v", attempts, p99, most)
		}
	}
}

func at99(sorted []time.Duration) time.Duration { return sorted[len(sorted)*99/100] }

// roundTrips returns, sorted, how long the pings of some clients took while do ran. do gets a
// function that waits for a number of them.
func (w *fixture) roundTrips(do func(next func(trips int))) []time.Duration {
	const clients, every = 4, 30 * time.Millisecond
	var mu sync.Mutex // guards took
	var took []time.Duration
	measured := func() int { mu.Lock(); defer mu.Unlock(); return len(took) }
	var pinging sync.WaitGroup
	ended := make(chan struct{})
	for range clients {
		p := w.dial(event, w.linkOf[floor.RoleModerator])
		p.hello()
		pinging.Go(func() {
			defer p.conn.Close()
			for tick := time.NewTicker(every); ; {
				select {
				case <-ended:
					tick.Stop()
					return
				case <-tick.C:
				}
				trip, err := p.roundTrip()
				if err != nil {
					w.t.Errorf("a client that reads: %v", err)
					return
				}
				mu.Lock()
				took = append(took, trip)
				mu.Unlock()
			}
		})
	}
	func() {
		defer pinging.Wait()
		defer close(ended)
		do(func(trips int) {
			until := measured() + trips
			w.eventually("the next round trips", func() bool { return measured() >= until })
		})
	}()
	slices.Sort(took)
	return took
}

// roundTrip sends a ping and returns how long its pong took.
func (p *phone) roundTrip() (time.Duration, error) {
	began := time.Now()
	if err := p.conn.WriteMessage(websocket.TextMessage, []byte(`{"ping":{"n":1}}`)); err != nil {
		return 0, err
	}
	for {
		_, text, err := p.conn.ReadMessage()
		if err != nil || strings.HasPrefix(string(text), `{"pong"`) {
			return time.Since(began), err
		}
	}
}

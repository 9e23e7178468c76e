package server

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/hub"
)

// pipes is a network of its own, in memory, so that a test may run in fake time.
type pipes struct {
	next   chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

// end is one end of a connection that looks like one on loopback.
type end struct{ net.Conn }

var loopbackAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}

func (end) LocalAddr() net.Addr  { return loopbackAddr }
func (end) RemoteAddr() net.Addr { return loopbackAddr }

// Accept implements net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.next:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *pipes) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

// Addr implements net.Listener.
func (p *pipes) Addr() net.Addr { return loopbackAddr }

// dial connects to whoever accepts.
func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.next <- end{there}:
		return end{here}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// pipedWorld is a world without events, reached through pipes.
func pipedWorld(t testing.TB, change func(*Options)) *world {
	t.Helper()
	w := makeWorld(t, hub.Options{}, change)
	w.net = newPipes()
	w.http = &httptest.Server{Listener: w.net, Config: w.server.HTTP()}
	w.http.Start()
	w.http.Client().Transport.(*http.Transport).DialContext = w.net.dial
	t.Cleanup(w.close)
	return w
}

// inFakeTime runs a test against a world of two halls whose clock stands still
// while anything happens, and leaps when everybody waits.
func inFakeTime(t *testing.T, change func(*Options), test func(*testing.T, *world)) {
	if _, err := sampleForum(); err != nil { // made outside: it is shared with other tests
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w := pipedWorld(t, change)
		w.fill()
		test(t, w)
	})
}

// raw is a connection that says what it likes, and hears how it ends.
type raw struct {
	net.Conn
	began time.Time
}

// knock opens a connection and sends text as it stands.
func (w *world) knock(text string) *raw {
	w.t.Helper()
	conn, err := w.net.dial(w.t.Context(), "", "")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	r := &raw{conn, time.Now()}
	r.say(text)
	return r
}

func (r *raw) say(text string) bool {
	_, err := r.Write([]byte(text))
	return err == nil
}

// lasts reads to the end and answers what came and when the end was.
func (r *raw) lasts() (string, time.Duration) {
	var all []byte
	buf := make([]byte, 4<<10)
	for {
		n, err := r.Read(buf)
		all = append(all, buf[:n]...)
		if err != nil {
			return string(all), time.Since(r.began)
		}
	}
}

// fakeTime lets so much of the fake time pass.
func fakeTime(d time.Duration) { time.Sleep(d) }

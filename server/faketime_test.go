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

// pipes is a network in memory, so that a test can run in fake time.
type pipes struct {
	next   chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

// end is one end of a connection. Its addresses are those of loopback.
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

// dial connects to the next Accept.
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

// pipedWorld returns a fixture without events, which is reached through pipes.
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

// inFakeTime runs a test with a fixture in a synctest bubble: time passes only while
// all goroutines wait.
func inFakeTime(t *testing.T, change func(*Options), test func(*testing.T, *world)) {
	if _, err := sampleForum(); err != nil { // made outside of the bubble, because other tests share it
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w := pipedWorld(t, change)
		w.fill()
		test(t, w)
	})
}

// raw is a connection on which a test sends any bytes.
type raw struct {
	net.Conn
	began time.Time
}

// knock opens a connection and sends text on it.
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

// lasts reads to the end. It returns what came, and how long after knock the end was.
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

// fakeTime waits in fake time.
func fakeTime(d time.Duration) { time.Sleep(d) }

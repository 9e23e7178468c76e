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

// pipeNetwork is a network in memory, so that a test can run in fake time.
type pipeNetwork struct {
	next   chan net.Conn
	closed chan struct{}
}

func newPipes() *pipeNetwork { return &pipeNetwork{make(chan net.Conn), make(chan struct{})} }

// pipeEnd is one end of a connection. Its addresses are those of loopback.
type pipeEnd struct{ net.Conn }

var loopbackAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}

func (pipeEnd) LocalAddr() net.Addr  { return loopbackAddr }
func (pipeEnd) RemoteAddr() net.Addr { return loopbackAddr }

// Accept implements net.Listener.
func (p *pipeNetwork) Accept() (net.Conn, error) {
	select {
	case conn := <-p.next:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *pipeNetwork) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

// Addr implements net.Listener.
func (p *pipeNetwork) Addr() net.Addr { return loopbackAddr }

// dial connects to the next Accept.
func (p *pipeNetwork) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.next <- pipeEnd{there}:
		return pipeEnd{here}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// newPipedFixture returns a fixture without events, which is reached through pipes.
func newPipedFixture(t testing.TB, change func(*Options)) *fixture {
	t.Helper()
	w := newUnstartedFixture(t, hub.Options{}, change)
	w.net = newPipes()
	w.http = &httptest.Server{Listener: w.net, Config: w.server.HTTP()}
	w.http.Start()
	w.http.Client().Transport.(*http.Transport).DialContext = w.net.dial
	t.Cleanup(w.close)
	return w
}

// withFakeTime runs a test with a fixture in a synctest bubble: time passes only while
// all goroutines wait.
func withFakeTime(t *testing.T, change func(*Options), test func(*testing.T, *fixture)) {
	if _, err := sampleForum(); err != nil { // made outside of the bubble, because other tests share it
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w := newPipedFixture(t, change)
		w.addEvents()
		test(t, w)
	})
}

// rawConn is a connection on which a test sends any bytes.
type rawConn struct {
	net.Conn
	began time.Time
}

// dialRaw opens a connection and sends text on it.
func (w *fixture) dialRaw(text string) *rawConn {
	w.t.Helper()
	conn, err := w.net.dial(w.t.Context(), "", "")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	r := &rawConn{conn, time.Now()}
	r.send(text)
	return r
}

func (r *rawConn) send(text string) bool {
	_, err := r.Write([]byte(text))
	return err == nil
}

// readToEnd reads to the end. It returns what came, and how long after dialRaw the end was.
func (r *rawConn) readToEnd() (string, time.Duration) {
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

package intake

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pipes is a listener of connections in memory.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes {
	return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
}

var errOnce = errors.New("too many open files")

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		if conn == nil {
			return nil, errOnce
		}
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return nil }

// dial makes n connections and returns the clients' ends.
func (p *pipes) dial(n int) (clients []net.Conn) {
	for range n {
		client, server := net.Pipe()
		clients = append(clients, client)
		p.conns <- server
	}
	return clients
}

// handOn takes connections from l, as a server does, and returns a function that returns those
// taken so far.
func handOn(l *Listener) (taken func() []net.Conn) {
	var mu sync.Mutex
	var all []net.Conn
	go func() {
		for {
			conn, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				l.ConnState(conn, http.StateNew)
				mu.Lock()
				all = append(all, conn)
				mu.Unlock()
			}
		}
	}()
	return func() []net.Conn {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		return append([]net.Conn(nil), all...)
	}
}

func TestListener_HandsOnWhatTheServerGetsThroughWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		l := Wrap(p)
		taken := handOn(l)
		clients := p.dial(3 * maxStarting) // all are accepted, although the server is busy
		if n := len(taken()); n != maxStarting {
			t.Fatalf("%d connections at once", n)
		}
		for i, conn := range taken()[:maxStarting/2] {
			l.ConnState(conn, []http.ConnState{http.StateIdle, http.StateHijacked, http.StateClosed}[i%3])
		}
		if n := len(taken()); n != maxStarting*3/2 {
			t.Errorf("%d connections after half of them were answered", n)
		}
		l.Close()
		for i, client := range clients[maxStarting*3/2:] { // what was not handed on is closed
			if _, err := client.Read(make([]byte, 1)); err != io.EOF {
				t.Fatalf("client %d: %v", i, err)
			}
		}
	})
}

// Connections that send nothing, or whose answer waits for something, hold up nobody for
// longer than a moment.
func TestListener_DoesNotWaitForThoseThatSendNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		l := Wrap(p)
		defer l.Close()
		taken := handOn(l)
		begun := time.Now()
		p.dial(10*maxStarting + 1)
		for len(taken()) <= 10*maxStarting && time.Since(begun) < time.Second {
			time.Sleep(time.Millisecond)
		}
		if d := time.Since(begun); d > 10*patience {
			t.Errorf("the last of %d was handed on after %v", 10*maxStarting+1, d)
		}
	})
}

func TestListener_GoesOnAfterAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		l := Wrap(p)
		go func() { p.conns <- nil; p.dial(1) }()
		if _, err := l.Accept(); !errors.Is(err, errOnce) {
			t.Errorf("%v", err)
		}
		if conn, err := l.Accept(); err != nil || conn == nil {
			t.Errorf("%v %v", conn, err)
		}
		l.Close()
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

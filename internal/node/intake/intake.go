// Package intake takes connections in for an HTTP server. When ten thousand clients come back
// at once, net/http starts a goroutine with two buffers for each, and all of them take turns:
// the last request of a crowd is then read before the first one is answered. A Listener hands
// connections on as the server gets through with them. The memory of a crowd is then that of a
// few requests, and the kernel's queue of connections is emptied all the same.
package intake

import (
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	maxStarting = 32                   // connections whose first request is not answered
	patience    = 5 * time.Millisecond // how long such a connection counts while others wait
	maxWaiting  = 16 << 10             // connections that are not handed on yet
	errorPause  = 5 * time.Millisecond // after an error of the network's listener
)

// Listener is a net.Listener in front of another one. The server must call ConnState.
type Listener struct {
	net.Listener
	accepted chan accepted // closed when the goroutine that accepts has ended
	closed   chan struct{}
	close    sync.Once
	room     chan struct{} // one slot: there may be room again

	mu       sync.Mutex            // guards starting
	starting map[net.Conn]struct{} // handed on, the first request not answered
}

// accepted is a result of the network's listener.
type accepted struct {
	conn net.Conn
	err  error
}

// Wrap returns a listener in front of inner, and begins to accept. The caller must close it,
// which closes inner.
func Wrap(inner net.Listener) *Listener {
	l := &Listener{
		Listener: inner, accepted: make(chan accepted, maxWaiting), closed: make(chan struct{}),
		room: make(chan struct{}, 1), starting: make(map[net.Conn]struct{}),
	}
	go l.run()
	return l
}

// run accepts connections until the listener is closed.
func (l *Listener) run() {
	defer close(l.accepted)
	for {
		conn, err := l.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		select {
		case l.accepted <- accepted{conn, err}:
		case <-l.closed:
			if err == nil {
				conn.Close()
			}
			return
		}
		if err == nil {
			continue
		}
		select { // the server pauses too, but not this goroutine
		case <-time.After(errorPause):
		case <-l.closed:
			return
		}
	}
}

// Accept implements net.Listener. While the first requests of many connections are not
// answered, it waits: until half of them are, or for a moment if these take long.
func (l *Listener) Accept() (net.Conn, error) {
	l.awaitRoom()
	a, ok := <-l.accepted
	if !ok {
		return nil, net.ErrClosed
	}
	select {
	case <-l.closed: // a server that shuts down would wait for the connection
		if a.err == nil {
			a.conn.Close()
		}
		return nil, net.ErrClosed
	default:
		return a.conn, a.err
	}
}

func (l *Listener) awaitRoom() {
	if l.count() < maxStarting {
		return
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for l.count() > maxStarting/2 {
		select {
		case <-l.room:
		case <-timer.C:
			// They send nothing, or wait for something: for an answer of the journal, or for
			// a change. They must not hold up the others.
			l.forget()
			return
		case <-l.closed:
			return
		}
	}
}

func (l *Listener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.starting)
}

// forget makes the connections that are starting count no more.
func (l *Listener) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.starting)
}

// ConnState is for http.Server.ConnState.
func (l *Listener) ConnState(conn net.Conn, state http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch state {
	case http.StateNew:
		l.starting[conn] = struct{}{}
	case http.StateIdle, http.StateHijacked, http.StateClosed:
		delete(l.starting, conn)
		if len(l.starting) == maxStarting/2 {
			select {
			case l.room <- struct{}{}:
			default:
			}
		}
	}
}

// Close implements net.Listener. It closes the connections that were not handed on.
func (l *Listener) Close() (err error) {
	l.close.Do(func() {
		close(l.closed)
		err = l.Listener.Close()
		for a := range l.accepted {
			if a.err == nil {
				a.conn.Close()
			}
		}
	})
	return err
}

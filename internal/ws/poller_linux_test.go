package ws

import (
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/internal/ws/wstest"
)

// TestPoller_ReusedFDGetsNoFrame: when a descriptor's number is in use again, events of
// the old connection do not reach the new one, nor do frames that are written to the old.
func TestPoller_ReusedFDGetsNoFrame(t *testing.T) {
	p := workingPoller(t)
	earlier, reused := map[int32][]*Conn{}, 0 // connections by the descriptor that they had
	for range 20 {
		conn, client := tcpConn(t, p, &recorder{})
		p.watch(conn)
		if !p.park(conn) {
			t.Fatal("the connection is not parked")
		}
		fd := conn.fd
		for _, old := range earlier[fd] {
			reused++
			if ready := p.takeReady([]syscall.EpollEvent{*newEvent(old.id, 0)}); len(ready) > 0 {
				t.Errorf("an event of connection %d wakes connection %d", old.id, conn.id)
			}
			if taken, err := old.TryWrite([]byte("old")); taken || canTrySend && err == nil {
				t.Errorf("TryWrite on a closed connection: taken %t, error %v", taken, err)
			}
			if err := old.Write([]byte("old"), time.Now().Add(testTimeout)); err == nil {
				t.Error("Write succeeds on a closed connection")
			}
		}
		earlier[fd] = append(earlier[fd], conn)
		if ready := p.takeReady([]syscall.EpollEvent{*newEvent(conn.id, 0)}); len(ready) != 1 || ready[0] != conn {
			t.Errorf("its own event wakes %v", ready)
		}
		conn.teardown()
		if got, err := io.ReadAll(client); err != nil || len(got) > 0 {
			t.Errorf("the client read %q, error %v", got, err)
		}
		client.Close()
	}
	if reused == 0 {
		t.Error("no descriptor was used twice")
	}
	if id := uint64(1<<40 + 1<<31 + 5); eventID(*newEvent(id, 0)) != id {
		t.Error("an id does not survive its event")
	}
}

// TestPoller_ClosingConnIsNotParked: a connection has at most one reader, and one that is
// closing keeps it, because only a blocking read observes the deadline.
func TestPoller_ClosingConnIsNotParked(t *testing.T) {
	p := workingPoller(t)
	conn, client := tcpConn(t, p, &recorder{})
	defer client.Close()
	defer conn.teardown()
	if p.watch(conn); p.unpark(conn) {
		t.Error("watch has parked it")
	}
	if !p.park(conn) || !p.unpark(conn) || p.unpark(conn) {
		t.Error("it cannot be parked and unparked exactly once")
	}
	if over := p.takeReady([]syscall.EpollEvent{*newEvent(conn.id, 0)}); len(over) > 0 {
		t.Error("an event has started a second reader")
	}
	conn.closing.Store(true)
	if p.park(conn) {
		t.Error("it was parked while it was closing")
	}
}

// A client is the client's end of a connection that echoes, with the server's end.
type client struct {
	net.Conn
	conn    *Conn
	handler *recorder
}

// startClients connects n clients and starts their connections.
func startClients(t *testing.T, p *Poller, n int) (all []client) {
	t.Helper()
	for range n {
		h := &recorder{}
		c, there := tcpConn(t, p, h)
		h.echo = c
		c.Watch()
		c.Start()
		all = append(all, client{there, c, h})
	}
	return all
}

// readFrame reads a frame with a payload of at most 125 bytes, and returns its first byte
// and payload.
func (c client) readFrame(t *testing.T) string {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(testTimeout)); err != nil {
		t.Fatal(err)
	}
	var header [2]byte
	if _, err := io.ReadFull(c, header[:]); err != nil {
		t.Fatal(err)
	}
	payload := make([]byte, header[1])
	if _, err := io.ReadFull(c, payload); err != nil {
		t.Fatal(err)
	}
	return string(header[:1]) + string(payload)
}

// checkEcho checks that the connection is read and written.
func (c client) checkEcho(t *testing.T) {
	t.Helper()
	if _, err := io.WriteString(c, wstest.MaskedFrame(0x81, "hello")); err != nil {
		t.Fatal(err)
	}
	if got := c.readFrame(t); got != "\x81hello" {
		t.Errorf("read %q, want the echo", got)
	}
}

// checkReleased checks that Ended and Closed are called once for each client.
func checkReleased(t *testing.T, all []client) {
	t.Helper()
	for _, c := range all {
		eventually(t, "the connection is closed", func() bool { _, closed := c.handler.ends(); return closed > 0 })
		if ended, closed := c.handler.ends(); ended != 1 || closed != 1 {
			t.Errorf("ended %d times, closed %d times", ended, closed)
		}
	}
}

// counts returns how many connections a poller watches, and how many of them are parked.
func (p *Poller) counts() (watched, parked int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		if conn.parked {
			parked++
		}
	}
	return len(p.conns), parked
}

// TestPoller_IdleConnsNeedNoGoroutine: idle connections have an entry each and no
// goroutine, input wakes them, and the set is closed with the last of them.
func TestPoller_IdleConnsNeedNoGoroutine(t *testing.T) {
	p := workingPoller(t)
	for range 2 { // the second time with a set of its own
		all := startClients(t, p, 50)
		idle := func() bool {
			watched, parked := p.counts()
			return watched == len(all) && parked == len(all) && stacks(t, "ws.(*Conn).serve")+stacks(t, "ws.(*Conn).awaitInput") == 0
		}
		eventually(t, "all are idle", idle)
		for _, c := range all {
			c.checkEcho(t)
		}
		eventually(t, "all are idle again", idle)
		for _, c := range all {
			c.Close()
		}
		checkReleased(t, all)
		eventually(t, "the set is closed", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.set == nil })
		eventually(t, "its goroutine ends", func() bool { return stacks(t, "ws.(*Poller).run") == 0 })
	}
}

// TestConn_AbortEndsParkedConn: Abort ends connections that no goroutine reads, at once
// and without a close frame.
func TestConn_AbortEndsParkedConn(t *testing.T) {
	p := workingPoller(t)
	all := startClients(t, p, 10)
	eventually(t, "all are idle", func() bool { _, parked := p.counts(); return parked == len(all) })
	began := time.Now()
	for _, c := range all {
		c.conn.Abort()
	}
	checkReleased(t, all)
	for _, c := range all {
		if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil {
			t.Errorf("%d bytes were read, %v", n, err)
		}
	}
	if watched, _ := p.counts(); watched != 0 {
		t.Errorf("%d are still watched", watched)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("the end took %v", took)
	}
}

// TestPoller_LeavesNoFileOpen: connections and the poller close all descriptors.
func TestPoller_LeavesNoFileOpen(t *testing.T) {
	p := workingPoller(t)
	first, _ := tcpConn(t, p, &recorder{})
	p.watch(first)
	before := openFiles(t)
	for range 10 {
		conn, client := tcpConn(t, p, &recorder{})
		p.watch(conn)
		conn.Abort()
		conn.teardown()
		client.Close()
	}
	if n := openFiles(t) - before; n > 0 {
		t.Errorf("%d files more than before", n)
	}
	first.teardown()
	if p.set != nil {
		t.Error("the set is open although no connection is left")
	}
}

package ws

import (
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A rawConn owns a network connection and its file descriptor. Nothing else closes
// either. The descriptor must not be used once it is closed: the kernel may have given
// its number to another connection. Writers therefore use it under fdMu. The goroutine
// that has the reading side needs no lock, because it alone closes a connection that is
// watched by a poller.
type rawConn struct {
	conn net.Conn

	// closeBy is the Unix time in ns at which reading ends after a close frame. It is
	// set once, before closing; 0 means that there was no close frame.
	closeBy atomic.Int64
	closing atomic.Bool // a close frame was sent, or the connection was aborted: messages are dropped

	fd   int32      // of a TCP connection without TLS; -1 for any other, and once it is closed
	fdMu sync.Mutex // held while fd is written to or closed, which never blocks
}

// init sets the connection and looks up its descriptor.
func (c *rawConn) init(conn net.Conn) {
	c.conn, c.fd = conn, -1
	if tcp, ok := conn.(*net.TCPConn); ok {
		c.fd = descriptor(tcp)
	}
}

// descriptor returns the file descriptor of a connection, or -1 if it is closed already.
func descriptor(conn syscall.Conn) int32 {
	number := int32(-1)
	if raw, err := conn.SyscallConn(); err == nil {
		// Control fails if the connection is closed already.
		_ = raw.Control(func(fd uintptr) { number = int32(fd) })
	}
	return number
}

// closeFD closes the connection. With TLS it first sends a close alert, and so may block.
// A second call does nothing.
func (c *rawConn) closeFD() { c.closeConn(c.conn) }

// abort ends the connection at once and drops what the kernel still holds for the
// peer. It makes reads and writes that block return. With keepFD it only shuts a TCP
// connection down, which makes it readable, and the reader must call closeFD.
func (c *rawConn) abort(keepFD bool) {
	conn := underlying(c.conn)
	tcp, ok := conn.(*net.TCPConn)
	if ok {
		_ = tcp.SetLinger(0)
	}
	if !ok || !keepFD {
		c.closeConn(conn)
		return
	}
	_ = tcp.CloseRead()
	_ = tcp.CloseWrite()
}

// closeConn closes conn, which is the connection or the one under its TLS. It forgets
// the descriptor first, so that trySend cannot use a number that is in use again.
func (c *rawConn) closeConn(conn net.Conn) {
	c.fdMu.Lock()
	c.fd = -1
	c.fdMu.Unlock()
	// An error concerns the peer only.
	_ = conn.Close()
}

// trySend gives the kernel as much of text as its buffer takes, without blocking. It
// returns 0 and no error if the buffer is full.
func (c *rawConn) trySend(text []byte) (n int, err error) {
	c.fdMu.Lock()
	defer c.fdMu.Unlock()
	if c.fd < 0 {
		return 0, net.ErrClosed
	}
	n, err = trySend(int(c.fd), text)
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
		err = nil
	}
	return n, err
}

// nonblocking reports whether trySend can write to the connection.
func (c *rawConn) nonblocking() bool {
	_, tcp := c.conn.(*net.TCPConn)
	return tcp && canTrySend
}

// setReadDeadline sets when reads fail. Once the connection is closing, they fail at
// closeDeadline, regardless of the argument.
func (c *rawConn) setReadDeadline(deadline time.Time) error {
	err := c.conn.SetReadDeadline(deadline)
	if c.closing.Load() {
		return errors.Join(err, c.conn.SetReadDeadline(c.closeDeadline()))
	}
	return err
}

// setWriteDeadline sets when writes fail. Once the connection is closing, they fail
// controlTimeout later at most.
func (c *rawConn) setWriteDeadline(deadline time.Time) error {
	err := c.conn.SetWriteDeadline(deadline)
	if soon := time.Now().Add(controlTimeout); c.closing.Load() && soon.Before(deadline) {
		return errors.Join(err, c.conn.SetWriteDeadline(soon))
	}
	return err
}

// closeDeadline returns when reads fail on a connection that is closing, even if the
// peer goes on sending.
func (c *rawConn) closeDeadline() time.Time { return time.Unix(0, c.closeBy.Load()) }

// drainBufferSize is how many bytes are read at once from a connection that is drained. It
// is small because a whole room may leave at the same time.
const drainBufferSize = 256

// drain ends the writing side, then reads and drops up to limit bytes until the peer
// ends the connection or the deadline passes: RFC 6455, section 7.1.1. It does nothing if
// the writing side cannot be ended alone; such a connection is not TCP, and is not reset.
func (c *rawConn) drain(limit int, deadline time.Time) {
	half, ok := c.conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	if c.conn.SetReadDeadline(deadline) != nil {
		return
	}
	buf := make([]byte, drainBufferSize)
	for limit > 0 {
		n, err := c.conn.Read(buf)
		if err != nil {
			return
		}
		limit -= n
	}
}

// underlying returns the connection under TLS, or conn itself. Unlike the TLS
// connection, it can be closed without a write that may block.
func underlying(conn net.Conn) net.Conn {
	if over, ok := conn.(*tls.Conn); ok {
		return over.NetConn()
	}
	return conn
}

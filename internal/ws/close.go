package ws

import (
	"errors"
	"net"
	"os"
	"time"

	"github.com/gorilla/websocket"
)

// drainLimit is how many bytes are read and dropped after the last close frame. Closing
// a socket while input waits resets the connection, and the client may then lose the
// close frame.
const drainLimit = 256 << 10

// closeTimeout is how long the client may take to answer a close frame.
const closeTimeout = 3 * time.Second

// Close sends a close frame with a code. It waits at most a second for a write in
// progress, and at most a second for its own frame. Messages that arrive later are
// dropped. The reader ends the connection when the client has answered, or closeTimeout
// later: ending it here could reset the connection, and the client may then lose the close
// frame. If the frame cannot be written, Close does what Abort does. After the first call it does
// nothing.
func (c *Conn) Close(code int) { c.closeWith(code, "") }

// closeWith is Close with a reason for the client.
func (c *Conn) closeWith(code int, reason string) {
	c.closeBy.CompareAndSwap(0, nextCloseDeadline().UnixNano())
	if c.closing.Swap(true) {
		return
	}
	_ = c.setWriteDeadline(time.Now().Add(controlTimeout)) // of a write in progress
	if !c.writeClose(code, reason) {
		c.Abort()
	}
	_ = c.conn.SetReadDeadline(c.closeDeadline())
	if c.poller.unpark(c) {
		go c.awaitInput() // ends at the deadline
	}
}

// nextCloseDeadline returns when a client that is sent a close frame now must have
// answered.
func nextCloseDeadline() time.Time { return time.Now().Add(closeTimeout) }

// Abort ends the connection without a close frame, and drops what the kernel still
// holds for the client. A Write that blocks returns an error soon. Abort does not block.
func (c *Conn) Abort() {
	c.closing.Store(true)
	// A descriptor that is closed would silently leave the epoll set, and the reading
	// side would be lost. One that is shut down becomes readable: its reader closes it.
	c.abort(c.watched)
}

// Reject closes a connection that was not started: it sends a close frame with a code,
// waits for the answer up to closeTimeout and closes the descriptor. It never calls
// Ended or Closed.
func (c *Conn) Reject(code int) {
	c.Close(code)
	for c.readOnce() == nil {
	}
	c.teardown()
}

// closeForError sends the client the close code for the error with which reading has
// ended. It reports whether the client may still read a close frame, and must be given the
// time to.
func (c *Conn) closeForError(err error) (drain bool) {
	var netErr net.Error
	var breach protocolError
	switch {
	case c.closing.Load():
		return false // the client had its time to answer
	case errors.Is(err, errPeerClosed):
		return true // it has been answered
	case errors.Is(err, errStuck):
		c.Abort()
		return false
	case errors.Is(err, errTooManyFrames):
		c.Close(c.poller.config.CloseTooMany)
	case errors.Is(err, errMessageTooBig):
		c.Close(websocket.CloseMessageTooBig)
	case errors.Is(err, errNotUTF8):
		c.Close(websocket.CloseInvalidFramePayloadData)
	case errors.As(err, &breach):
		c.closeWith(websocket.CloseProtocolError, string(breach))
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		c.Close(c.poller.config.CloseSilent)
	default:
		return false // the client has gone
	}
	return true
}

// finish closes a connection that is no longer read, and calls the handler's last
// methods. With drain it first lets the client read a close frame.
func (c *Conn) finish(drain bool) {
	c.handler.Ended()
	if drain {
		c.drain(drainLimit, nextCloseDeadline())
	}
	c.teardown()
	c.handler.Closed()
}

// teardown removes the connection from the poller, then closes its descriptor. In this
// order no other connection can have the descriptor's number while it is removed.
func (c *Conn) teardown() {
	c.poller.unwatch(c)
	c.closeFD()
}

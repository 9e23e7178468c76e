package ws

import "net"

// A Conn is the server's end of one WebSocket. Its zero value is ready for Init. It must
// not be copied; it is meant to be a field of the type that implements its MessageHandler, so
// that both are one allocation.
//
// TryWrite and Write may be called by one goroutine at a time. Close and Abort may be
// called at any time, by any goroutine, more than once.
type Conn struct {
	frameWriter
	handler MessageHandler
	poller  *Poller
	pollEntry
}

// awaitBufferSize is the size in bytes of the buffer with which a goroutine waits for
// input. It is small because an idle connection without a poller keeps it.
const awaitBufferSize = 256

// Init sets the network connection, on which the handshake must be done, and the
// poller and handler of the connection. It must be called once, before all other
// methods.
func (c *Conn) Init(p *Poller, conn net.Conn, h MessageHandler) {
	c.poller, c.handler = p, h
	c.init(conn)
}

// Watch registers the connection with the poller, if it can be polled. The caller must
// call it before Start and before another goroutine can call Close or Abort. A
// connection that is only rejected needs no Watch.
func (c *Conn) Watch() {
	c.poller.watch(c)
	c.watched = c.id != 0
}

// Start begins to read, and returns. The handler is called from now on, until Closed.
func (c *Conn) Start() { c.idle() }

// attach prepares r to read this connection, and returns it.
func (c *Conn) attach(r *frameReader) *frameReader {
	r.frameWriter, r.handler, r.config = &c.frameWriter, c.handler, &c.poller.config
	return r
}

// readOnce waits for input and reads until the connection is idle again. The caller
// must have the reading side, and keeps it.
func (c *Conn) readOnce() error {
	r := c.attach(acquireReader())
	defer r.release()
	return r.readMessages()
}

// serve reads until the connection is idle again or ends, beginning with what r has
// buffered. The caller must have the reading side; serve gives it up, and releases r.
func (c *Conn) serve(r *frameReader) {
	err := r.readMessages()
	r.release()
	if err != nil {
		c.finish(c.closeForError(err))
		return
	}
	c.idle()
}

// idle gives up the reading side until there is input. The poller takes it, or a new
// goroutine if the poller does not: a connection that is closing has a deadline, which
// only a blocking read observes.
func (c *Conn) idle() {
	if !c.poller.park(c) {
		go c.awaitInput()
	}
}

// awaitInput waits for input and serves it. It runs on a new goroutine each time: a
// goroutine that has served frames keeps a larger stack than waiting needs.
func (c *Conn) awaitInput() {
	input := make([]byte, awaitBufferSize)
	n, err := c.conn.Read(input)
	if err != nil && n == 0 {
		c.finish(c.closeForError(err))
		return
	}
	r := c.attach(acquireReader())
	r.end = copy(r.buf[:], input[:n])
	c.serve(r)
}

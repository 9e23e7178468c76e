package server

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/gorilla/websocket"

	"matchfloor/wire"
)

// messageBytes is how much one message may take on the wire. Twice its largest
// payload leaves room for the headers of its parts, unless these are many and empty.
const messageBytes = 2 * wire.MaxFrame

// lingerBytes is how much is still read, and dropped, from a client that has
// been told why its connection ends: an end while bytes wait would take the
// close frame back on its way.
const lingerBytes = 256 << 10

// budgeted is a connection of which only so much can be read while there is a
// budget. Only its reader may use the budget.
type budgeted struct {
	net.Conn
	limited bool
	left    int
}

// NetConn answers the connection below, as tls.Conn does.
func (b *budgeted) NetConn() net.Conn { return b.Conn }

// Read implements net.Conn. It fails with errFlood where the budget is used up.
func (b *budgeted) Read(p []byte) (int, error) {
	if b.limited && b.left <= 0 {
		return 0, errFlood
	}
	n, err := b.Conn.Read(p)
	b.left -= n
	return n, err
}

// budgetedHijack gives the WebSocket library a connection with a budget.
type budgetedHijack struct{ http.ResponseWriter }

// Hijack implements http.Hijacker.
func (h budgetedHijack) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, both, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	return &budgeted{Conn: conn}, both, nil
}

// budget limits what may be read to n bytes, or lifts that with 0.
func (k *socket) budget(n int) {
	if b, ok := k.conn.NetConn().(*budgeted); ok {
		b.limited, b.left = n > 0, n
	}
}

// bare answers the connection of the kernel below what wraps it. A TLS one is
// passed over, since closing it would try to write.
func bare(conn net.Conn) net.Conn {
	for {
		switch c := conn.(type) {
		case *budgeted:
			conn = c.Conn
		case *tls.Conn:
			conn = c.NetConn()
		default:
			return conn
		}
	}
}

// failed ends a connection whose reading failed with err. The client is told,
// where there is anybody who could hear it and the library has not done so.
func (k *socket) failed(err error) {
	var over net.Error
	switch {
	case k.closing.Load():
		return // it was told, and had the time to answer
	case errors.Is(err, errFlood):
		k.Close(wire.CloseTooMany)
	case errors.Is(err, websocket.ErrReadLimit): // of a length beyond all sense the library tells nobody
		k.Close(wire.CloseTooBig)
	case errors.As(err, &over) && over.Timeout():
		k.Close(wire.CloseSilent)
	case errors.As(err, &over), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, new(*websocket.CloseError)):
		return // it has gone
	}
	k.linger = true
}

// lingers reads on for a while after a close frame that the client has not asked
// for, up to its answer or end.
func (k *socket) lingers() {
	if !k.linger {
		return
	}
	raw := k.conn.NetConn()
	if b, ok := raw.(*budgeted); ok {
		raw = b.Conn
	}
	if half, ok := raw.(interface{ CloseWrite() error }); ok && half.CloseWrite() != nil {
		return
	}
	if raw.SetReadDeadline(closeBy()) != nil {
		return
	}
	buf := make([]byte, 4<<10)
	for left := lingerBytes; left > 0; {
		n, err := raw.Read(buf)
		if err != nil {
			return
		}
		left -= n
	}
}

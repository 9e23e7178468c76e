package server

import (
	"crypto/tls"
	"errors"
	"net"
	"os"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/wire"
)

// lingerBytes is how much is still read, and dropped, from a client that has
// been told why its connection ends: an end while bytes wait would take the
// close frame back on its way.
const lingerBytes = 256 << 10

// bare answers the connection of the kernel. A TLS one is passed over, since
// closing it would try to write.
func bare(conn net.Conn) net.Conn {
	if over, ok := conn.(*tls.Conn); ok {
		return over.NetConn()
	}
	return conn
}

// failed tells the client why its connection ends, whose reading failed with err,
// where there is anybody who could hear it.
func (k *socket) failed(err error) {
	var over net.Error
	var breach unlawful
	switch {
	case k.closing.Load():
		return // it was told, and had the time to answer
	case errors.Is(err, errFlood):
		k.Close(wire.CloseTooMany)
	case errors.Is(err, errTooBig):
		k.Close(wire.CloseTooBig)
	case errors.As(err, &breach):
		k.close(websocket.CloseProtocolError, string(breach))
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &over) && over.Timeout():
		k.Close(wire.CloseSilent)
	default:
		return // it has gone
	}
	k.linger = true
}

// end gives back what a connection holds, and closes it.
func (k *socket) end() {
	k.server.sessions.Remove(&k.signedIn)
	k.signedIn.Session.Detach()
	k.lingers()
	k.leave()
	k.server.limits.sockets.Release(k.key)
}

// leave closes the connection.
func (k *socket) leave() {
	k.server.poller.remove(k)
	k.shut(k.conn)
}

// lingers reads on for a while after a close frame that the client has not asked
// for, up to its answer or end.
func (k *socket) lingers() {
	if !k.linger {
		return
	}
	if half, ok := k.conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() != nil {
		return
	}
	if k.conn.SetReadDeadline(closeBy()) != nil {
		return
	}
	buf := make([]byte, 4<<10)
	for left := lingerBytes; left > 0; {
		n, err := k.conn.Read(buf)
		if err != nil {
			return
		}
		left -= n
	}
}

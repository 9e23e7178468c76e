package ws

import (
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// handshakeTimeout is how long writing the answer to a handshake may take.
const handshakeTimeout = 5 * time.Second

// handshakeBuffers are shared by all handshakes.
var handshakeBuffers = &sync.Pool{}

// A HandshakeError says why a request is not upgraded. The request is not answered yet.
type HandshakeError struct {
	Status int // HTTP status for the answer
	Err    error
}

// Error returns the reason.
func (e *HandshakeError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *HandshakeError) Unwrap() error { return e.Err }

// Upgrade completes a WebSocket handshake and returns the connection, for Conn.Init. It
// accepts every Origin: the caller must have checked it. It agrees to no extension and no
// subprotocol.
//
// A *HandshakeError leaves the request to the caller, who must answer it. After any
// other error the connection is gone.
//
// gorilla/websocket does only the handshake. Its connection would keep a read buffer
// and a goroutine for each client; Conn keeps neither.
func Upgrade(w http.ResponseWriter, r *http.Request) (net.Conn, error) {
	var refused error
	u := websocket.Upgrader{
		HandshakeTimeout: handshakeTimeout,
		ReadBufferSize:   awaitBufferSize,
		WriteBufferSize:  writeBufferSize,
		WriteBufferPool:  handshakeBuffers,
		CheckOrigin:      func(*http.Request) bool { return true },
		Error: func(_ http.ResponseWriter, _ *http.Request, status int, reason error) {
			refused = &HandshakeError{status, reason}
		},
	}
	conn, err := u.Upgrade(w, r, nil)
	switch {
	case refused != nil:
		return nil, refused
	case err != nil:
		return nil, err
	}
	return conn.NetConn(), nil
}

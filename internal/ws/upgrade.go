package ws

import (
	"bufio"
	"errors"
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

// ErrBody is the reason why a request with a body is not upgraded. RFC 6455 gives a body no
// meaning, and a proxy may take for a body what the server takes for frames.
var ErrBody = errors.New("ws: a handshake has a body")

// Upgrade completes a WebSocket handshake and returns the connection, for Conn.Init. It
// accepts every Origin: the caller must have checked it. It agrees to no extension and no
// subprotocol. The response sets the cookies that w's header has.
//
// A *HandshakeError leaves the request to the caller, who must answer it. An *EarlyInput
// must be answered and finished as its documentation says. After any other error the
// connection is gone.
//
// gorilla/websocket does only the handshake. Its connection would keep a read buffer
// and a goroutine for each client; Conn keeps neither.
func Upgrade(w http.ResponseWriter, r *http.Request) (net.Conn, error) {
	if r.ContentLength != 0 {
		// net/http would wait for the body before it sends the answer.
		w.Header().Set("Connection", "close")
		return nil, &HandshakeError{http.StatusBadRequest, ErrBody}
	}
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
	taken := &hijacker{ResponseWriter: w}
	conn, err := u.Upgrade(taken, r, http.Header{"Set-Cookie": w.Header()["Set-Cookie"]})
	switch {
	case taken.early != nil:
		return nil, taken.early
	case refused != nil:
		return nil, refused
	case err != nil:
		return nil, err
	}
	return conn.NetConn(), nil
}

// A hijacker is a ResponseWriter whose connection can be hijacked only if the client has
// sent nothing after its request.
type hijacker struct {
	http.ResponseWriter
	early *EarlyInput // what Hijack has returned as error
}

// Hijack implements http.Hijacker.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	if rw.Reader.Buffered() > 0 {
		h.early = newEarlyInput(conn, h.Header())
		return nil, nil, h.early
	}
	return conn, rw, nil
}

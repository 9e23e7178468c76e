package ws

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"time"
)

// An EarlyInput is the error for a client that has sent something after its request, and has
// not waited for the answer. It would be lost after an upgrade: net/http has read it.
//
// The connection is no longer net/http's. The caller must write the answer to the
// EarlyInput, which is the http.ResponseWriter of the request from now on, and call Finish.
type EarlyInput struct {
	conn   rawConn
	header http.Header
	status int
	body   bytes.Buffer
}

// newEarlyInput returns the error for a connection. header is that of the answer so far.
func newEarlyInput(conn net.Conn, header http.Header) *EarlyInput {
	e := &EarlyInput{header: header, status: http.StatusOK}
	e.conn.init(conn)
	return e
}

// Error returns the reason.
func (e *EarlyInput) Error() string { return "ws: the client has not waited for the answer" }

// Header implements http.ResponseWriter.
func (e *EarlyInput) Header() http.Header { return e.header }

// WriteHeader implements http.ResponseWriter. Nothing is sent before Finish.
func (e *EarlyInput) WriteHeader(status int) { e.status = status }

// Write implements http.ResponseWriter. Nothing is sent before Finish.
func (e *EarlyInput) Write(part []byte) (int, error) { return e.body.Write(part) }

// Finish sends the answer, lets the client read it, and closes the connection. It blocks
// until the client has closed its side, for handshakeTimeout and closeTimeout at most.
func (e *EarlyInput) Finish() {
	e.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	answer := http.Response{
		StatusCode: e.status, ProtoMajor: 1, ProtoMinor: 1, Header: e.header, Close: true,
		ContentLength: int64(e.body.Len()), Body: io.NopCloser(&e.body),
	}
	var text bytes.Buffer
	// Writing to memory cannot fail, and after an error of the connection the client has gone.
	_ = answer.Write(&text)
	_ = e.conn.conn.SetWriteDeadline(time.Now().Add(handshakeTimeout))
	if _, err := e.conn.conn.Write(text.Bytes()); err == nil {
		e.conn.drain(drainLimit, nextCloseDeadline())
	}
	e.conn.closeFD()
}

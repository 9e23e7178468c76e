package client

import (
	"bytes"
	"time"

	"github.com/gorilla/websocket"
)

// The bounds of writing to a WebSocket.
const (
	writeTimeout   = 4 * time.Second
	closeHandshake = 200 * time.Millisecond
)

// transportConn carries the frames of one connection. One goroutine reads and one
// writes. close must be called once, and may be called while the others run.
type transportConn interface {
	// read appends the next frame to buffer. The error is a *websocket.CloseError
	// if the server named the code with which the connection ends.
	read(buffer *bytes.Buffer) error
	// write sends a frame. After an error, read soon returns the reason.
	write(frame []byte) error
	// sendClose tells the server that the client leaves, if the transport can.
	sendClose(code int)
	// close ends the connection and every call of read.
	close()
}

// socketConn is a transportConn over a WebSocket.
type socketConn struct{ ws *websocket.Conn }

func newSocketConn(ws *websocket.Conn) socketConn {
	ws.SetReadLimit(maxFrame)
	return socketConn{ws}
}

func (s socketConn) read(buffer *bytes.Buffer) error {
	_, r, err := s.ws.NextReader()
	if err == nil {
		_, err = buffer.ReadFrom(r)
	}
	return err
}

func (s socketConn) write(frame []byte) error {
	err := s.ws.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err == nil {
		err = s.ws.WriteMessage(websocket.TextMessage, frame)
	}
	if err != nil {
		// The server may have sent a close code before the write failed: let read look
		// for it for a moment. If the deadline cannot be set, the connection is broken
		// and read ends as well.
		_ = s.ws.SetReadDeadline(time.Now().Add(closeHandshake))
	}
	return err
}

func (s socketConn) sendClose(code int) {
	// An error changes nothing: the connection is closed next.
	_ = s.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(closeHandshake))
}

// close does not wait for the server's close frame.
func (s socketConn) close() { _ = s.ws.Close() }

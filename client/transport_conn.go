package client

import (
	"bytes"
	"time"

	"github.com/gorilla/websocket"
)

// line carries a connection's frames: a WebSocket, or visits in its stead. One
// goroutine reads and one writes; close may be called beside both, once.
type line interface {
	// read appends the next frame to buffer. The error is a *websocket.CloseError
	// where the server has said with which code the connection ends.
	read(buffer *bytes.Buffer) error
	// write sends a frame. After an error read soon tells why.
	write(frame []byte) error
	// goodbye tells the server that the client leaves, as far as it can be told.
	goodbye(code int)
	// close ends the line, and what waits in read.
	close()
}

// socket is the line that is a WebSocket.
type socket struct{ ws *websocket.Conn }

func newSocket(ws *websocket.Conn) socket {
	ws.SetReadLimit(maxFrame)
	return socket{ws}
}

func (s socket) read(buffer *bytes.Buffer) error {
	_, r, err := s.ws.NextReader()
	if err == nil {
		_, err = buffer.ReadFrom(r)
	}
	return err
}

func (s socket) write(frame []byte) error {
	err := s.ws.SetWriteDeadline(time.Now().Add(writeWithin))
	if err == nil {
		err = s.ws.WriteMessage(websocket.TextMessage, frame)
	}
	if err != nil {
		// The server may have said why before the write failed: look for it, shortly.
		// If the deadline cannot be set the connection is gone, and reading ends too.
		_ = s.ws.SetReadDeadline(time.Now().Add(closeHandshake))
	}
	return err
}

func (s socket) goodbye(code int) {
	// Nothing is left to do about an error: the connection is closed anyway.
	_ = s.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(closeHandshake))
}

// close hangs up without waiting for anyone.
func (s socket) close() { _ = s.ws.Close() }

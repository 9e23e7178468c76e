package client

import (
	"bytes"
	"fmt"
	"time"

	"github.com/matchfloor/matchfloor/wire"
)

// maxIdleBuffer is the largest read buffer, in bytes, that is kept after a frame.
const maxIdleBuffer = 64 << 10

// inboundFrame is a frame that arrived.
type inboundFrame struct {
	frame wire.ServerFrame
	arrival
}

// frameReader reads and decodes the frames of a connection.
type frameReader struct {
	transport transportConn
	frames    chan inboundFrame // closed by read when it ends
	stop      chan struct{}     // closed when nobody receives frames any more
	err       error             // why read ended; set before frames is closed
}

func newFrameReader(t transportConn) *frameReader {
	return &frameReader{transport: t, frames: make(chan inboundFrame), stop: make(chan struct{})}
}

// read reads frames until the connection ends or stop is closed.
func (r *frameReader) read() {
	defer close(r.frames)
	var buffer bytes.Buffer
	for {
		buffer.Reset()
		if err := r.transport.read(&buffer); err != nil {
			r.err = err
			return
		}
		received := time.Now()
		frame, err := wire.DecodeServer(buffer.Bytes())
		if err != nil {
			r.err = fmt.Errorf("client: decode a frame of the server: %w", err)
			return
		}
		select {
		case r.frames <- inboundFrame{frame, arrival{buffer.Len(), received}}:
		case <-r.stop:
			return
		}
		if buffer.Cap() > maxIdleBuffer {
			buffer = bytes.Buffer{}
		}
	}
}

// finish discards frames until read has ended, and returns why it ended.
func (r *frameReader) finish() error {
	for range r.frames { // the reason comes after the last frame
	}
	return r.err
}

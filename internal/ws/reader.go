package ws

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

const (
	// wireBytesFactor limits the bytes of one message on the wire, in units of
	// Config.MaxMessage. Twice the largest payload leaves room for the headers of its
	// fragments, unless these are many and empty.
	wireBytesFactor = 2
	// readBufferSize is how many bytes are read from a connection at once.
	readBufferSize = 1 << 10
	// messageTimeout is how long a message may take from its first byte to its last.
	messageTimeout = 10 * time.Second
)

// The reasons why reading ends, in addition to protocolError and network errors.
var (
	errTooManyFrames = errors.New("ws: too many frames")
	errMessageTooBig = errors.New("ws: message too big")
	errNotUTF8       = errors.New("ws: a text is not UTF-8")
	errPeerClosed    = errors.New("ws: the client closed the connection")
)

// A protocolError says how a client violated RFC 6455. The client receives it as the
// reason of the close frame, so it has at most 123 bytes.
type protocolError string

func (e protocolError) Error() string { return "ws: " + string(e) }

// A frameReader reads the frames of one connection (RFC 6455). A connection has one
// only while it has input, so an idle connection has no buffer.
type frameReader struct {
	*frameWriter
	handler     MessageHandler
	config      *Config
	buf         [readBufferSize]byte
	start, end  int    // buf[start:end] is input that is not consumed yet
	payload     []byte // of the current message, so far
	opcode      int    // of the current message; opContinuation: there is none
	wireBytes   int    // of the current message, with headers and with control frames inside it
	deadlineSet bool   // the connection has a read deadline for the rest of the current message or frame
}

// readerPool holds readers without a connection.
var readerPool = sync.Pool{New: func() any { return new(frameReader) }}

// acquireReader returns a reader without a connection. The caller must release it.
func acquireReader() *frameReader { return readerPool.Get().(*frameReader) }

// release resets the reader and returns it to the pool.
func (r *frameReader) release() {
	r.reset()
	readerPool.Put(r)
}

// reset prepares the reader for reuse by another connection.
func (r *frameReader) reset() {
	r.frameWriter, r.handler, r.config, r.start, r.end = nil, nil, nil, 0, 0
	r.payload, r.opcode, r.wireBytes, r.deadlineSet = r.payload[:0], opContinuation, 0, false
}

// readMessages passes messages to the handler until the input ends with a complete
// message or control frame. It blocks for the rest of one that has begun, and for the
// first if there is no input. After an error the connection must not be read again.
func (r *frameReader) readMessages() error {
	for {
		complete, err := r.readFrame()
		if err != nil {
			return err
		}
		if r.opcode != opContinuation && !complete {
			continue
		}
		if err := r.clearDeadline(); err != nil {
			return err
		}
		if complete {
			if err := r.deliver(); err != nil {
				return err
			}
			r.payload, r.opcode, r.wireBytes = r.payload[:0], opContinuation, 0
		}
		if r.start == r.end {
			return nil
		}
	}
}

// deliver passes the complete message to the handler, unless the connection is closing.
func (r *frameReader) deliver() error {
	switch {
	case r.closing.Load():
		return nil
	case r.opcode == websocket.TextMessage && !utf8.Valid(r.payload):
		return errNotUTF8
	}
	r.handler.Message(r.opcode, r.payload)
	return nil
}

// next consumes the next n bytes, and blocks until they are there. They are valid until
// the next call of next or fill. n must not exceed readBufferSize.
func (r *frameReader) next(n int) ([]byte, error) {
	for r.end-r.start < n {
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
	r.start += n
	return r.buf[r.start-n : r.start], nil
}

// fill reads more input, and blocks until there is some. If a message or frame has
// begun, it sets the deadline for the whole of it.
func (r *frameReader) fill() error {
	if begun := r.end > 0; begun && !r.deadlineSet {
		r.deadlineSet = true
		if err := r.setReadDeadline(time.Now().Add(messageTimeout)); err != nil {
			return err
		}
	}
	r.start, r.end = 0, copy(r.buf[:], r.buf[r.start:r.end])
	n, err := r.conn.Read(r.buf[r.end:])
	if r.end += n; n > 0 {
		return nil
	}
	return err
}

// clearDeadline removes the deadline that fill has set.
func (r *frameReader) clearDeadline() error {
	if !r.deadlineSet {
		return nil
	}
	r.deadlineSet = false
	return r.setReadDeadline(time.Time{})
}

// readFrame reads one frame, and handles it if it is a control frame. It reports whether
// a message is complete with it, which is then in r.payload.
func (r *frameReader) readFrame() (complete bool, err error) {
	h, err := r.readHeader()
	if err != nil {
		return false, err
	}
	if h.opcode >= websocket.CloseMessage {
		payload, err := r.next(int(h.size))
		if err != nil {
			return false, err
		}
		unmask(payload, h.mask, 0)
		return false, r.handleControl(h.opcode, payload)
	}
	if h.opcode != opContinuation {
		r.opcode = h.opcode
	}
	err = r.readPayload(h)
	return h.final && err == nil, err
}

// readHeader reads and checks a frame's header.
func (r *frameReader) readHeader() (h frameHeader, err error) {
	first, err := r.next(2)
	if err != nil {
		return h, err
	}
	h = frameHeader{final: first[0]&finalBit != 0, opcode: int(first[0] & 0xf), size: uint64(first[1] &^ maskBit)}
	if err := r.checkHeader(h, first[0], first[1]); err != nil {
		return h, err
	}
	size := 0
	switch h.size {
	case 126:
		size = 2
	case 127:
		size = 8
	}
	rest, err := r.next(size + len(h.mask))
	if err != nil {
		return h, err
	}
	switch size {
	case 2:
		h.size = uint64(binary.BigEndian.Uint16(rest))
	case 8:
		h.size = binary.BigEndian.Uint64(rest)
	}
	copy(h.mask[:], rest[size:])
	if err := checkLength(h.size, size); err != nil {
		return h, err
	}
	return h, r.checkSize(h, 2+len(rest))
}

// checkLength checks how a payload's length is encoded: RFC 6455, section 5.2. extended is
// the size in bytes of the extended length.
func checkLength(length uint64, extended int) error {
	switch {
	case length >= 1<<63:
		return protocolError("a length of 64 bits")
	case extended == 2 && length < 126, extended == 8 && length <= 0xffff:
		return protocolError("a length that is not encoded in the fewest bytes")
	}
	return nil
}

// checkHeader checks a frame's first two bytes, which are parsed in h, against the
// protocol.
func (r *frameReader) checkHeader(h frameHeader, first, second byte) error {
	switch {
	case first&reservedBits != 0:
		return protocolError("a reserved bit is set")
	case second&maskBit == 0:
		return protocolError("a frame is not masked")
	}
	switch h.opcode {
	case websocket.CloseMessage, websocket.PingMessage, websocket.PongMessage:
		if h.size > maxControlPayload || !h.final {
			return protocolError("a control frame is too long or fragmented")
		}
	case websocket.TextMessage, websocket.BinaryMessage:
		if r.opcode != opContinuation {
			return protocolError("a message begins inside another one")
		}
	case opContinuation:
		if r.opcode == opContinuation {
			return protocolError("a continuation frame without a message")
		}
	default:
		return protocolError("an unknown opcode")
	}
	return nil
}

// checkSize checks a frame against the limits of a message, before its payload is read.
// headerSize is the size of its header on the wire.
func (r *frameReader) checkSize(h frameHeader, headerSize int) error {
	if h.opcode < websocket.CloseMessage && h.size > uint64(r.config.MaxMessage-len(r.payload)) {
		return errMessageTooBig
	}
	if r.opcode == opContinuation && h.opcode >= websocket.CloseMessage {
		return nil // not inside a message
	}
	if r.wireBytes += headerSize + int(h.size); r.wireBytes > wireBytesFactor*r.config.MaxMessage {
		return errTooManyFrames
	}
	return nil
}

// readPayload appends the unmasked payload of a frame to the message.
func (r *frameReader) readPayload(h frameHeader) error {
	for done := uint64(0); done < h.size; {
		if r.start == r.end {
			if err := r.fill(); err != nil {
				return err
			}
		}
		part := r.buf[r.start:min(r.end, r.start+int(h.size-done))]
		unmask(part, h.mask, int(done))
		r.payload = append(r.payload, part...)
		r.start += len(part)
		done += uint64(len(part))
	}
	return nil
}

// handleControl handles a control frame. payload is part of r.buf.
func (r *frameReader) handleControl(opcode int, payload []byte) error {
	if opcode == websocket.CloseMessage {
		return r.handleClose(payload)
	}
	if !r.handler.AllowControl() {
		return errTooManyFrames
	}
	if opcode == websocket.PingMessage {
		return r.writePong(payload)
	}
	return nil
}

// handleClose replies to a close frame with the same code. It always returns an error.
func (r *frameReader) handleClose(payload []byte) error {
	code := websocket.CloseNoStatusReceived
	switch len(payload) {
	case 0:
	case 1:
		return protocolError("a close frame with half a code")
	default:
		code = int(binary.BigEndian.Uint16(payload))
		if !validCloseCode(code) {
			return protocolError(fmt.Sprintf("close code %d is not allowed", code))
		}
		if !utf8.Valid(payload[2:]) {
			return protocolError("the reason of a close frame is not UTF-8")
		}
	}
	if !r.writeClose(code, "") {
		return errStuck // or gone, without waiting for the answer
	}
	return errPeerClosed
}

package server

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/wire"
)

const (
	// inBuffer is how much of a connection is read at once.
	inBuffer = 1 << 10
	// messageWithin is how long a message that has begun may take to end.
	messageWithin = 10 * time.Second
	// messageBytes is how much one message may take on the wire. Twice its largest
	// payload leaves room for the heads of its parts, unless these are many and empty.
	messageBytes = 2 * wire.MaxFrame
)

// The bits of a frame's first two bytes, and its kinds beside those that the
// library names: RFC 6455, 5.2.
const (
	finalBit     = 0x80
	reservedBits = 0x70
	maskBit      = 0x80
	continuation = 0
	controlMost  = 125 // bytes of a control frame
)

// Why reading a connection ends, beside its own errors.
var (
	errFlood  = errors.New("server: too many frames")
	errTooBig = errors.New("server: a message is too long")
	errGone   = errors.New("server: the client has said that it goes")
)

// unlawful is a breach of WebSocket itself, in words for whoever made it.
type unlawful string

func (u unlawful) Error() string { return "server: " + string(u) }

// incoming reads the frames of one connection (RFC 6455). A connection has one
// only while something of a frame is there: an idle one costs no buffer.
type incoming struct {
	*socket
	buf      [inBuffer]byte
	from, to int    // buf[from:to] has come and was not taken
	text     []byte // the payload of the message that has begun, so far
	kind     int    // of that message; continuation: none has begun
	spent    int    // bytes that it has taken on the wire
	timed    bool   // the connection has a deadline for the rest of what has begun
}

// incomings are shared by all connections.
var incomings = sync.Pool{New: func() any { return new(incoming) }}

// incomingOf answers one for a connection; whoever has it gives it back with free.
func incomingOf(k *socket) *incoming {
	in := incomings.Get().(*incoming)
	in.socket = k
	return in
}

func (in *incoming) free() {
	in.forget()
	incomings.Put(in)
}

// forget makes it another connection's, or nobody's.
func (in *incoming) forget() {
	in.socket, in.from, in.to = nil, 0, 0
	in.text, in.kind, in.spent, in.timed = in.text[:0], continuation, 0, false
}

// readFrames is read for what has come already.
func (k *socket) readFrames(come []byte) error {
	in := incomingOf(k)
	defer in.free()
	in.to = copy(in.buf[:], come)
	return in.read()
}

// read reads frames until nothing is left of them, and blocks for the rest of what
// has begun. It passes messages on. After an error nothing more can be read.
func (in *incoming) read() error {
	for {
		whole, err := in.frame()
		if err != nil {
			return err
		}
		if in.kind != continuation && !whole {
			continue
		}
		if err := in.untimed(); err != nil {
			return err
		}
		if whole && !in.closing.Load() {
			in.take(in.kind, in.text)
		}
		if whole {
			in.text, in.kind, in.spent = in.text[:0], continuation, 0
		}
		if in.from == in.to {
			return nil
		}
	}
}

// need waits for the next n bytes and takes them; they are good until it is called
// again. n is inBuffer at most.
func (in *incoming) need(n int) ([]byte, error) {
	for in.to-in.from < n {
		if err := in.fill(); err != nil {
			return nil, err
		}
	}
	in.from += n
	return in.buf[in.from-n : in.from], nil
}

// fill waits until more has come. Where something has begun, the connection gets
// a deadline for the whole of it.
func (in *incoming) fill() error {
	if begun := in.to > 0; begun && !in.timed {
		in.timed = true
		if err := in.readBy(time.Now().Add(messageWithin)); err != nil {
			return err
		}
	}
	in.from, in.to = 0, copy(in.buf[:], in.buf[in.from:in.to])
	n, err := in.conn.Read(in.buf[in.to:])
	if in.to += n; n > 0 {
		return nil
	}
	return err
}

// untimed lifts the deadline again.
func (in *incoming) untimed() error {
	if !in.timed {
		return nil
	}
	in.timed = false
	return in.readBy(time.Time{})
}

// readBy sets when reading gives up. Whoever was told to go keeps no other
// deadline than Close's.
func (k *socket) readBy(deadline time.Time) error {
	err := k.conn.SetReadDeadline(deadline)
	if k.closing.Load() {
		return errors.Join(err, k.conn.SetReadDeadline(k.lastRead()))
	}
	return err
}

// head is what a frame begins with.
type head struct {
	final bool
	kind  int
	size  uint64
	mask  [4]byte
}

// frame reads one frame. It answers true where a message has ended with it, which
// is then in text.
func (in *incoming) frame() (whole bool, err error) {
	h, err := in.head()
	if err != nil {
		return false, err
	}
	if h.kind >= websocket.CloseMessage {
		payload, err := in.need(int(h.size))
		if err != nil {
			return false, err
		}
		unmask(payload, h.mask, 0)
		return false, in.control(h.kind, payload)
	}
	if h.kind != continuation {
		in.kind = h.kind
	}
	err = in.payload(h)
	return h.final && err == nil, err
}

func (in *incoming) head() (h head, err error) {
	first, err := in.need(2)
	if err != nil {
		return h, err
	}
	h = head{final: first[0]&finalBit != 0, kind: int(first[0] & 0xf), size: uint64(first[1] &^ maskBit)}
	if err := in.judge(h, first[0], first[1]); err != nil {
		return h, err
	}
	size := 0
	switch h.size {
	case 126:
		size = 2
	case 127:
		size = 8
	}
	rest, err := in.need(size + len(h.mask))
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
	return h, in.count(h, 2+len(rest))
}

// judge holds a frame's first two bytes against the protocol.
func (in *incoming) judge(h head, first, second byte) error {
	switch {
	case first&reservedBits != 0:
		return unlawful("a reserved bit is set")
	case second&maskBit == 0:
		return unlawful("a frame is not masked")
	}
	switch h.kind {
	case websocket.CloseMessage, websocket.PingMessage, websocket.PongMessage:
		if h.size > controlMost || !h.final {
			return unlawful("a control frame is too long, or in parts")
		}
	case websocket.TextMessage, websocket.BinaryMessage:
		if in.kind != continuation {
			return unlawful("a message begins in another")
		}
	case continuation:
		if in.kind == continuation {
			return unlawful("a message goes on that has not begun")
		}
	default:
		return unlawful("an unknown kind of frame")
	}
	return nil
}

// count holds a frame against what a message may have, before its payload is read.
func (in *incoming) count(h head, size int) error {
	if h.kind < websocket.CloseMessage && h.size > uint64(wire.MaxFrame-len(in.text)) {
		return errTooBig
	}
	if in.kind == continuation && h.kind >= websocket.CloseMessage {
		return nil // of no message
	}
	if in.spent += size + int(h.size); in.spent > messageBytes {
		return errFlood
	}
	return nil
}

// payload adds a frame's payload to the message.
func (in *incoming) payload(h head) error {
	for done := uint64(0); done < h.size; {
		if in.from == in.to {
			if err := in.fill(); err != nil {
				return err
			}
		}
		part := in.buf[in.from:min(in.to, in.from+int(h.size-done))]
		unmask(part, h.mask, int(done))
		in.text = append(in.text, part...)
		in.from += len(part)
		done += uint64(len(part))
	}
	return nil
}

// unmask takes a mask off a part of a payload that begins at byte at of it.
func unmask(part []byte, mask [4]byte, at int) {
	for i := range part {
		part[i] ^= mask[(at+i)&3]
	}
}

// control answers a control frame. What it says shares memory with the buffer.
func (in *incoming) control(kind int, said []byte) error {
	if kind == websocket.CloseMessage {
		return in.closed(said)
	}
	if !in.frames.Take(paceFrames, time.Now()) {
		return errFlood
	}
	if kind == websocket.PingMessage {
		in.answerPing(said)
	}
	return nil
}

// closed answers a close frame with its own code.
func (in *incoming) closed(said []byte) error {
	code := websocket.CloseNoStatusReceived
	if len(said) >= 2 {
		code = int(binary.BigEndian.Uint16(said))
		if !validClose(code) {
			return unlawful(fmt.Sprintf("close code %d", code))
		}
		if !utf8.Valid(said[2:]) {
			return unlawful("a close frame's reason is no text")
		}
	}
	// Who has closed may be gone already.
	_ = in.sayClose(wire.CloseCode(code), "")
	return errGone
}

// validClose reports whether a close frame may carry a code: RFC 6455, 7.4.
func validClose(code int) bool {
	switch {
	case code >= 3000:
		return code <= 4999
	case code == websocket.CloseNoStatusReceived, code == websocket.CloseAbnormalClosure:
		return false
	case code >= websocket.CloseInvalidFramePayloadData:
		return code <= websocket.CloseTryAgainLater
	}
	return code >= websocket.CloseNormalClosure && code <= websocket.CloseUnsupportedData
}

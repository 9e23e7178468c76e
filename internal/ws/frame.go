package ws

import (
	"encoding/binary"

	"github.com/gorilla/websocket"
)

// The bits of a frame's first two bytes, the opcode that gorilla/websocket does not
// name, and the limit of control frames: RFC 6455, sections 5.2 and 5.5.
const (
	finalBit          = 0x80
	reservedBits      = 0x70
	maskBit           = 0x80
	opContinuation    = 0
	maxControlPayload = 125 // bytes
)

// A frameHeader is what stands before a frame's payload.
type frameHeader struct {
	final  bool
	opcode int
	size   uint64 // of the payload, in bytes
	mask   [4]byte
}

// unmask removes the mask from part, which begins offset bytes into a payload.
func unmask(part []byte, mask [4]byte, offset int) {
	for i := range part {
		part[i] ^= mask[(offset+i)&3]
	}
}

// appendHeader appends the header of an unmasked, unfragmented frame with a payload of
// n bytes.
func appendHeader(to []byte, opcode, n int) []byte {
	first := finalBit | byte(opcode)
	switch {
	case n < 126:
		return append(to, first, byte(n))
	case n <= 0xffff:
		return binary.BigEndian.AppendUint16(append(to, first, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(to, first, 127), uint64(n))
}

// closeBadGateway is the close code 1014, which gorilla/websocket does not name.
const closeBadGateway = 1014

// validCloseCode reports whether a close frame may carry code: RFC 6455, section 7.4, and
// the IANA registry of WebSocket close codes. 1004 is reserved; 1005, 1006 and 1015 must
// not be sent; 1016 to 2999 are not assigned.
func validCloseCode(code int) bool {
	switch {
	case code >= 3000:
		return code <= 4999
	case code >= websocket.CloseInvalidFramePayloadData:
		return code <= closeBadGateway
	}
	return code >= websocket.CloseNormalClosure && code <= websocket.CloseUnsupportedData
}

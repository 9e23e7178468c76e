// Package wstest provides frames for tests of package ws and of its users.
package wstest

import (
	"strings"

	"github.com/gorilla/websocket"
)

// A RawFrame is input that a client may send after its handshake.
type RawFrame struct {
	Name, Raw string
	Code      int // close code of the answer; 0: valid for WebSocket, the handler decides
}

// RawFrames returns input that violates WebSocket, or uses it in a way that a handler may
// not accept. The codes are 1002 for a protocol error, 1007 for a text that is not UTF-8,
// 1009 for a message of more than maxMessage bytes (32 KiB or more), and 1006 if the client
// ends the connection without a close frame and gets none.
func RawFrames(maxMessage int) []RawFrame {
	return []RawFrame{
		{"unmasked", "\x81\x02{}", websocket.CloseProtocolError},
		{"reserved bit 1", "\xc1\x80\x00\x00\x00\x00", websocket.CloseProtocolError},
		{"reserved bit 2", "\xa1\x80\x00\x00\x00\x00", websocket.CloseProtocolError},
		{"reserved bit 3", "\x91\x80\x00\x00\x00\x00", websocket.CloseProtocolError},
		{"all of them", "\xf1\x80\x00\x00\x00\x00", websocket.CloseProtocolError},
		{"a reserved bit on a ping", MaskedFrame(0xc9, ""), websocket.CloseProtocolError},
		{"unknown data opcode", MaskedFrame(0x83, ""), websocket.CloseProtocolError},
		{"unknown control opcode", MaskedFrame(0x8b, ""), websocket.CloseProtocolError},
		{"fragmented ping", MaskedFrame(0x09, ""), websocket.CloseProtocolError},
		{"fragmented close", MaskedFrame(0x08, ""), websocket.CloseProtocolError},
		{"ping of 126 bytes", MaskedFrame(0x89, strings.Repeat("x", 126)), websocket.CloseProtocolError},
		{"pong of 64 KiB", MaskedFrame(0x8a, strings.Repeat("x", 1<<16)), websocket.CloseProtocolError},
		{"close of 126 bytes", MaskedFrame(0x88, "\x03\xe8"+strings.Repeat("x", 124)), websocket.CloseProtocolError},
		{"continuation of nothing", MaskedFrame(0x80, ""), websocket.CloseProtocolError},
		{"first fragment, then another first", MaskedFrame(0x01, "{") + MaskedFrame(0x01, "}"), websocket.CloseProtocolError},
		{"first fragment, then a complete message", MaskedFrame(0x01, "{") + MaskedFrame(0x81, "{}"), websocket.CloseProtocolError},
		{"close code of one byte", MaskedFrame(0x88, "\x03"), websocket.CloseProtocolError},
		{"close code 999", MaskedFrame(0x88, "\x03\xe7"), websocket.CloseProtocolError},
		{"close code 1004", MaskedFrame(0x88, "\x03\xec"), websocket.CloseProtocolError},
		{"close code 1005", MaskedFrame(0x88, "\x03\xed"), websocket.CloseProtocolError},
		{"close code 1006", MaskedFrame(0x88, "\x03\xee"), websocket.CloseProtocolError},
		{"close code 1015", MaskedFrame(0x88, "\x03\xf7"), websocket.CloseProtocolError},
		{"close code 5000", MaskedFrame(0x88, "\x13\x88"), websocket.CloseProtocolError},
		{"close reason that is not UTF-8", MaskedFrame(0x88, "\x03\xe8\xff\xfe"), websocket.CloseProtocolError},
		{"valid close", MaskedFrame(0x88, "\x03\xe8"), websocket.CloseNormalClosure},
		{"close without a code", MaskedFrame(0x88, ""), websocket.CloseNoStatusReceived},
		{"length of 64 bits", "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", websocket.CloseProtocolError},
		{"length of 63 bits", "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", websocket.CloseMessageTooBig},
		{"length of a gigabyte", "\x81\xff\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00", websocket.CloseMessageTooBig},
		{"length of 125 in 16 bits", "\x81\xfe\x00\x7d\x00\x00\x00\x00" + strings.Repeat(" ", 125), websocket.CloseProtocolError},
		{"length of 65535 in 64 bits", "\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x00\x00", websocket.CloseProtocolError},
		{"length of one byte too many", MaskedFrame(0x81, strings.Repeat(" ", maxMessage+1)), websocket.CloseMessageTooBig},
		{"too big by its fragments", MaskedFrame(0x01, strings.Repeat(" ", maxMessage)) + MaskedFrame(0x80, " "), websocket.CloseMessageTooBig},
		{"a gigabyte in 64 bits, sent for real", "\x81\xff\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00" + strings.Repeat("x", 128<<10), websocket.CloseMessageTooBig},
		{"binary", MaskedFrame(0x82, `{"hello":{"v":1}}`), 0},
		{"text that is not UTF-8", MaskedFrame(0x81, "{\"\xff\":{}}"), websocket.CloseInvalidFramePayloadData},
		{"an empty message", MaskedFrame(0x81, ""), 0},
		{"an empty message in fragments", MaskedFrame(0x01, "") + MaskedFrame(0x00, "") + MaskedFrame(0x80, ""), 0},
		{"a character cut in two", MaskedFrame(0x01, "{\"\xea\xb0") + MaskedFrame(0x80, "\x80\":{}}"), 0}, // valid text of an unknown kind
		{"HTTP again", "GET / HTTP/1.1\r\nHost: here\r\n\r\n", websocket.CloseProtocolError},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", websocket.CloseProtocolError},
		{"half a header", "\x81", websocket.CloseAbnormalClosure},
		{"half a length", "\x81\xfe\x01", websocket.CloseAbnormalClosure},
		{"half a mask", "\x81\x82\x00\x00", websocket.CloseAbnormalClosure},
		{"half a message", "\x81\x85\x00\x00\x00\x00{", websocket.CloseAbnormalClosure},
	}
}

// MaskedFrame returns a client's frame with a first byte and a payload. The mask is zero.
func MaskedFrame(first byte, payload string) string {
	n := len(payload)
	switch {
	case n < 126:
		return string([]byte{first, 0x80 | byte(n), 0, 0, 0, 0}) + payload
	case n < 1<<16:
		return string([]byte{first, 0x80 | 126, byte(n >> 8), byte(n), 0, 0, 0, 0}) + payload
	}
	return string([]byte{first, 0x80 | 127, 0, 0, 0, 0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n), 0, 0, 0, 0}) + payload
}

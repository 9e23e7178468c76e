package server

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// rawFrames are bytes that are no WebSocket, or a use of it that is not ours,
// with the close code that each is answered with: 1002 where the protocol itself
// is broken, 1009 where a message is too long, ours where it is lawful otherwise.
// 1006: the client has gone, and there is nobody to tell.
var rawFrames = []struct {
	name, raw string
	code      int
}{
	{"unmasked", "\x81\x02{}", websocket.CloseProtocolError},
	{"reserved bit 1", "\xc1\x80\x00\x00\x00\x00", websocket.CloseProtocolError},
	{"reserved bit 2", "\xa1\x80\x00\x00\x00\x00", websocket.CloseProtocolError},
	{"reserved bit 3", "\x91\x80\x00\x00\x00\x00", websocket.CloseProtocolError},
	{"all of them", "\xf1\x80\x00\x00\x00\x00", websocket.CloseProtocolError},
	{"a reserved bit on a ping", maskedFrame(0xc9, ""), websocket.CloseProtocolError},
	{"unknown data opcode", maskedFrame(0x83, ""), websocket.CloseProtocolError},
	{"unknown control opcode", maskedFrame(0x8b, ""), websocket.CloseProtocolError},
	{"fragmented ping", maskedFrame(0x09, ""), websocket.CloseProtocolError},
	{"fragmented close", maskedFrame(0x08, ""), websocket.CloseProtocolError},
	{"ping of 126 bytes", maskedFrame(0x89, strings.Repeat("x", 126)), websocket.CloseProtocolError},
	{"pong of 64 KiB", maskedFrame(0x8a, strings.Repeat("x", 1<<16)), websocket.CloseProtocolError},
	{"close of 126 bytes", maskedFrame(0x88, "\x03\xe8"+strings.Repeat("x", 124)), websocket.CloseProtocolError},
	{"continuation of nothing", maskedFrame(0x80, ""), websocket.CloseProtocolError},
	{"first part, then another first", maskedFrame(0x01, "{") + maskedFrame(0x01, "}"), websocket.CloseProtocolError},
	{"first part, then a whole one", maskedFrame(0x01, "{") + maskedFrame(0x81, "{}"), websocket.CloseProtocolError},
	{"close code of one byte", maskedFrame(0x88, "\x03"), websocket.CloseNoStatusReceived}, // taken for none
	{"close code 999", maskedFrame(0x88, "\x03\xe7"), websocket.CloseProtocolError},
	{"close code 1004", maskedFrame(0x88, "\x03\xec"), websocket.CloseProtocolError},
	{"close code 1005", maskedFrame(0x88, "\x03\xed"), websocket.CloseProtocolError},
	{"close code 1006", maskedFrame(0x88, "\x03\xee"), websocket.CloseProtocolError},
	{"close code 5000", maskedFrame(0x88, "\x13\x88"), websocket.CloseProtocolError},
	{"close reason of no text", maskedFrame(0x88, "\x03\xe8\xff\xfe"), websocket.CloseProtocolError},
	{"lawful close", maskedFrame(0x88, "\x03\xe8"), websocket.CloseNormalClosure},
	{"close without a code", maskedFrame(0x88, ""), websocket.CloseNoStatusReceived},
	{"length of 64 bits", "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", websocket.CloseMessageTooBig},
	{"length of 63 bits", "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", websocket.CloseMessageTooBig},
	{"length of a gigabyte", "\x81\xff\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00", websocket.CloseMessageTooBig},
	{"length of one too many", "\x81\xfe\x80\x01\x00\x00\x00\x00" + strings.Repeat(" ", wire.MaxFrame+1), websocket.CloseMessageTooBig},
	{"too long by its parts", maskedFrame(0x01, strings.Repeat(" ", wire.MaxFrame)) + maskedFrame(0x80, " "), websocket.CloseMessageTooBig},
	{"a gigabyte in 64 bits, sent for real", "\x81\xff\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00" + strings.Repeat("x", 128<<10), websocket.CloseMessageTooBig},
	{"binary", maskedFrame(0x82, `{"hello":{"v":1}}`), int(wire.CloseBadFrame)},
	{"text that is no UTF-8", maskedFrame(0x81, "{\"\xff\":{}}"), int(wire.CloseBadFrame)},
	{"an empty message", maskedFrame(0x81, ""), int(wire.CloseBadFrame)},
	{"an empty message in parts", maskedFrame(0x01, "") + maskedFrame(0x00, "") + maskedFrame(0x80, ""), int(wire.CloseBadFrame)},
	{"a character cut in two parts", maskedFrame(0x01, "{\"\xea\xb0") + maskedFrame(0x80, "\x80\":{}}"), int(wire.CloseBadFrame)}, // lawful text of an unknown kind
	{"HTTP again", "GET / HTTP/1.1\r\nHost: here\r\n\r\n", websocket.CloseProtocolError},
	{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", websocket.CloseProtocolError},
	{"half a header", "\x81", websocket.CloseAbnormalClosure},
	{"half a length", "\x81\xfe\x01", websocket.CloseAbnormalClosure},
	{"half a mask", "\x81\x82\x00\x00", websocket.CloseAbnormalClosure},
	{"half a message", "\x81\x85\x00\x00\x00\x00{", websocket.CloseAbnormalClosure},
}

// Broken at the level of WebSocket itself: that connection is told and goes, and
// nobody else notices.
func TestBrokenWebSocketFrames(t *testing.T) {
	w := newWorld(t, false, nil)
	w.calmTime()
	w.addHall("hall")
	w.order("hall", floor.ReleaseSchedule{})
	witness := w.witness("hall")
	token := w.bearer("hall", "attendee-ka1")
	for _, greeted := range []bool{false, true} {
		for _, c := range rawFrames {
			p := w.dialWith("/api/v1/events/hall/live", token...)
			if greeted {
				p.hello()
			}
			if c.code == websocket.CloseNormalClosure || c.code == websocket.CloseNoStatusReceived {
				// It closes itself, and so does not answer the answer: that would meet a closed
				// connection, or wait unread in one that closes.
				p.conn.SetCloseHandler(func(int, string) error { return nil })
			}
			tcp := p.conn.NetConn().(*net.TCPConn)
			// It may be cut off while it is still sending: that is the point.
			if _, err := tcp.Write([]byte(c.raw)); err != nil {
				t.Logf("%s: %v", c.name, err)
			}
			if c.code == websocket.CloseAbnormalClosure {
				if err := tcp.CloseWrite(); err != nil {
					t.Fatal(err)
				}
			}
			if code := p.closeCode(); code != c.code {
				t.Errorf("%s (greeted: %v): closed with %d, want %d", c.name, greeted, code, c.code)
			}
			// An end by reset, while bytes of the client's wait, may take the close frame back.
			if _, err := tcp.Read(make([]byte, 1)); c.code != websocket.CloseAbnormalClosure && err != io.EOF {
				t.Errorf("%s (greeted: %v): the connection ended with %v", c.name, greeted, err)
			}
			p.conn.Close()
		}
		witness.unharmed()
	}
	w.eventually("only the witness is left", func() bool { return w.server.limits.sockets.InUse() == 1 })
	w.eventually("only its reader is left", func() bool { return readers(t) == waiting(1) })
}

package server

import (
	"io"
	"net"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/ws/wstest"
	"github.com/matchfloor/matchfloor/wire"
)

// TestLive_InvalidFramesAreClosed: a connection with invalid frames is closed with the
// right code, and other connections are not affected.
func TestLive_InvalidFramesAreClosed(t *testing.T) {
	w := newFixture(t, false, nil)
	w.liftRates()
	w.addSmallEvent("hall")
	w.submitAsOrganiser("hall", floor.ReleaseSchedule{})
	witness := w.newBystander("hall")
	token := w.bearer("hall", "attendee-ka1")
	for _, withHello := range []bool{false, true} {
		for _, c := range wstest.RawFrames(wire.MaxFrame) {
			want := c.Code
			if want == 0 {
				want = int(wire.CloseBadFrame) // valid for WebSocket, but no frame of package wire
			}
			p := w.dialWith("/api/v1/events/hall/live", token...)
			if withHello {
				p.hello()
			}
			if c.Code == websocket.CloseNormalClosure || c.Code == websocket.CloseNoStatusReceived {
				// The client has sent its close frame already. A second one would meet a closed
				// connection, or stay unread in one that closes, which resets it.
				p.conn.SetCloseHandler(func(int, string) error { return nil })
			}
			tcp := p.conn.NetConn().(*net.TCPConn)
			// The server may cut the connection off while this writes.
			if _, err := tcp.Write([]byte(c.Raw)); err != nil {
				t.Logf("%s: %v", c.Name, err)
			}
			if c.Code == websocket.CloseAbnormalClosure {
				if err := tcp.CloseWrite(); err != nil {
					t.Fatal(err)
				}
			}
			if code := p.closeCode(); code != want {
				t.Errorf("%s (with hello: %v): closed with %d, want %d", c.Name, withHello, code, want)
			}
			// A reset, which unread input would cause, may lose the close frame.
			if _, err := tcp.Read(make([]byte, 1)); c.Code != websocket.CloseAbnormalClosure && err != io.EOF {
				t.Errorf("%s (with hello: %v): the connection ended with %v", c.Name, withHello, err)
			}
			p.conn.Close()
		}
		witness.checkUndisturbed()
	}
	w.eventually("only the witness is left", func() bool { return w.server.limits.sockets.InUse() == 1 })
	w.eventually("only its reader is left", func() bool { return readers(t) == idleReaders(1) })
}

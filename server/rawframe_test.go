package server

import (
	"io"
	"net"
	"net/http/httptest"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/internal/ws/wstest"
	"github.com/matchfloor/matchfloor/wire"
)

// A hidingListener hides that its connections are TCP, so that no poller watches them.
type hidingListener struct{ net.Listener }

// Accept implements net.Listener.
func (l hidingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return hiddenConn{conn.(*net.TCPConn)}, nil
}

// A hiddenConn is not a *net.TCPConn, but has its methods.
type hiddenConn struct{ *net.TCPConn }

// newUnpolledFixture starts a fixture over plain HTTP that has a goroutine a connection.
func newUnpolledFixture(t testing.TB) *fixture {
	t.Helper()
	w := newUnstartedFixture(t, hub.Options{}, nil)
	w.http = httptest.NewUnstartedServer(nil)
	w.http.Config = w.server.HTTP()
	w.http.Listener = hidingListener{w.http.Listener}
	w.http.Start()
	t.Cleanup(w.close)
	w.addEvents()
	return w
}

// TestLive_InvalidFramesAreClosed: a connection with invalid frames is closed with the
// right code, and other connections are not affected: with a poller, with a goroutine a
// connection, and over TLS.
func TestLive_InvalidFramesAreClosed(t *testing.T) {
	one := func(int) int { return 1 }
	for name, c := range map[string]struct {
		begin func(*testing.T) *fixture
		idle  func(int) int // goroutines of idle connections
	}{
		"plain":      {func(t *testing.T) *fixture { return newFixture(t, false, nil) }, idleReaders},
		"goroutines": {func(t *testing.T) *fixture { return newUnpolledFixture(t) }, one},
		"TLS":        {func(t *testing.T) *fixture { return newFixture(t, true, nil) }, one},
	} {
		t.Run(name, func(t *testing.T) { testInvalidFrames(t, c.begin(t), c.idle(1)) })
	}
}

func testInvalidFrames(t *testing.T, w *fixture, idle int) {
	w.liftRates()
	w.addSmallEvent("hall")
	w.submitAsOrganiser("hall", floor.ReleaseSchedule{})
	witness := w.newBystander("hall")
	token := w.bearer("hall", "attendee-ka1")
	for _, withHello := range []bool{false, true} {
		for _, c := range wstest.RawFrames(wire.MaxFrame) {
			w.sendRawFrame(t, c, withHello, token)
		}
		witness.checkUndisturbed()
	}
	w.eventually("only the witness is left", func() bool { return w.server.limits.sockets.InUse() == 1 })
	w.eventually("only its reader is left", func() bool { return readers(t) == idle })
}

// sendRawFrame sends input on a connection of its own, and checks how the server closes it.
func (w *fixture) sendRawFrame(t *testing.T, c wstest.RawFrame, withHello bool, token []string) {
	want := c.Code
	if want == 0 {
		want = int(wire.CloseBadFrame) // valid for WebSocket, but no frame of package wire
	}
	p := w.dialWith("/api/v1/events/hall/live", token...)
	defer p.conn.Close()
	if withHello {
		p.hello()
	}
	if c.Code == websocket.CloseNormalClosure || c.Code == websocket.CloseNoStatusReceived {
		// The client has sent its close frame already.
		p.conn.SetCloseHandler(func(int, string) error { return nil })
	}
	raw := p.conn.NetConn()
	// The server may cut the connection off while this writes.
	if _, err := io.WriteString(raw, c.Raw); err != nil {
		t.Logf("%s: %v", c.Name, err)
	}
	if c.Code == websocket.CloseAbnormalClosure {
		if err := raw.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Fatal(err)
		}
	}
	if code := p.closeCode(); code != want {
		t.Errorf("%s (with hello: %v): closed with %d, want %d", c.Name, withHello, code, want)
	}
	// A reset, which unread input would cause, may lose the close frame.
	if _, err := raw.Read(make([]byte, 1)); c.Code != websocket.CloseAbnormalClosure && err != io.EOF {
		t.Errorf("%s (with hello: %v): the connection ended with %v", c.Name, withHello, err)
	}
}

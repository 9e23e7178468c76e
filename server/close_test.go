package server

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/ws/wstest"
)

// sendSlowly sends messages in two pieces each until ended returns true or writing fails,
// and returns how long that took.
func sendSlowly(t *testing.T, conn net.Conn, ended func() bool) time.Duration {
	t.Helper()
	began, message := time.Now(), wstest.MaskedFrame(0x81, `{"ping":{"n":1}}`)
	piece := message[:3]
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for time.Since(began) < 3*closeTimeout && !ended() {
		if _, err := io.WriteString(conn, piece); err != nil {
			break
		}
		piece = message[3:] + message[:3]
		<-tick.C
	}
	return time.Since(began)
}

// rotateLink rotates the attendee's link, which ends the sessions of the attendee.
func (w *fixture) rotateLink() {
	link, _ := w.state(event).Link(w.linkOf[floor.RoleAttendee])
	w.submitAsOrganiser(event, floor.RotateLink{Link: link.ID})
}

// TestLive_CloseTimeoutIsNotExtended: a client that goes on sending after a close frame is
// cut off in time, with a session or rejected.
func TestLive_CloseTimeoutIsNotExtended(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(w *fixture) (conn *websocket.Conn, ended func() bool){
		"signed in": func(w *fixture) (*websocket.Conn, func() bool) {
			p := w.dial(event, w.linkOf[floor.RoleAttendee])
			p.hello()
			p.conn.SetCloseHandler(func(int, string) error { return nil })
			w.rotateLink()
			return p.conn, func() bool { return w.server.limits.sockets.InUse() == 0 }
		},
		"rejected": func(w *fixture) (*websocket.Conn, func() bool) {
			conn, _, err := w.tryDial("/api/v1/events/demo/live", "Authorization", "Bearer nonsense")
			if err != nil {
				w.t.Fatal(err)
			}
			return conn, func() bool { return w.server.limits.turnedAway.InUse() == 0 }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, ended := begin(newFixture(t, false, nil))
			defer conn.Close()
			took := sendSlowly(t, conn.NetConn(), ended)
			t.Logf("read for %v", took.Round(10*time.Millisecond))
			if took > 2*closeTimeout {
				t.Errorf("read for %v after the close frame", took)
			}
		})
	}
}

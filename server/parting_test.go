package server

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/floor"
)

// dribbles sends messages in two pieces each, as slowly as keeps their sender busy,
// and answers for how long it was heard; gone says that it has ended.
func dribbles(t *testing.T, conn net.Conn, gone func() bool) time.Duration {
	t.Helper()
	began, message := time.Now(), maskedFrame(0x81, `{"ping":{"n":1}}`)
	piece := message[:3]
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for time.Since(began) < 3*closePatience && !gone() {
		if _, err := io.WriteString(conn, piece); err != nil {
			break
		}
		piece = message[3:] + message[:3]
		<-tick.C
	}
	return time.Since(began)
}

// rotate ends the sessions of the attendee.
func (w *world) rotate() {
	link, _ := w.state(event).Link(w.people[floor.RoleAttendee])
	w.order(event, floor.RotateLink{Link: link.ID})
}

// Whoever was told to go has one time to do so, whatever they go on to send: those who
// have a session, and those at the door.
func TestWhoWasToldToGoHasOneTime(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(w *world) (conn *websocket.Conn, gone func() bool){
		"signed in": func(w *world) (*websocket.Conn, func() bool) {
			p := w.dial(event, w.people[floor.RoleAttendee])
			p.hello()
			p.conn.SetCloseHandler(func(int, string) error { return nil })
			w.rotate()
			return p.conn, func() bool { return w.server.limits.sockets.InUse() == 0 }
		},
		"at the door": func(w *world) (*websocket.Conn, func() bool) {
			conn, _, err := w.tryDial("/api/v1/events/demo/live", "Authorization", "Bearer nonsense")
			if err != nil {
				w.t.Fatal(err)
			}
			return conn, func() bool { return w.server.limits.turnedAway.InUse() == 0 }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, gone := begin(newWorld(t, false, nil))
			defer conn.Close()
			took := dribbles(t, conn.NetConn(), gone)
			t.Logf("heard for %v", took.Round(10*time.Millisecond))
			if took > 2*closePatience {
				t.Errorf("still heard %v after it was told to go", took)
			}
		})
	}
}

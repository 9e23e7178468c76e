package chathub

import (
	"bufio"
	"errors"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A client that connects again with the id of another replaces it.
func TestHub_SendsToAllOrToTheNamedClients(t *testing.T) {
	h, done, ended := New(), make(chan struct{}), make(chan struct{})
	go func() { defer close(ended); h.Run(done) }()
	s := httptest.NewServer(h)
	dial := func(path string) *websocket.Conn {
		c, _, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http")+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	read := func(c *websocket.Conn, want string) {
		t.Helper()
		if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		_, text, err := c.ReadMessage()
		for err == nil && string(text) == "in?" && want != "in?" {
			_, text, err = c.ReadMessage()
		}
		if err != nil || string(text) != want {
			t.Errorf("%q, %v, want %q", text, err, want)
		}
	}
	say := func(c *websocket.Conn, text string) {
		t.Helper()
		if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	control := dial("/control")
	// connect dials with an id and sends messages to it until one arrives.
	connect := func(id string) *websocket.Conn {
		c, known, asked := dial("/ws?id="+id), make(chan struct{}), make(chan struct{})
		go func() {
			defer close(asked)
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for {
				say(control, id+"\nin?")
				select {
				case <-known:
					return
				case <-tick.C:
				}
			}
		}()
		read(c, "in?")
		close(known)
		<-asked
		return c
	}
	one, two := connect("1"), connect("2")
	say(control, "\nall")
	read(one, "all")
	read(two, "all")
	say(control, "2,7\nsome")
	read(two, "some")
	again := connect("1")
	for {
		_, text, err := one.ReadMessage()
		if err != nil {
			break
		}
		if string(text) != "in?" {
			t.Errorf("the replaced client received %q", text)
		}
	}
	say(control, "1\nmine")
	read(again, "mine")
	if _, _, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http")+"/ws", nil); err == nil {
		t.Error("a client without an id was accepted")
	}
	close(done)
	<-ended
	if _, _, err := two.ReadMessage(); err == nil {
		t.Error("the hub has ended and a client is still connected")
	}
	for _, c := range []*websocket.Conn{control, one, two, again} {
		c.Close()
	}
	s.Close()
}

// hijacked is a response whose connection cannot be hijacked.
type hijacked struct {
	*httptest.ResponseRecorder
	asked chan struct{}
}

// Hijack implements http.Hijacker. It reports the call on asked, and fails.
func (s hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	s.asked <- struct{}{}
	return nil, nil, errors.New("the connection is closed")
}

// If the handshake fails, the client is unregistered again.
func TestHub_RegistersBeforeTheHandshakeEnds(t *testing.T) {
	h, answer := New(), hijacked{httptest.NewRecorder(), make(chan struct{})}
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/ws?id=1", nil)
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "bWF0Y2hmbG9vciBpcyBoZQ==",
	} {
		r.Header.Set(name, value)
	}
	served := make(chan struct{})
	go func() { defer close(served); h.ServeHTTP(answer, r) }()
	var registered *client
	for step, want := range []string{"register", "respond", "unregister"} {
		got := ""
		select {
		case registered = <-h.register:
			got = "register"
		case <-answer.asked:
			got = "respond"
		case c := <-h.unregister:
			got = "unregister"
			if c != registered {
				t.Errorf("another client was unregistered than was registered")
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("step %d: timeout, want %s", step, want)
		}
		if got != want {
			t.Fatalf("step %d is %s, want %s", step, got, want)
		}
	}
	<-served
}

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

// TestHub: everybody gets what is for everybody, one what is for one, and an id
// that comes again takes its place.
func TestHub(t *testing.T) {
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
			t.Errorf("%q %v instead of %q", text, err, want)
		}
	}
	say := func(c *websocket.Conn, text string) {
		t.Helper()
		if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	control := dial("/control")
	// in dials as id and asks until the hub knows it: a handshake is answered before.
	in := func(id string) *websocket.Conn {
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
	one, two := in("1"), in("2")
	say(control, "\nall")
	read(one, "all")
	read(two, "all")
	say(control, "2,7\nsome")
	read(two, "some")
	again := in("1")
	for {
		_, text, err := one.ReadMessage()
		if err != nil {
			break
		}
		if string(text) != "in?" {
			t.Errorf("two clients have one id, and the first is told %q", text)
		}
	}
	say(control, "1\nmine")
	read(again, "mine")
	if _, _, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http")+"/ws", nil); err == nil {
		t.Error("a client without an id was taken")
	}
	close(done)
	<-ended
	if _, _, err := two.ReadMessage(); err == nil {
		t.Error("the hub has gone and its clients have not")
	}
	for _, c := range []*websocket.Conn{control, one, two, again} {
		c.Close()
	}
	s.Close()
}

// seized is a request whose connection is about to be taken over.
type seized struct {
	*httptest.ResponseRecorder
	asked chan struct{}
}

// Hijack implements http.Hijacker: it tells of it, and fails.
func (s seized) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	s.asked <- struct{}{}
	return nil, nil, errors.New("the connection has gone")
}

// A client is registered before it is answered, so that it misses nothing from
// then on, and forgotten where it cannot be answered.
func TestRegisteredBeforeAnswered(t *testing.T) {
	h, answer := New(), seized{httptest.NewRecorder(), make(chan struct{})}
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/ws?id=1", nil)
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "bWF0Y2hmbG9vciBpcyBoZQ==",
	} {
		r.Header.Set(name, value)
	}
	served := make(chan struct{})
	go func() { defer close(served); h.ServeHTTP(answer, r) }()
	var registered *client
	for step, want := range []string{"register", "answer", "unregister"} {
		got := ""
		select {
		case registered = <-h.register:
			got = "register"
		case <-answer.asked:
			got = "answer"
		case c := <-h.unregister:
			got = "unregister"
			if c != registered {
				t.Errorf("another client is forgotten than was registered")
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("step %d: nothing happens, want %s", step, want)
		}
		if got != want {
			t.Fatalf("step %d is %s, want %s", step, got, want)
		}
	}
	<-served
}

package server

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/wire"
)

// pair is a socket whose kernel buffers are small, and the client's end of it.
func pair(t *testing.T) (*socket, *websocket.Conn) {
	t.Helper()
	made := make(chan *socket, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		if err := conn.NetConn().(*net.TCPConn).SetWriteBuffer(32 << 10); err != nil {
			t.Error(err)
		}
		made <- newSocket(&liveEndpoint{poller: newPoller()}, conn.NetConn(), "")
	}))
	t.Cleanup(s.Close)
	dialer := websocket.Dialer{NetDial: func(network, addr string) (net.Conn, error) {
		conn, err := net.Dial(network, addr)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(32 << 10)
		}
		return conn, err
	}}
	client, _, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	k := <-made
	t.Cleanup(func() { k.conn.Close() })
	return k, client
}

// numbered is a frame that tells its number and whether it is whole.
func numbered(i, size int) []byte {
	return fmt.Appendf(nil, `{"live":{"here":{"%d":%d}}}%s`, i, size, strings.Repeat(" ", size))
}

// TestFramesStayWholeOnASlowSocket: whatever the kernel takes of a frame at once,
// the client reads every frame as it was, in order, with answers to its pings
// between them and never within one.
func TestFramesStayWholeOnASlowSocket(t *testing.T) {
	k, client := pair(t)
	const frames = 200
	var partly, whole int
	wrote := make(chan error, 1)
	go func() {
		for i := range frames {
			frame := numbered(i, i*977%60000)
			taken, err := k.TryWrite(frame)
			if !taken && err == nil {
				if len(k.rest) > 0 {
					partly++
				}
				err = k.Write(frame, time.Now().Add(10*time.Second))
			} else {
				whole++
			}
			if err != nil {
				wrote <- fmt.Errorf("frame %d: %w", i, err)
				return
			}
		}
		wrote <- nil
	}()
	pings := make(chan struct{})
	go func() { // what the reader of a socket does
		defer close(pings)
		for {
			if k.readFrames(nil) != nil {
				return
			}
		}
	}()
	pongs := 0
	client.SetPongHandler(func(string) error { pongs++; return nil })
	if err := client.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for i := range frames {
		if i%10 == 0 {
			if err := client.WriteControl(websocket.PingMessage, []byte("here"), time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		if _, text, err := client.ReadMessage(); err != nil || !bytes.Equal(text, numbered(i, i*977%60000)) {
			t.Fatalf("frame %d: %.60q… %v", i, text, err)
		}
	}
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
	t.Logf("%d whole at once, %d partly, %d pongs", whole, partly, pongs)
	if partly == 0 || whole == 0 {
		t.Error("one of the ways was never gone")
	}
	k.Close(wire.CloseRestart)
	_, _, err := client.ReadMessage()
	if !websocket.IsCloseError(err, int(wire.CloseRestart)) {
		t.Errorf("at the end: %v", err)
	}
	k.conn.Close()
	<-pings
}

// TestHalfAFrameIsTheEnd: after a frame that could not be ended nothing is said
// any more, not even why.
func TestHalfAFrameIsTheEnd(t *testing.T) {
	t.Run("begun at once", func(t *testing.T) { halfAFrame(t, true) })
	t.Run("waited for", func(t *testing.T) { halfAFrame(t, false) })
}

func halfAFrame(t *testing.T, now bool) {
	k, client := pair(t)
	large := numbered(0, 4<<20)
	if now {
		taken, err := k.TryWrite(large)
		if taken || err != nil || len(k.rest) == 0 {
			t.Fatalf("%v %v, %d bytes are left", taken, err, len(k.rest))
		}
	}
	if err := k.Write(large, time.Now().Add(50*time.Millisecond)); err == nil {
		t.Fatal("nobody reads, and it was written")
	}
	if err := client.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var all []byte
	read := make(chan error, 1)
	go func() {
		got, err := io.ReadAll(client.NetConn())
		all = got
		read <- err
	}()
	k.Close(wire.CloseBroken) // there is room for it now
	k.conn.Close()
	err := <-read
	if err != nil || len(all) == 0 || strings.Trim(string(all[len(all)-64:]), " ") != "" {
		t.Errorf("%d bytes of a frame, which end with %x, %v", len(all), all[max(0, len(all)-8):], err)
	}
	if _, err := k.TryWrite(numbered(1, 0)); err == nil {
		t.Error("it was closed, and takes frames")
	}
}

// TestPongsWaitForNobody: a client that pings and does not read costs its reader no
// time, and its connection nothing.
func TestPongsWaitForNobody(t *testing.T) {
	if !sendsNow {
		t.Skip("here a pong is waited for")
	}
	k, client := pair(t)
	const pong = "\x8a\x00"
	// Until the kernel takes nothing more.
	if err := k.conn.SetWriteDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	sent, err := io.WriteString(k.conn, strings.Repeat(pong, 16<<20))
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(sent, err)
	}
	if sent%2 != 0 {
		k.rest = []byte(pong[1:])
	}
	began := time.Now()
	if _, err := io.WriteString(client.NetConn(), strings.Repeat(maskedFrame(0x89, "here"), 100)); err != nil {
		t.Fatal(err)
	}
	if err := k.readFrames(nil); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > controlWrite/2 {
		t.Errorf("the reader waited %v", took)
	}
	wrote := make(chan error, 1)
	go func() { wrote <- k.Write(numbered(1, 10), time.Now().Add(patience)) }()
	if err := client.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, text, err := client.ReadMessage(); err != nil || !bytes.Equal(text, numbered(1, 10)) {
		t.Errorf("afterwards %.60q %v", text, err)
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
}

// TestHalfAPongIsEnded: what the kernel has not taken of a pong goes out before all
// else, whatever that is.
func TestHalfAPongIsEnded(t *testing.T) {
	if !sendsNow {
		t.Skip("here a pong is waited for")
	}
	const pong = "\x8a\x04late"
	for name, next := range map[string]func(*socket){
		"a frame": func(k *socket) {
			if taken, err := k.TryWrite(numbered(1, 10)); taken || err != nil {
				t.Errorf("the frame was taken: %v %v", taken, err)
			}
			if err := k.Write(numbered(1, 10), time.Now().Add(patience)); err != nil {
				t.Error(err)
			}
		},
		"a ping":  func(k *socket) { k.answerPing([]byte("another")) },
		"a close": func(k *socket) { k.Close(wire.CloseRestart) },
	} {
		t.Run(name, func(t *testing.T) {
			k, client := pair(t)
			pongs := []string{}
			client.SetPongHandler(func(said string) error { pongs = append(pongs, said); return nil })
			if n, err := k.send([]byte(pong[:3])); n != 3 || err != nil {
				t.Fatal(n, err)
			}
			k.rest = []byte(pong[3:])
			next(k)
			if _, err := k.TryWrite(numbered(2, 10)); err != nil && name != "a close" {
				t.Error(err)
			}
			k.Close(wire.CloseRestart)
			texts := 0
			for {
				if _, _, err := client.ReadMessage(); err != nil {
					if !websocket.IsCloseError(err, int(wire.CloseRestart)) {
						t.Errorf("at the end: %v", err)
					}
					break
				}
				texts++
			}
			if want := map[string]int{"a frame": 2, "a ping": 1}[name]; texts != want || len(pongs) != 1 || pongs[0] != "late" {
				t.Errorf("%d frames, want %d, and pongs %q", texts, want, pongs)
			}
		})
	}
}

// TestNothingIsSentToAnotherConnection: once a connection is closed, its number may be
// another's, and nothing is written to that.
func TestNothingIsSentToAnotherConnection(t *testing.T) {
	for name, shut := range map[string]func(*socket){"left": (*socket).leave, "cut": (*socket).Abort} {
		t.Run(name, func(t *testing.T) {
			k, _ := pair(t)
			shut(k)
			if k.fd >= 0 {
				t.Error("it keeps the number")
			}
			if taken, err := k.TryWrite(numbered(1, 0)); sendsNow && (taken || err == nil) {
				t.Errorf("%t %v", taken, err)
			}
		})
	}
}

// TestHeads: the head of a frame is the library's, at each length.
func TestHeads(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 70_000} {
		head := appendHead(nil, websocket.TextMessage, n)
		here, there := net.Pipe()
		go func() {
			here.Write(append(head, make([]byte, n)...))
			here.Close()
		}()
		conn := clientOver(t, there)
		if kind, text, err := conn.ReadMessage(); err != nil || kind != websocket.TextMessage || len(text) != n {
			t.Errorf("%d: %d bytes, kind %d, %v", n, len(text), kind, err)
		}
		there.Close()
	}
}

// clientOver answers the library's client over a connection whose handshake is
// taken as read.
func clientOver(t *testing.T, conn net.Conn) *websocket.Conn {
	t.Helper()
	answered := &answeringConn{Conn: conn}
	client, _, err := (&websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return answered, nil }}).Dial("ws://x/", nil)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// acceptKey is what a handshake with a key is answered with: RFC 6455, 1.3.
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// answeringConn answers a handshake by itself.
type answeringConn struct {
	net.Conn
	answer io.Reader
}

func (c *answeringConn) Write(p []byte) (int, error) {
	if c.answer == nil {
		_, key, _ := strings.Cut(string(p), "Sec-WebSocket-Key: ")
		key, _, _ = strings.Cut(key, "\r\n")
		c.answer = strings.NewReader("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + acceptKey(key) + "\r\n\r\n")
	}
	return len(p), nil
}

func (c *answeringConn) Read(p []byte) (int, error) {
	if n, err := c.answer.Read(p); err == nil {
		return n, nil
	}
	return c.Conn.Read(p)
}

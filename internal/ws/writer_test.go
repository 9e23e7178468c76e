package ws

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
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/internal/ws/wstest"
)

// slowPair returns a connection whose kernel buffers are small, and its client.
func slowPair(t *testing.T) (*Conn, *websocket.Conn) {
	t.Helper()
	made := make(chan *Conn, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		if err := conn.NetConn().(*net.TCPConn).SetWriteBuffer(32 << 10); err != nil {
			t.Error(err)
		}
		made <- newConn(conn.NetConn(), &recorder{})
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
	conn := <-made
	t.Cleanup(func() { conn.conn.Close() })
	return conn, client
}

// numberedFrame returns a text by which the client can tell that it is complete.
func numberedFrame(i, size int) []byte {
	return fmt.Appendf(nil, `{"live":{"here":{"%d":%d}}}%s`, i, size, strings.Repeat(" ", size))
}

// TestFrameWriter_SlowClientGetsCompleteFrames: however much of a frame the kernel takes
// at once, the client reads all frames unchanged and in order, and pongs only between
// them.
func TestFrameWriter_SlowClientGetsCompleteFrames(t *testing.T) {
	conn, client := slowPair(t)
	const frames = 200
	var partial, complete int
	wrote := make(chan error, 1)
	go func() {
		for i := range frames {
			frame := numberedFrame(i, i*977%60000)
			taken, err := conn.TryWrite(frame)
			if !taken && err == nil {
				if len(conn.pending) > 0 {
					partial++
				}
				err = conn.Write(frame, time.Now().Add(10*time.Second))
			} else {
				complete++
			}
			if err != nil {
				wrote <- fmt.Errorf("frame %d: %w", i, err)
				return
			}
		}
		wrote <- nil
	}()
	pings := make(chan struct{})
	go func() { // as the reader of a connection does
		defer close(pings)
		for {
			if conn.readOnce() != nil {
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
		if _, text, err := client.ReadMessage(); err != nil || !bytes.Equal(text, numberedFrame(i, i*977%60000)) {
			t.Fatalf("frame %d: %.60q… %v", i, text, err)
		}
	}
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
	t.Logf("%d complete at once, %d partial, %d pongs", complete, partial, pongs)
	if partial == 0 || complete == 0 {
		t.Error("one of the two cases did not occur")
	}
	conn.Close(websocket.CloseServiceRestart)
	_, _, err := client.ReadMessage()
	if !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
		t.Errorf("at the end: %v", err)
	}
	conn.conn.Close()
	<-pings
}

// TestFrameWriter_NothingFollowsAnIncompleteFrame: after a frame whose rest could not be
// written nothing is written, not even a close frame.
func TestFrameWriter_NothingFollowsAnIncompleteFrame(t *testing.T) {
	t.Run("begun by TryWrite", func(t *testing.T) { testIncompleteFrame(t, true) })
	t.Run("begun by Write", func(t *testing.T) { testIncompleteFrame(t, false) })
}

func testIncompleteFrame(t *testing.T, try bool) {
	t.Helper()
	conn, client := slowPair(t)
	large := numberedFrame(0, 4<<20)
	if try {
		taken, err := conn.TryWrite(large)
		if taken || err != nil || len(conn.pending) == 0 {
			t.Fatalf("taken %v, error %v, %d bytes pending", taken, err, len(conn.pending))
		}
	}
	if err := conn.Write(large, time.Now().Add(50*time.Millisecond)); err == nil {
		t.Fatal("Write succeeded although the client does not read")
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
	conn.Close(websocket.CloseInternalServerErr) // the kernel has room for it now
	conn.conn.Close()
	err := <-read
	if !errors.Is(err, syscall.ECONNRESET) || len(all) == 0 || strings.Trim(string(all[len(all)-64:]), " ") != "" {
		t.Errorf("%d bytes of a frame, which end with %x, %v", len(all), all[max(0, len(all)-8):], err)
	}
	if _, err := conn.TryWrite(numberedFrame(1, 0)); err == nil {
		t.Error("TryWrite succeeds on a closed connection")
	}
}

// fill sends pongs until the kernel takes no more of them. The rest of the last one waits,
// as that of any pong does.
func fill(t *testing.T, conn *Conn) {
	t.Helper()
	const pong = "\x8a\x00"
	pongs, sent := []byte(strings.Repeat(pong, 1<<20)), 0
	for full := false; !full; {
		if err := conn.conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.conn.Write(pongs[sent:])
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(n, err)
		}
		sent, full = sent+n, n == 0
	}
	if sent%len(pong) != 0 {
		conn.mu.Lock()
		go conn.awaitPong([]byte(pong[1:]))
	}
}

// pingConn sends pings to a connection and reads them, as its reader does.
func pingConn(t *testing.T, conn *Conn, client *websocket.Conn, pings int) {
	t.Helper()
	if _, err := io.WriteString(client.NetConn(), strings.Repeat(wstest.MaskedFrame(0x89, "here"), pings)); err != nil {
		t.Fatal(err)
	}
	if err := conn.readOnce(); err != nil {
		t.Error(err)
	}
}

// TestFrameWriter_PongsDoNotBlock: a client that pings and does not read neither delays
// its reader nor, if it soon reads again, breaks its connection.
func TestFrameWriter_PongsDoNotBlock(t *testing.T) {
	if !canTrySend {
		t.Skip("pongs block on this system")
	}
	conn, client := slowPair(t)
	fill(t, conn)
	began := time.Now()
	pingConn(t, conn, client, 100)
	if took := time.Since(began); took > controlTimeout/2 {
		t.Errorf("the reader waited %v", took)
	}
	wrote := make(chan error, 1)
	go func() { wrote <- conn.Write(numberedFrame(1, 10), time.Now().Add(testTimeout)) }()
	if err := client.SetReadDeadline(time.Now().Add(testTimeout)); err != nil {
		t.Fatal(err)
	}
	pongs := 0
	client.SetPongHandler(func(payload string) error {
		if payload != "" {
			pongs++
		}
		return nil
	})
	if _, text, err := client.ReadMessage(); err != nil || !bytes.Equal(text, numberedFrame(1, 10)) {
		t.Errorf("afterwards %.60q %v", text, err)
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
	if pongs > 1 {
		t.Errorf("%d pongs waited", pongs)
	}
}

// TestFrameWriter_TryWriteWaitsForNoClient: what a session gives to a connection never
// waits for what its reader writes to a client that does not read.
func TestFrameWriter_TryWriteWaitsForNoClient(t *testing.T) {
	if !canTrySend {
		t.Skip("TryWrite takes nothing on this system")
	}
	for name, c := range map[string]struct {
		begin func(*Conn)
		in    string // the function that then waits for the client
	}{
		"a close": {func(conn *Conn) { conn.Close(websocket.CloseProtocolError) }, "ws.(*frameWriter).writeClose"},
		"a pong":  {func(conn *Conn) { _ = conn.writePong([]byte("here")) }, "ws.(*frameWriter).awaitPong"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, _ := slowPair(t)
			fill(t, conn)
			go c.begin(conn)
			eventually(t, c.in, func() bool { return stacks(t, c.in) > 0 })
			began := time.Now()
			taken, err := conn.TryWrite(numberedFrame(1, 10))
			if took := time.Since(began); took > 100*time.Millisecond {
				t.Errorf("TryWrite waited %v", took)
			}
			if taken || err != nil && !errors.Is(err, errFinished) {
				t.Errorf("taken %t, error %v", taken, err)
			}
			conn.conn.Close()
			eventually(t, "its end", func() bool { return stacks(t, c.in) == 0 })
		})
	}
}

// TestConn_ClientThatTakesNoPongIsDisconnected: a client that pings, does not read and is
// sent nothing else loses its connection within stuckTimeout.
func TestConn_ClientThatTakesNoPongIsDisconnected(t *testing.T) {
	for name, secure := range map[string]bool{"plain": false, "not TCP": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it waits
			h := new(recorder)
			conn, client := slowPair(t)
			if conn.handler = h; secure {
				conn.conn, conn.fd = hiddenConn{conn.conn.(*net.TCPConn)}, -1
			}
			fill(t, conn)
			began := time.Now()
			conn.Start()
			if _, err := io.WriteString(client.NetConn(), strings.Repeat(wstest.MaskedFrame(0x89, "here"), 1000)); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the end", func() bool { _, closed := h.ends(); return closed == 1 })
			if took := time.Since(began); took < stuckTimeout/2 || took > stuckTimeout+2*time.Second {
				t.Errorf("it ended after %v, want %v", took, stuckTimeout)
			}
		})
	}
}

// TestClose_ResetsAConnectionThatTakesNoCloseFrame: the kernel keeps nothing for a client that
// does not read, whichever side closes.
func TestClose_ResetsAConnectionThatTakesNoCloseFrame(t *testing.T) {
	for name, begin := range map[string]func(*Conn, net.Conn) error{
		"closed here": func(conn *Conn, _ net.Conn) error { conn.Close(websocket.CloseGoingAway); return nil },
		"closed by the client": func(_ *Conn, client net.Conn) error {
			_, err := io.WriteString(client, wstest.MaskedFrame(0x88, "\x03\xe8"))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it waits
			h := new(recorder)
			conn, client := slowPair(t)
			conn.handler = h
			fill(t, conn)
			conn.Start()
			if err := begin(conn, client.NetConn()); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the end", func() bool { _, closed := h.ends(); return closed == 1 })
			if err := client.NetConn().SetReadDeadline(time.Now().Add(testTimeout)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, client.NetConn()); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the client reads to %v, want a reset", err)
			}
		})
	}
}

// A hiddenConn is not a *net.TCPConn, but has its methods.
type hiddenConn struct{ *net.TCPConn }

// TestConn_CloseEndsTheWaitForAPong: Close waits a second for a pong that the client does
// not take, and not stuckTimeout.
func TestConn_CloseEndsTheWaitForAPong(t *testing.T) {
	if !canTrySend {
		t.Skip("pongs block on this system")
	}
	conn, client := slowPair(t)
	fill(t, conn)
	pingConn(t, conn, client, 100)
	eventually(t, "the wait for a pong", func() bool { return stacks(t, "ws.(*frameWriter).awaitPong") > 0 })
	began := time.Now()
	conn.Close(websocket.CloseServiceRestart)
	if took := time.Since(began); took > 2*controlTimeout+time.Second {
		t.Errorf("Close waited %v", took)
	}
}

// TestFrameWriter_RestOfAPongGoesFirst: the rest of a pong that the kernel took in part is
// written before any other frame.
func TestFrameWriter_RestOfAPongGoesFirst(t *testing.T) {
	if !canTrySend {
		t.Skip("pongs block on this system")
	}
	const pong = "\x8a\x04late"
	for name, next := range map[string]func(*Conn){
		"a frame": func(conn *Conn) {
			if err := conn.Write(numberedFrame(1, 10), time.Now().Add(testTimeout)); err != nil {
				t.Error(err)
			}
		},
		"a ping":  func(conn *Conn) { _ = conn.writePong([]byte("another")) },
		"a close": func(conn *Conn) { conn.Close(websocket.CloseServiceRestart) },
	} {
		t.Run(name, func(t *testing.T) {
			conn, client := slowPair(t)
			pongs := []string{}
			client.SetPongHandler(func(payload string) error { pongs = append(pongs, payload); return nil })
			if n, err := conn.trySend([]byte(pong[:3])); n != 3 || err != nil {
				t.Fatal(n, err)
			}
			conn.mu.Lock()
			if taken, err := conn.TryWrite(numberedFrame(1, 10)); taken || err != nil {
				t.Errorf("a frame was taken: %v %v", taken, err)
			}
			done := make(chan struct{})
			go func() { defer close(done); next(conn) }()
			if name == "a ping" {
				<-done // its pong is dropped
			}
			conn.awaitPong([]byte(pong[3:]))
			<-done
			conn.Close(websocket.CloseServiceRestart)
			texts := 0
			for {
				if _, _, err := client.ReadMessage(); err != nil {
					if !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
						t.Errorf("at the end: %v", err)
					}
					break
				}
				texts++
			}
			if want := map[string]int{"a frame": 1}[name]; texts != want || len(pongs) != 1 || pongs[0] != "late" {
				t.Errorf("%d frames, want %d, and pongs %q", texts, want, pongs)
			}
		})
	}
}

// TestFrameWriter_ClosedConnSendsNothing: a closed connection forgets its descriptor,
// whose number may be in use again.
func TestFrameWriter_ClosedConnSendsNothing(t *testing.T) {
	for name, end := range map[string]func(*Conn){"closed": (*Conn).teardown, "aborted": (*Conn).Abort} {
		t.Run(name, func(t *testing.T) {
			conn, _ := slowPair(t)
			end(conn)
			if conn.fd >= 0 {
				t.Errorf("the connection still has descriptor %d", conn.fd)
			}
			if taken, err := conn.TryWrite(numberedFrame(1, 0)); canTrySend && (taken || err == nil) {
				t.Errorf("TryWrite: taken %t, error %v", taken, err)
			}
		})
	}
}

// TestAppendHeader_AgreesWithGorilla: gorilla/websocket reads headers of each length.
func TestAppendHeader_AgreesWithGorilla(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 70_000} {
		header := appendHeader(nil, websocket.TextMessage, n)
		here, there := net.Pipe()
		go func() {
			here.Write(append(header, make([]byte, n)...))
			here.Close()
		}()
		conn := clientOver(t, there)
		if kind, text, err := conn.ReadMessage(); err != nil || kind != websocket.TextMessage || len(text) != n {
			t.Errorf("%d: %d bytes, kind %d, %v", n, len(text), kind, err)
		}
		there.Close()
	}
}

// clientOver returns gorilla's client of a connection on which there was no handshake.
func clientOver(t *testing.T, conn net.Conn) *websocket.Conn {
	t.Helper()
	answered := &answeringConn{Conn: conn}
	client, _, err := (&websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return answered, nil }}).Dial("ws://x/", nil)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// acceptKey returns the answer to a handshake with key: RFC 6455, section 1.3.
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// An answeringConn completes a client's handshake without the server.
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

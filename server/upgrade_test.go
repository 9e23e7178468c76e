package server

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/ws/wstest"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
)

// helloFrame is the first frame of a client.
var helloFrame = wstest.MaskedFrame(0x81, `{"hello":{"v":1}}`)

// handshakeText returns a handshake with headers, each of which ends its line.
func handshakeText(headers ...string) string {
	return "GET /api/v1/events/demo/live HTTP/1.1\r\nHost: here\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" + strings.Join(headers, "") + "\r\n"
}

// rawClient connects to the fixture, and does no more than TLS if the fixture has it.
func (w *fixture) rawClient() net.Conn {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.http.Listener.Addr().String())
	if err != nil {
		w.t.Fatal(err)
	}
	if w.http.TLS != nil {
		conn = tls.Client(conn, &tls.Config{RootCAs: w.http.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"})
	}
	w.t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		w.t.Fatal(err)
	}
	return conn
}

// readRefusal reads an answer to a handshake, which must be bad_upgrade for a reason, and the
// end of the connection.
func readRefusal(t *testing.T, conn net.Conn, why string) {
	t.Helper()
	in := bufio.NewReader(conn)
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Errorf("no answer: %v", err)
		return
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Error(err)
	}
	var p wire.Problem
	if err := json.Unmarshal(body, &p); err != nil {
		t.Errorf("body %q: %v", body, err)
	}
	if answer.StatusCode != http.StatusBadRequest || p.Code != reply.CodeBadUpgrade || p.Params["why"] != why {
		t.Errorf("%d %s, want 400 %s for %q", answer.StatusCode, body, reply.CodeBadUpgrade, why)
	}
	h := answer.Header
	if !answer.Close || h.Get("Content-Type") != "application/json" || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Date") == "" {
		t.Errorf("headers: %v, close: %t", h, answer.Close)
	}
	if rest, err := io.ReadAll(in); len(rest) > 0 || err != nil {
		t.Errorf("after the answer: %q, %v", rest, err)
	}
}

// checkPlacesFree waits until no connection holds a place and no goroutine answers one.
func (w *fixture) checkPlacesFree() {
	w.t.Helper()
	w.eventually("all places are free", func() bool {
		return w.server.limits.sockets.InUse()+w.server.limits.turnedAway.InUse()+w.server.limits.requests.InUse() == 0
	})
	w.eventually("no goroutine is left", func() bool { return stacks(w.t, "ws.(*EarlyInput).Finish") == 0 })
}

// TestUpgrade_FrameWithTheRequestIsRefused: a frame that arrives together with the request is
// answered as bad_upgrade. It is neither lost after a 101, nor is the connection closed
// without an answer.
func TestUpgrade_FrameWithTheRequestIsRefused(t *testing.T) {
	for name, secure := range map[string]bool{"plain": false, "TLS": true} {
		w := newFixture(t, secure, nil)
		w.liftRates()
		request := handshakeText("Authorization: Bearer " + w.token(event, w.linkOf[floor.RoleAttendee]) + "\r\n")
		long := wstest.MaskedFrame(0x81, `{"hello":{"v":1}`+strings.Repeat(" ", wire.MaxFrame-100)+`}`)
		for _, c := range []struct{ name, input string }{
			{"a frame", request + helloFrame},
			{"a byte", request + helloFrame[:1]},
			{"a long frame", request + long},
			{"many frames", request + strings.Repeat(helloFrame, 1000)},
			{"without a session", handshakeText("Origin: "+map[bool]string{false: "http", true: "https"}[secure]+"://here\r\n") + helloFrame},
			{"another request", request + request},
		} {
			t.Run(c.name+", "+name, func(t *testing.T) {
				conn := w.rawClient()
				if _, err := io.WriteString(conn, c.input); err != nil {
					t.Fatal(err)
				}
				readRefusal(t, conn, "early")
				conn.Close()
				w.checkPlacesFree()
			})
		}
	}
}

// TestUpgrade_SlowEarlyClientGetsTheAnswer: a client that goes on sending slowly after an early
// frame still reads the answer, and is cut off in time.
func TestUpgrade_SlowEarlyClientGetsTheAnswer(t *testing.T) {
	t.Parallel()
	for name, secure := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t, secure, nil)
			conn := w.rawClient()
			if _, err := io.WriteString(conn, handshakeText("Authorization: Bearer "+w.token(event, w.linkOf[floor.RoleAttendee])+"\r\n")+helloFrame[:3]); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			sent := make(chan time.Duration, 1)
			go func() {
				sent <- sendSlowly(t, conn, func() bool { return w.server.limits.sockets.InUse() == 0 })
			}()
			readRefusal(t, conn, "early")
			t.Logf("answered after %v", time.Since(began))
			if took := <-sent; took > 2*closeTimeout {
				t.Errorf("read for %v after the answer", took)
			}
			w.checkPlacesFree()
		})
	}
}

// TestUpgrade_BodyIsRefused: a handshake with a body is answered as bad_upgrade, before the
// body has arrived.
func TestUpgrade_BodyIsRefused(t *testing.T) {
	for name, secure := range map[string]bool{"plain": false, "TLS": true} {
		w := newFixture(t, secure, nil)
		w.liftRates()
		token := "Authorization: Bearer " + w.token(event, w.linkOf[floor.RoleAttendee]) + "\r\n"
		for _, c := range []struct{ name, input, rest string }{
			{"a length", handshakeText(token, "Content-Length: 17\r\n") + `{"hello":{"v":1}}`, ""},
			{"chunks", handshakeText(token, "Transfer-Encoding: chunked\r\n") + "1\r\nx\r\n0\r\n\r\n", ""},
			{"no chunk", handshakeText(token, "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", ""},
			{"a frame as body", handshakeText(token, "Content-Length: 3\r\n") + helloFrame[:3], ""},
			{"a body that is late", handshakeText(token, "Content-Length: 5\r\n"), "12345"},
			{"a chunk that is late", handshakeText(token, "Transfer-Encoding: chunked\r\n") + "5\r\n12", "345\r\n0\r\n\r\n"},
		} {
			t.Run(c.name+", "+name, func(t *testing.T) {
				conn := w.rawClient()
				if _, err := io.WriteString(conn, c.input); err != nil {
					t.Fatal(err)
				}
				if c.rest == "" {
					readRefusal(t, conn, "body")
				} else {
					w.answersBeforeTheRest(t, conn, c.rest)
				}
				conn.Close()
				w.checkPlacesFree()
			})
		}
	}
}

// answersBeforeTheRest checks that the first bytes of the answer arrive before the rest of the
// request is sent.
func (w *fixture) answersBeforeTheRest(t *testing.T, conn net.Conn, rest string) {
	t.Helper()
	in := bufio.NewReader(conn)
	if first, err := in.Peek(12); err != nil || string(first) != "HTTP/1.1 400" {
		t.Fatalf("%q %v", first, err)
	}
	if _, err := io.WriteString(conn, rest); err != nil {
		t.Error(err)
	}
	readRefusal(t, bufferedConn{conn, in}, "body")
}

// A bufferedConn is a connection of which some input was read already.
type bufferedConn struct {
	net.Conn
	in *bufio.Reader
}

func (c bufferedConn) Read(p []byte) (int, error) { return c.in.Read(p) }

// TestUpgrade_FrameAfterTheRequestIsNeverLost: a frame in a segment of its own is read as a
// frame, or refused if it arrives before the server has looked; in either case it is
// answered. So is a frame after a request that arrives byte by byte.
func TestUpgrade_FrameAfterTheRequestIsNeverLost(t *testing.T) {
	for name, secure := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t, secure, nil)
			w.liftRates()
			request := handshakeText("Authorization: Bearer " + w.token(event, w.linkOf[floor.RoleAttendee]) + "\r\n")
			read, refused := 0, 0
			for i := range 20 {
				conn := w.rawClient()
				pieces := []string{request}
				if i%4 == 0 {
					pieces = strings.SplitAfter(request, "")
				}
				for _, piece := range append(pieces, helloFrame) {
					if _, err := io.WriteString(conn, piece); err != nil {
						t.Fatal(err)
					}
				}
				if w.helloIsRead(t, conn) {
					read++
				} else {
					refused++
				}
				conn.Close()
			}
			t.Logf("%d read, %d refused", read, refused)
			w.checkPlacesFree()
		})
	}
}

// helloIsRead reports whether a hello was answered by a hello, and otherwise checks that it was
// refused.
func (w *fixture) helloIsRead(t *testing.T, conn net.Conn) bool {
	t.Helper()
	in := bufio.NewReader(conn)
	status, err := in.Peek(12)
	if err != nil {
		t.Fatal(err)
	}
	if string(status) != "HTTP/1.1 101" {
		readRefusal(t, bufferedConn{conn, in}, "early")
		return false
	}
	if _, err := http.ReadResponse(in, nil); err != nil {
		t.Fatal(err)
	}
	var header [2]byte
	if _, err := io.ReadFull(in, header[:]); err != nil {
		t.Fatal(errors.Join(errors.New("the frame was lost"), err))
	}
	start, err := in.Peek(len(`  {"hello":`)) // after the rest of a header of 4 bytes
	if err != nil || header[0] != 0x81 || !strings.Contains(string(start), `{"hello"`) {
		t.Fatalf("answered by %x %q, %v", header, start, err)
	}
	return true
}

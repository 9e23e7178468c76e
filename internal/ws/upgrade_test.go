package ws

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// upgradeServer starts a server that upgrades, echoes, and says why it does not upgrade.
func upgradeServer(t *testing.T, secure bool) *httptest.Server {
	t.Helper()
	p := &Poller{config: testConfig}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Test", "kept")
		conn, err := Upgrade(w, r)
		if early, ok := errors.AsType[*EarlyInput](err); ok {
			http.Error(early, "early", http.StatusBadRequest)
			go early.Finish()
			return
		}
		if refused, ok := errors.AsType[*HandshakeError](err); ok {
			http.Error(w, refused.Error(), refused.Status)
			return
		}
		if err != nil {
			t.Error(err)
			return
		}
		h := &recorder{}
		c := new(Conn)
		c.Init(p, conn, h)
		h.echo = c
		c.Start()
	}))
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// dialServer connects to a server.
func dialServer(t *testing.T, s *httptest.Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if s.TLS != nil {
		config := s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		config.ServerName = "example.com"
		conn = tls.Client(conn, config)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(testTimeout)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestUpgrade_AnswersWhatItDoesNotUpgrade: input before the answer and a body are refused with
// an answer that the client can read up to a clean end. Neither is upgraded, and so lost, nor
// closed without an answer, whatever gorilla/websocket does about it.
func TestUpgrade_AnswersWhatItDoesNotUpgrade(t *testing.T) {
	const request = "GET / HTTP/1.1\r\nHost: here\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
	hello := frame(0x81, "hello")
	for name, secure := range map[string]bool{"plain": false, "TLS": true} {
		s := upgradeServer(t, secure)
		for _, c := range []struct{ name, input, status, body string }{
			{"a handshake", request + "\r\n", "101 Switching Protocols", ""},
			{"a handshake with an empty body", request + "Content-Length: 0\r\n\r\n", "101 Switching Protocols", ""},
			{"a frame", request + "\r\n" + hello, "400 Bad Request", "early\n"},
			{"a byte", request + "\r\n" + hello[:1], "400 Bad Request", "early\n"},
			{"many frames", request + "\r\n" + strings.Repeat(hello, 5000), "400 Bad Request", "early\n"},
			{"a body", request + "Content-Length: 5\r\n\r\nhello", "400 Bad Request", ErrBody.Error() + "\n"},
			{"a body that does not come", request + "Content-Length: 5\r\n\r\n", "400 Bad Request", ErrBody.Error() + "\n"},
			{"chunks", request + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "400 Bad Request", ErrBody.Error() + "\n"},
		} {
			t.Run(c.name+", "+name, func(t *testing.T) {
				conn := dialServer(t, s)
				if _, err := io.WriteString(conn, c.input); err != nil {
					t.Fatal(err)
				}
				in := bufio.NewReader(conn)
				answer, err := http.ReadResponse(in, nil)
				if err != nil {
					t.Fatalf("no answer: %v", err)
				}
				if answer.Status != c.status {
					t.Fatalf("%s, want %s", answer.Status, c.status)
				}
				if c.body == "" {
					checkUpgraded(t, conn, in)
					return
				}
				body, err := io.ReadAll(answer.Body)
				if string(body) != c.body || err != nil || !answer.Close || answer.Header.Get("X-Test") != "kept" {
					t.Errorf("%v %q, %v", answer.Header, body, err)
				}
				if strings.Contains(c.name, "not come") {
					return // net/http still waits for the body
				}
				if rest, err := io.ReadAll(in); len(rest) > 0 || err != nil {
					t.Errorf("after the answer: %q, %v", rest, err)
				}
			})
		}
	}
}

// checkUpgraded checks that frames are echoed, and ends the connection.
func checkUpgraded(t *testing.T, conn net.Conn, in *bufio.Reader) {
	t.Helper()
	for _, c := range []struct{ send, want string }{{frame(0x81, "hello"), "text hello"}, {frame(0x88, ""), "close"}} {
		if _, err := io.WriteString(conn, c.send); err != nil {
			t.Fatal(err)
		}
		if got, err := readAnswer(in); got != c.want || err != nil {
			t.Errorf("read %q, %v, want %q", got, err, c.want)
		}
	}
}

// TestEarlyInput_FinishIsBounded: a client that neither reads nor ends its side is cut off.
func TestEarlyInput_FinishIsBounded(t *testing.T) {
	t.Parallel()
	conn, there := tcpConn(t, &Poller{config: testConfig}, &recorder{})
	e := newEarlyInput(conn.conn, http.Header{})
	http.Error(e, "early", http.StatusBadRequest)
	began := time.Now()
	e.Finish()
	if took := time.Since(began); took < closeTimeout || took > closeTimeout+testTimeout {
		t.Errorf("it took %v", took)
	}
	if err := conn.conn.SetDeadline(time.Time{}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the connection is not closed: %v", err)
	}
	answer, err := io.ReadAll(there)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400 Bad Request\r\n") || !strings.HasSuffix(string(answer), "\r\n\r\nearly\n") {
		t.Errorf("the client read %q, %v", answer, err)
	}
}

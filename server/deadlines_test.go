package server

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/internal/ws/wstest"
	"github.com/matchfloor/matchfloor/wire"
)

// Requests that arrive slowly are ended by a deadline.
func TestHTTP_SlowRequestsAreEnded(t *testing.T) {
	post := "POST /api/v1/sign-in HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
	for name, c := range map[string]struct {
		first, then string // sent at once, and then every second
		within      time.Duration
		answer      string
	}{
		"says nothing":              {"", "", 5 * time.Second, ""},
		"half a line":               {"GET / HT", "", 5 * time.Second, ""},
		"a header a second":         {"GET / HTTP/1.1\r\nHost: here\r\n", "X: y\r\n", 5 * time.Second, ""},
		"no body":                   {post, "", bodyTimeout, "400"},
		"a byte of body a second":   {post, "{", bodyTimeout, "400"},
		"idle after its request":    {"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n", "", 75 * time.Second, "200"},
		"a body where none belongs": {"GET /healthz HTTP/1.1\r\nHost: here\r\nContent-Length: 9999\r\n\r\n", "x", 15 * time.Second, "200"},
	} {
		t.Run(name, func(t *testing.T) {
			withFakeTime(t, nil, func(t *testing.T, w *fixture) {
				r := w.dialRaw(c.first)
				over := make(chan struct{})
				go func() {
					defer close(over)
					for c.then != "" && time.Since(r.began) < time.Minute && r.send(c.then) {
						fakeTime(time.Second)
					}
				}()
				said, took := r.readToEnd()
				r.Close()
				<-over
				if took > c.within+time.Second || !strings.Contains(said, c.answer) {
					t.Errorf("ended after %v, want %v, with %.100q", took, c.within, said)
				}
			})
		})
	}
}

// An upload may take two minutes. Its place is free afterwards.
func TestUploads_SlowOnesAreEnded(t *testing.T) {
	withFakeTime(t, nil, func(t *testing.T, w *fixture) {
		text := fmt.Sprintf("POST /api/v1/events HTTP/1.1\r\nHost: here\r\nContent-Type: %s\r\nContent-Length: 9999\r\nAuthorization: %s\r\n\r\nPK",
			workbookType, w.bearer(event, organiser)[1])
		said, took := w.dialRaw(text).readToEnd()
		if !strings.HasPrefix(said, "HTTP/1.1 400") || took < uploadTimeout || took > uploadTimeout+time.Second {
			t.Errorf("after %v: %.100s", took, said)
		}
		if n := w.server.limits.uploads.InUse(); n != 0 {
			t.Errorf("%d places are still in use", n)
		}
	})
}

// A response that the client does not read holds a connection for a minute at most.
func TestHTTP_UnreadResponseIsEnded(t *testing.T) {
	withFakeTime(t, nil, func(t *testing.T, w *fixture) {
		r := w.dialRaw("GET /attendee HTTP/1.1\r\nHost: here\r\n\r\n")
		fakeTime(61 * time.Second)
		said, _ := r.readToEnd()
		if strings.Contains(said, "</html>") {
			t.Errorf("the response waited: %.100s", said)
		}
	})
}

// A connection of HTTP/2 whose client reads nothing is ended too, with all its streams.
func TestHTTP2_ClientThatReadsNothingIsDisconnected(t *testing.T) {
	withFakeTime(t, nil, func(t *testing.T, w *fixture) {
		pipes, server, ended := newPipes(), w.server.HTTP(), make(chan struct{})
		server.Protocols = new(http.Protocols)
		server.Protocols.SetUnencryptedHTTP2(true)
		go func() { defer close(ended); server.Serve(pipes) }()
		defer func() { server.Close(); <-ended }()
		conn, err := pipes.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		const settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
		if _, err := io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"+settings); err != nil {
			t.Fatal(err)
		}
		fakeTime(16 * time.Second)
		if _, err := io.WriteString(conn, settings); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("after 16 s its frames are still taken: %v", err)
		}
	})
}

// The limits of a live connection that docs/PROTOCOL.md and package ws promise.
const (
	closeTimeout    = 3 * time.Second   // for the answer to a close frame
	messageTimeout  = 10 * time.Second  // from the first byte of a message to its last
	maxMessageBytes = 2 * wire.MaxFrame // with the headers of its fragments
	drainLimit      = 256 << 10         // bytes that are read and dropped after a close frame
	readBufferSize  = 1 << 10           // bytes that are read at once
)

// Slow clients and floods on a live connection are ended with their close code,
// within a bound of time and of bytes.
func TestLive_SlowAndFloodingClientsAreClosed(t *testing.T) {
	for name, c := range map[string]struct {
		greets      bool
		first, then string        // sent at once, and then repeatedly
		every       time.Duration // 0: without a pause
		code        wire.CloseCode
		within      time.Duration
		sent        int // the most bytes that may be accepted; 0: not checked
	}{
		"says nothing":              {code: wire.CloseSilent, within: 11 * time.Second},
		"greets and falls silent":   {greets: true, code: wire.CloseSilent, within: 95 * time.Second},
		"a message without an end":  {greets: true, first: wstest.MaskedFrame(0x01, "{"), code: wire.CloseSilent, within: messageTimeout},
		"a byte of it a second":     {greets: true, first: string([]byte{0x81, 0xfe, 0x10, 0, 0, 0, 0, 0}), then: " ", every: time.Second, code: wire.CloseSilent, within: messageTimeout + time.Second},
		"an empty part a second":    {greets: true, first: wstest.MaskedFrame(0x01, "{"), then: wstest.MaskedFrame(0x00, ""), every: time.Second, code: wire.CloseSilent, within: messageTimeout + time.Second},
		"empty parts at full speed": {greets: true, first: wstest.MaskedFrame(0x01, "{"), then: wstest.MaskedFrame(0x00, ""), code: wire.CloseTooMany, within: time.Second, sent: maxMessageBytes + drainLimit + 4<<10},
		"pings at full speed":       {greets: true, then: wstest.MaskedFrame(0x89, "x"), code: wire.CloseTooMany, within: time.Second, sent: 7*(frameRate.Burst+1) + drainLimit + 4<<10},
		"pongs at full speed":       {greets: true, then: wstest.MaskedFrame(0x8a, "x"), code: wire.CloseTooMany, within: time.Second, sent: 7*(frameRate.Burst+1) + drainLimit + 4<<10},
		"pings in a message":        {greets: true, first: wstest.MaskedFrame(0x01, "{"), then: wstest.MaskedFrame(0x89, "x"), code: wire.CloseTooMany, within: time.Second, sent: 7*(frameRate.Burst+1) + drainLimit + 4<<10},
		"messages at full speed":    {greets: true, then: wstest.MaskedFrame(0x81, `{"ack":{"seq":1}}`), code: wire.CloseTooMany, within: closeTimeout + time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			withFakeTime(t, nil, func(t *testing.T, w *fixture) {
				p := w.dial(event, "attendee-k01a")
				if c.greets {
					p.hello()
				}
				if err := p.conn.SetReadDeadline(time.Time{}); err != nil {
					t.Fatal(err)
				}
				began, sent := time.Now(), make(chan int)
				go func() { sent <- keepSending(p, c.first, c.then, c.every) }()
				code := p.closeCode()
				took := time.Since(began)
				p.conn.SetWriteDeadline(time.Now().Add(2 * closeTimeout))
				n := <-sent
				if code != int(c.code) || took > c.within {
					t.Errorf("closed with %d after %v, want %d within %v", code, took, c.code, c.within)
				}
				if c.sent > 0 && n > c.sent {
					t.Errorf("%d bytes were accepted, want %d at most", n, c.sent)
				}
				w.eventually("its place is free", func() bool { return w.server.limits.sockets.InUse() == 0 })
			})
		})
	}
}

// keepSending writes on the TCP connection until that fails, and returns how many
// bytes it has written.
func keepSending(p *phone, first, then string, every time.Duration) (sent int) {
	raw := p.conn.NetConn()
	n, err := raw.Write([]byte(first))
	for sent = n; err == nil && then != "" && sent < 4<<20; sent += n {
		if every > 0 {
			fakeTime(every)
		}
		n, err = raw.Write([]byte(then))
	}
	return sent
}

// A client that does not answer a close frame is cut off.
func TestLive_UnansweredCloseIsCutOff(t *testing.T) {
	withFakeTime(t, nil, func(t *testing.T, w *fixture) {
		p := w.dial(event, "attendee-k01a")
		p.hello()
		p.conn.SetCloseHandler(func(int, string) error { return nil }) // does not answer
		began := time.Now()
		p.send(`{"subscribe":{}}`)
		if code := p.closeCode(); code != int(wire.CloseBadFrame) {
			t.Errorf("closed with %d", code)
		}
		w.eventually("its place is free", func() bool { return w.server.limits.sockets.InUse() == 0 })
		if took := time.Since(began); took > closeTimeout+time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

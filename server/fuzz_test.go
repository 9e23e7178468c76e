package server

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/ws/wstest"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/wire"
)

// newFuzzFixture returns a fixture that the runs of a fuzz target share.
func newFuzzFixture(f *testing.F) *fixture {
	w := newPipedFixture(f, func(o *Options) { o.Log = slog.New(slog.DiscardHandler) })
	w.submitAsOperator(auth.InstanceEvent, floor.AddOrganiser{Organiser: "o1", Name: "Organiser"})
	w.addSmallEvent("hall")
	w.submitAsOrganiser("hall", floor.ReleaseSchedule{})
	began, looks := time.Now(), new(atomic.Int64)
	w.clock.set(func() time.Time { return began.Add(time.Duration(looks.Add(1)) * 10 * time.Second) })
	return w
}

// longLivedToken returns a token that does not expire during a run.
func (w *fixture) longLivedToken(link floor.LinkID) string {
	return w.keys.SealToken(auth.Claims{Event: auth.LogOfLink("hall", link), Link: link, Expires: time.Now().Add(1e6 * time.Hour)})
}

// checkAnswered sends a request and checks that the server does not fail.
func (w *fixture) checkAnswered(t *testing.T, path, body string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", asJSON)
	r.Header.Set("Authorization", "Bearer "+w.longLivedToken("moderator-lead"))
	answer := httptest.NewRecorder()
	w.server.ServeHTTP(answer, r)
	var got struct{ Code, ID string }
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
		t.Fatalf("%q: %d %q", body, answer.Code, answer.Body)
	}
	if answer.Code >= 500 || (answer.Code == http.StatusOK) != (got.Code == "") {
		t.Fatalf("%q: %d %s", body, answer.Code, answer.Body)
	}
}

// FuzzCommandByPost checks that any body is either a command or refused with a code.
func FuzzCommandByPost(f *testing.F) {
	w := newFuzzFixture(f)
	for _, text := range append(seeds(f, "commands.json"), seeds(f, "refused.json")...) {
		f.Add(strings.TrimSuffix(strings.TrimPrefix(text, `{"command":`), "}"))
		f.Add(text)
	}
	for _, d := range rights {
		f.Add(`{"id":"x","base":1,"until":9007199254740991,"after":["y"],"` + string(d.kind) + `":{}}`)
	}
	for _, text := range badJSON {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, body string) { w.checkAnswered(t, "/api/v1/events/hall/commands", body) })
}

// FuzzSignIn checks that any body is either a sign-in or refused with a code.
func FuzzSignIn(f *testing.F) {
	w := newFuzzFixture(f)
	f.Add(`{"event":"hall","link":"attendee-ka1","secret":"AAAAAAAAAAAAAAAAAAAAAA","bearer":true}`)
	f.Add(`{"event":"_","link":"organiser-o1","secret":"","bearer":true}`)
	for _, text := range badJSON {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w.checkAnswered(t, "/api/v1/sign-in", body)
	})
}

// listenTime is how long a fuzzed connection reads after it has sent everything.
const listenTime = 20 * time.Millisecond

// FuzzSocketBytes checks that the server can read any bytes after the handshake,
// sends only valid frames, and releases the connection.
func FuzzSocketBytes(f *testing.F) {
	w := newFuzzFixture(f)
	for _, c := range wstest.RawFrames(wire.MaxFrame) {
		f.Add([]byte(c.Raw))
		f.Add([]byte(wstest.MaskedFrame(0x81, `{"hello":{"v":1}}`) + c.Raw))
	}
	for _, text := range seeds(f, "refused.json") {
		f.Add([]byte(wstest.MaskedFrame(0x81, `{"hello":{"v":1}}`) + wstest.MaskedFrame(0x81, text)))
	}
	token := w.longLivedToken("attendee-ka1")
	f.Fuzz(func(t *testing.T, bytes []byte) {
		conn := w.handshake(t, token)
		written := make(chan struct{})
		go func() {
			defer close(written)
			conn.Write(bytes) // may fail: the server may cut the connection
			conn.Write([]byte(wstest.MaskedFrame(0x88, "\x03\xe8")))
			conn.SetReadDeadline(time.Now().Add(listenTime)) // a server that waits for more is left waiting
		}()
		readFrames(t, conn)
		conn.Close()
		<-written
		for end := time.Now().Add(patience); w.server.limits.sockets.InUse() > 0; {
			if time.Now().After(end) {
				t.Fatalf("its place is not released after %q", bytes)
			}
			time.Sleep(50 * time.Microsecond) // a poll, bounded above
		}
	})
}

// handshake returns a connection after the handshake.
func (w *fixture) handshake(t *testing.T, token string) net.Conn {
	t.Helper()
	conn, err := w.net.dial(context.Background(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	go io.WriteString(conn, "GET /api/v1/events/hall/live HTTP/1.1\r\nHost: here\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer "+token+"\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReaderSize(oneByOne{conn}, 16), nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v %v", answer, err)
	}
	return conn
}

// oneByOne reads a byte at a time, so that nothing after the handshake is buffered.
type oneByOne struct{ net.Conn }

func (o oneByOne) Read(p []byte) (int, error) { return o.Conn.Read(p[:1]) }

// readFrames checks that everything up to the end is complete frames of a server:
// unmasked, without reserved bits, and text that decodes, a close or a pong.
func readFrames(t *testing.T, conn net.Conn) {
	t.Helper()
	in := bufio.NewReader(conn)
	for {
		var head [2]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		n := int(head[1])
		if n == 126 {
			var long [2]byte
			if _, err := io.ReadFull(in, long[:]); err != nil {
				return
			}
			n = int(long[0])<<8 | int(long[1])
		}
		if head[0]&0x70 != 0 || head[1] > 126 {
			t.Fatalf("a frame that begins with %x", head)
		}
		payload := make([]byte, n)
		if _, err := io.ReadFull(in, payload); err != nil {
			return
		}
		switch head[0] {
		case 0x81:
			if _, err := wire.DecodeServer(payload); err != nil {
				t.Fatalf("%q is no frame: %v", payload, err)
			}
		case 0x88, 0x8a: // a close, and the answer to a ping
		default:
			t.Fatalf("a frame of the kind %x", head[0])
		}
	}
}

// seeds returns the texts of a file in wire/testdata.
func seeds(f *testing.F, name string) (all []string) {
	f.Helper()
	text, err := os.ReadFile("../wire/testdata/" + name)
	if err != nil {
		f.Fatal(err)
	}
	var list []struct {
		Text    string
		Command json.RawMessage
	}
	if err := json.Unmarshal(text, &list); err != nil {
		f.Fatal(err)
	}
	for _, one := range list {
		all = append(all, one.Text+string(one.Command))
	}
	return all
}

package server

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/wire"
)

// tape is a connection on which a client has said all that it will, which comes in
// pieces of any size.
type tape struct {
	net.Conn // nil: nothing else is asked of it
	said     []byte
	most     int // bytes a read
	answered bytes.Buffer
}

func (c *tape) Read(p []byte) (int, error) {
	if len(c.said) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.said[:min(len(c.said), 1+rand.IntN(c.most))])
	c.said = c.said[n:]
	return n, nil
}

func (c *tape) Write(p []byte) (int, error)      { return c.answered.Write(p) }
func (c *tape) Close() error                     { return nil }
func (c *tape) SetDeadline(time.Time) error      { return nil }
func (c *tape) SetReadDeadline(time.Time) error  { return nil }
func (c *tape) SetWriteDeadline(time.Time) error { return nil }

// hijacked hands a tape to the library as the connection of a request.
type hijacked struct {
	*httptest.ResponseRecorder
	tape *tape
}

func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.tape, bufio.NewReadWriter(bufio.NewReader(nil), bufio.NewWriter(nil)), nil
}

// heard is what was made of a tape: its messages, what was said back but for the
// words of a close, and why it ended.
type heard struct {
	messages []string
	said     string
	end      string
}

// byLibrary answers what the library hears.
func byLibrary(t *testing.T, said []byte, most int) (h heard) {
	t.Helper()
	c := &tape{said: said, most: most}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for name, value := range map[string]string{"Connection": "upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="} {
		r.Header.Set(name, value)
	}
	conn, err := new(websocket.Upgrader).Upgrade(hijacked{httptest.NewRecorder(), c}, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(wire.MaxFrame)
	c.answered.Reset()
	for {
		kind, text, err := conn.ReadMessage()
		if err == nil {
			h.messages = append(h.messages, string(rune('0'+kind))+string(text))
			continue
		}
		gone, closed := errors.AsType[*websocket.CloseError](err)
		switch {
		case closed && gone.Code == websocket.CloseAbnormalClosure, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			h.end = "broke off"
		case closed:
			h.end = "closed"
		case errors.Is(err, websocket.ErrReadLimit):
			h.end = "too long"
		default:
			h.end = "unlawful"
		}
		h.said = c.answered.String()
		return h
	}
}

// byUs answers what we hear.
func byUs(said []byte, most int) (h heard) {
	c := &tape{said: said, most: most}
	in := &incoming{socket: newSocket(&liveEndpoint{poller: newPoller()}, c, "")}
	for {
		whole, err := in.frame()
		if whole {
			h.messages = append(h.messages, string(rune('0'+in.kind))+string(in.text))
			in.text, in.kind, in.spent = in.text[:0], continuation, 0
		}
		breach := unlawful("")
		switch {
		case err == nil:
			continue
		case errors.Is(err, io.EOF):
			h.end = "broke off"
		case errors.Is(err, errGone):
			h.end = "closed"
		case errors.Is(err, errTooBig):
			h.end = "too long"
		case errors.As(err, &breach):
			h.end = "unlawful"
		default:
			h.end = err.Error()
		}
		h.said = c.answered.String()
		return h
	}
}

// anyFrames answers some frames, most of them lawful, with masks that do something.
func anyFrames(r *rand.Rand) (all []byte) {
	for range 1 + r.IntN(8) {
		first := []byte{0x81, 0x81, 0x81, 0x01, 0x00, 0x80, 0x80, 0x82, 0x89, 0x8a, 0x88}[r.IntN(11)]
		size := []int{0, 1, 2, 20, 125, 126, 300, 5000, wire.MaxFrame, wire.MaxFrame + 1}[min(r.IntN(14), 9)]
		if first >= 0x88 {
			size = r.IntN(126)
		}
		if r.IntN(30) == 0 {
			first = byte(r.IntN(256))
		}
		payload := make([]byte, size)
		for i := range payload {
			payload[i] = byte('a' + r.IntN(26))
		}
		if first == 0x88 && size > 1 {
			payload[0], payload[1] = 3, byte(0xe6+r.IntN(12))
		}
		frame := []byte(maskedFrame(first, string(payload)))
		mask := [4]byte{byte(r.Uint32()), byte(r.Uint32()), 1, 2}
		at := len(frame) - size
		copy(frame[at-4:], mask[:])
		unmask(frame[at:], mask, 0)
		all = append(all, frame...)
	}
	if r.IntN(4) == 0 {
		all = all[:r.IntN(len(all)+1)]
	}
	return all
}

// TestFramesAreHeardAsByTheLibrary: whatever a client says, and however it is cut
// into segments, we hear what the library does, and answer as it does.
func TestFramesAreHeardAsByTheLibrary(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	ends := map[string]int{}
	check := func(said []byte, most int) {
		theirs, ours := byLibrary(t, said, most), byUs(said, most)
		if theirs.end == "unlawful" || theirs.end == "too long" {
			// We tell such a client once reading has ended, the library while it reads.
			theirs.said, _, _ = strings.Cut(theirs.said, "\x88")
			ours.said, _, _ = strings.Cut(ours.said, "\x88")
		}
		if !slices.Equal(theirs.messages, ours.messages) || theirs.end != ours.end || theirs.said != ours.said {
			t.Fatalf("%.200q in pieces up to %d:\nwe      %d messages, %s, %.80q\nlibrary %d messages, %s, %.80q",
				said, most, len(ours.messages), ours.end, ours.said, len(theirs.messages), theirs.end, theirs.said)
		}
		ends[ours.end]++
	}
	r := rand.New(rand.NewPCG(seed, 0))
	for range 3000 {
		check(anyFrames(r), []int{1, 3, 64, 5000}[r.IntN(4)])
	}
	for _, c := range rawFrames {
		check([]byte(c.raw), 1)
	}
	t.Log(ends)
	for _, end := range []string{"broke off", "closed", "too long", "unlawful"} {
		if ends[end] < 20 {
			t.Errorf("only %d ended with %s", ends[end], end)
		}
	}
}

// TestWhatHasBegunHasToEnd: once a byte of a frame has come the rest of it has a
// deadline, which is for all of it; and none is left when it has come.
func TestWhatHasBegunHasToEnd(t *testing.T) {
	whole := maskedFrame(0x89, "here")
	for name, said := range map[string]string{
		"a byte": whole[:1], "half a head": whole[:4], "a head": whole[:6], "half a payload": whole[:8],
		"a part": maskedFrame(0x01, "{"), "a part and a ping": maskedFrame(0x01, "{") + whole, "a ping and a byte": whole + whole[:1],
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				here, there := net.Pipe()
				defer there.Close()
				k := newSocket(&liveEndpoint{poller: newPoller()}, here, "")
				go io.Copy(io.Discard, there)
				go func() {
					there.Write([]byte(whole[:3]))
					there.Write([]byte(whole[3:]))
					fakeTime(time.Hour) // which an idle connection may last
					there.Write([]byte(said))
				}()
				if err := k.readFrames(nil); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				if err := k.readFrames(nil); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("it ended with %v", err)
				}
				if took := time.Since(began); took != time.Hour+messageWithin {
					t.Errorf("it took %v", took)
				}
				here.Close()
			})
		})
	}
}

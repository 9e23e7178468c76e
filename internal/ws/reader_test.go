package ws

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

	"github.com/matchfloor/matchfloor/internal/ws/wstest"
)

// A recording is a connection whose input is known, and arrives in pieces of random
// size.
type recording struct {
	net.Conn // nil: no other method is called
	input    []byte
	maxRead  int // bytes per read, at most
	output   bytes.Buffer
}

func (c *recording) Read(p []byte) (int, error) {
	if len(c.input) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.input[:min(len(c.input), 1+rand.IntN(c.maxRead))])
	c.input = c.input[n:]
	return n, nil
}

func (c *recording) Write(p []byte) (int, error)      { return c.output.Write(p) }
func (c *recording) Close() error                     { return nil }
func (c *recording) SetDeadline(time.Time) error      { return nil }
func (c *recording) SetReadDeadline(time.Time) error  { return nil }
func (c *recording) SetWriteDeadline(time.Time) error { return nil }

// hijacked is a response whose connection is a recording.
type hijacked struct {
	*httptest.ResponseRecorder
	conn *recording
}

func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(nil), bufio.NewWriter(nil)), nil
}

// A result is what reading a recording had as a consequence: its messages, each after
// the digit of its opcode, what was written, and why reading ended.
type result struct {
	messages []string
	output   string
	end      string
}

// readWithGorilla reads input with gorilla/websocket.
func readWithGorilla(t *testing.T, input []byte, maxRead int) (h result) {
	t.Helper()
	c := &recording{input: input, maxRead: maxRead}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for name, value := range map[string]string{"Connection": "upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="} {
		r.Header.Set(name, value)
	}
	conn, err := new(websocket.Upgrader).Upgrade(hijacked{httptest.NewRecorder(), c}, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(int64(testConfig.MaxMessage))
	c.output.Reset()
	for {
		kind, text, err := conn.ReadMessage()
		if err == nil {
			h.messages = append(h.messages, string(rune('0'+kind))+string(text))
			continue
		}
		closeErr, closed := errors.AsType[*websocket.CloseError](err)
		switch {
		case closed && closeErr.Code == websocket.CloseAbnormalClosure, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			h.end = "cut off"
		case closed:
			h.end = "closed"
		case errors.Is(err, websocket.ErrReadLimit):
			h.end = "too big"
		default:
			h.end = "protocol error"
		}
		h.output = c.output.String()
		return h
	}
}

// readWithOurs reads input with a frameReader.
func readWithOurs(input []byte, maxRead int) (h result) {
	c := &recording{input: input, maxRead: maxRead}
	r := newConn(c, &recorder{}).attach(new(frameReader))
	for {
		complete, err := r.readFrame()
		if complete {
			h.messages = append(h.messages, string(rune('0'+r.opcode))+string(r.payload))
			r.payload, r.opcode, r.wireBytes = r.payload[:0], opContinuation, 0
		}
		breach := protocolError("")
		switch {
		case err == nil:
			continue
		case errors.Is(err, io.EOF):
			h.end = "cut off"
		case errors.Is(err, errPeerClosed):
			h.end = "closed"
		case errors.Is(err, errMessageTooBig):
			h.end = "too big"
		case errors.As(err, &breach):
			h.end = "protocol error"
		default:
			h.end = err.Error()
		}
		h.output = c.output.String()
		return h
	}
}

// randomFrames returns the bytes of some frames. Most are valid; one in four inputs is
// cut off.
func randomFrames(r *rand.Rand) (all []byte) {
	for range 1 + r.IntN(8) {
		first := []byte{0x81, 0x81, 0x81, 0x01, 0x00, 0x80, 0x80, 0x82, 0x89, 0x8a, 0x88}[r.IntN(11)]
		size := []int{0, 1, 2, 20, 125, 126, 300, 5000, testConfig.MaxMessage, testConfig.MaxMessage + 1}[min(r.IntN(14), 9)]
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
		if first == 0x88 && size == 1 {
			size, payload = 0, nil // gorilla/websocket accepts half a code
		}
		if first == 0x88 && size > 1 {
			payload[0], payload[1] = 3, byte(0xe6+r.IntN(12))
		}
		frame := []byte(wstest.MaskedFrame(first, string(payload)))
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

// gorillaAccepts names the input in which a frameReader is stricter than gorilla/websocket.
// TestConformance has a case for each.
var gorillaAccepts = []string{"close code of one byte", "length of 64 bits", "length of 125 in 16 bits", "length of 65535 in 64 bits"}

// TestFrameReader_AgreesWithGorilla: for random input in random pieces, a frameReader
// returns the messages, errors and answers of gorilla/websocket.
func TestFrameReader_AgreesWithGorilla(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	ends := map[string]int{}
	check := func(input []byte, maxRead int) {
		theirs, ours := readWithGorilla(t, input, maxRead), readWithOurs(input, maxRead)
		if theirs.end == "protocol error" || theirs.end == "too big" {
			// A Conn writes this close frame when reading has ended, gorilla while it reads.
			theirs.output, _, _ = strings.Cut(theirs.output, "\x88")
			ours.output, _, _ = strings.Cut(ours.output, "\x88")
		}
		if !slices.Equal(theirs.messages, ours.messages) || theirs.end != ours.end || theirs.output != ours.output {
			t.Fatalf("%.200q in pieces up to %d:\nours    %d messages, %s, %.80q\ngorilla %d messages, %s, %.80q",
				input, maxRead, len(ours.messages), ours.end, ours.output, len(theirs.messages), theirs.end, theirs.output)
		}
		ends[ours.end]++
	}
	r := rand.New(rand.NewPCG(seed, 0))
	for range 3000 {
		check(randomFrames(r), []int{1, 3, 64, 5000}[r.IntN(4)])
	}
	for _, c := range wstest.RawFrames(testConfig.MaxMessage) {
		if !slices.Contains(gorillaAccepts, c.Name) {
			check([]byte(c.Raw), 1)
		}
	}
	t.Log(ends)
	for _, end := range []string{"cut off", "closed", "too big", "protocol error"} {
		if ends[end] < 20 {
			t.Errorf("only %d inputs ended with %q", ends[end], end)
		}
	}
}

// TestFrameReader_IncompleteInputTimesOut: the first byte of a frame or message starts a
// deadline for all of it, and the last byte removes it.
func TestFrameReader_IncompleteInputTimesOut(t *testing.T) {
	whole := wstest.MaskedFrame(0x89, "here")
	for name, input := range map[string]string{
		"a byte": whole[:1], "half a header": whole[:4], "a header": whole[:6], "half a payload": whole[:8],
		"a fragment": wstest.MaskedFrame(0x01, "{"), "a fragment and a ping": wstest.MaskedFrame(0x01, "{") + whole, "a ping and a byte": whole + whole[:1],
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				here, there := net.Pipe()
				defer there.Close()
				conn := newConn(here, &recorder{})
				go io.Copy(io.Discard, there)
				go func() {
					there.Write([]byte(whole[:3]))
					there.Write([]byte(whole[3:]))
					time.Sleep(time.Hour) // no deadline applies to an idle connection
					there.Write([]byte(input))
				}()
				if err := conn.readOnce(); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				if err := conn.readOnce(); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("reading ended with %v", err)
				}
				if took := time.Since(began); took != time.Hour+messageTimeout {
					t.Errorf("reading took %v", took)
				}
				here.Close()
			})
		})
	}
}

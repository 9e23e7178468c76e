package ws

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/internal/ws/wstest"
)

// TestNextShortText_AgreesWithReadFrame: for random input, cut off anywhere, a short text
// is the frame that readFrame returns, and other input is left unchanged.
func TestNextShortText_AgreesWithReadFrame(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	acks := 0
	// A longer frame whose extended length and mask end where a short text has its payload.
	long := []byte("\x81\xfe\x00\x7e\x00\x00" + `{"ack":{"seq":1}}` + strings.Repeat(" ", 200))
	unmask(long[6:], [4]byte(long[2:6]), 0)
	if size := (&frameReader{config: &testConfig}).nextShortText(long); size > 0 {
		t.Errorf("%d bytes of a longer frame are a short text", size)
	}
	for range 2000 {
		input := randomFrames(r)
		if r.IntN(2) == 0 {
			ack := []byte(wstest.MaskedFrame(0x81, fmt.Sprintf(`{"ack":{"seq":%d}}`, r.Uint32())))
			mask := [4]byte{byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), 1}
			copy(ack[2:], mask[:])
			unmask(ack[6:], mask, 0)
			if r.IntN(4) == 0 {
				ack[r.IntN(2)] ^= 1 << r.IntN(8)
			}
			input = append(ack, input...)[:r.IntN(len(ack)+len(input)+1)]
		}
		fast := &frameReader{config: &testConfig}
		size := fast.nextShortText(input[:min(len(input), readBufferSize)])
		if size == 0 {
			if len(fast.payload) > 0 {
				t.Fatalf("%.40q is no short text, and left %q", input, fast.payload)
			}
			continue
		}
		acks++
		slow := newConn(&recording{input: input[:size], maxRead: size}, &recorder{}).attach(new(frameReader))
		if complete, err := slow.readFrame(); !complete || err != nil || slow.opcode != websocket.TextMessage || string(slow.payload) != string(fast.payload) {
			t.Fatalf("%.40q: %q, but readFrame returns %q, %v", input, fast.payload, slow.payload, err)
		}
		if _, err := slow.readFrame(); err != io.EOF {
			t.Fatalf("%.40q is more than a frame: %v", input, err)
		}
	}
	if acks < 100 {
		t.Errorf("only %d acks", acks)
	}
}

// TestReadShortTexts_LeavesOtherInput: one read passes on the short texts at the beginning
// of the input, leaves the rest in the buffer, and reports whether there is a rest.
func TestReadShortTexts_LeavesOtherInput(t *testing.T) {
	ack, ping := wstest.MaskedFrame(0x81, `{"ack":{"seq":1}}`), wstest.MaskedFrame(0x89, "")
	for name, c := range map[string]struct {
		input string
		acks  int
		left  int // bytes left in the buffer
		idle  bool
	}{
		"no input":            {input: "", idle: true},
		"an ack":              {input: ack, acks: 1, idle: true},
		"acks":                {input: ack + ack + ack, acks: 3, idle: true},
		"half an ack":         {input: ack[:9], left: 9},
		"an ack and a half":   {input: ack + ack[:9], acks: 1, left: 9},
		"a ping":              {input: ping, left: len(ping)},
		"a ping after an ack": {input: ack + ping, acks: 1, left: len(ping)},
	} {
		for _, closing := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, closing %t", name, closing), func(t *testing.T) {
				h := &recorder{}
				conn, client := tcpConn(t, workingPoller(t), h)
				defer conn.teardown()
				if conn.closing.Store(closing); closing {
					c.acks = 0 // texts are dropped
				}
				if _, err := io.WriteString(client, c.input); err != nil {
					t.Fatal(err)
				}
				eventually(t, "the input has arrived", func() bool { return peek(conn) == len(c.input) })
				r := conn.attach(new(frameReader))
				if idle := r.readShortTexts(); idle != c.idle || r.end-r.start != c.left {
					t.Errorf("idle: %t, with %d bytes left", idle, r.end-r.start)
				}
				if want := slices.Repeat([]string{`{"ack":{"seq":1}}`}, c.acks); !slices.Equal(h.short, want) || len(h.messages) > 0 {
					t.Errorf("passed on: %q and %q, want %q", h.short, h.messages, want)
				}
				client.Close()
				eventually(t, "the end has arrived", func() bool { return !conn.attach(new(frameReader)).readShortTexts() })
			})
		}
	}
}

// peek returns how many bytes can be read without blocking.
func peek(conn *Conn) int {
	n, _, err := syscall.Recvfrom(int(conn.fd), make([]byte, readBufferSize), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	if err != nil {
		return 0
	}
	return n
}

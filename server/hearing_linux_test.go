package server

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// TestAnAckIsHeardAsAnyFrame: what is taken for an ack is what reading frame by frame
// takes it for, whatever comes, and in whatever part; all else is left alone.
func TestAnAckIsHeardAsAnyFrame(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	acks := 0
	// A longer frame, whose head reads like an ack where a short one has its payload.
	long := []byte("\x81\xfe\x00\x7e\x00\x00" + `{"ack":{"seq":1}}` + strings.Repeat(" ", 200))
	unmask(long[6:], [4]byte(long[2:6]), 0)
	if size := new(incoming).ack(long); size > 0 {
		t.Errorf("%d bytes of a longer frame are an ack", size)
	}
	for range 2000 {
		said := anyFrames(r)
		if r.IntN(2) == 0 {
			ack := []byte(maskedFrame(0x81, fmt.Sprintf(`{"ack":{"seq":%d}}`, r.Uint32())))
			mask := [4]byte{byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), 1}
			copy(ack[2:], mask[:])
			unmask(ack[6:], mask, 0)
			if r.IntN(4) == 0 {
				ack[r.IntN(2)] ^= 1 << r.IntN(8)
			}
			said = append(ack, said...)[:r.IntN(len(ack)+len(said)+1)]
		}
		come := said[:min(len(said), inBuffer)]
		in := &incoming{}
		size := in.ack(come)
		if size == 0 {
			if len(in.text) > 0 {
				t.Fatalf("%.40q is no ack, and left %q", said, in.text)
			}
			continue
		}
		acks++
		whole := &incoming{socket: newSocket(&liveEndpoint{poller: newPoller()}, &tape{said: said[:size], most: size}, "")}
		if ok, err := whole.frame(); !ok || err != nil || whole.kind != websocket.TextMessage || string(whole.text) != string(in.text) {
			t.Fatalf("%.40q: %q, but by the frame %q, %v", said, in.text, whole.text, err)
		}
		if _, err := whole.frame(); err != io.EOF {
			t.Fatalf("%.40q is more than a frame: %v", said, err)
		}
	}
	if acks < 100 {
		t.Errorf("only %d acks", acks)
	}
}

// acknowledges has a phone that says nothing but acks take n changes, more than may
// be outstanding, and answers for how long that took.
func (w *world) acknowledges(p *phone, seq uint64, n int) time.Duration {
	w.t.Helper()
	began := time.Now()
	for i := range n {
		w.order(event, floor.Announce{Text: floor.Text{En: fmt.Sprintf("news %d", i)}, Minutes: 1})
		var patch wire.Patch
		if err := json.Unmarshal(p.until("patch"), &patch); err != nil {
			w.t.Fatal(err)
		}
		if patch.To.Seq <= seq {
			w.t.Fatalf("a patch to %d after %d", patch.To.Seq, seq)
		}
		seq = patch.To.Seq
		p.send(fmt.Sprintf(`{"ack":{"seq":%d}}`, seq))
	}
	return time.Since(began)
}

// TestWhoHasToWaitHoldsUpNobody: clients that stop in the middle of a message, and that
// were told to go and do not, have goroutines of their own to wait for them, while the
// acks of others are heard.
func TestWhoHasToWaitHoldsUpNobody(t *testing.T) {
	w := newWorld(t, false, func(o *Options) { o.MaxLinkSockets = 60 })
	w.calmTime()
	p := w.dial(event, w.people[floor.RoleAttendee])
	seq := p.hello().At.Seq
	ack := maskedFrame(0x81, `{"ack":{"seq":1}}`)
	const each = 10
	for _, says := range []string{
		ack[:1], ack[:7], // no more of it comes
		ack + ack[:9],
		maskedFrame(0x01, `{"ack":`),
		maskedFrame(0x83, ""), // against the protocol: it lingers
	} {
		for range each {
			other := w.dial(event, w.people[floor.RoleAttendee])
			other.hello()
			other.conn.SetCloseHandler(func(int, string) error { return nil })
			if _, err := io.WriteString(other.conn.NetConn(), says); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.eventually("they are waited for", func() bool { return stacks(t, "server.(*socket).serve") == 5*each })
	took := w.acknowledges(p, seq, 3*wire.MaxUnackFrames)
	if took > closePatience {
		t.Errorf("it took %v", took)
	}
	if n := stacks(t, "server.(*socket).serve"); n < 4*each {
		t.Errorf("only %d were still waited for", n)
	}
}

// TestHearingNeverWaits: the poller reads once, takes acks, and keeps the connection
// only where nothing else has come.
func TestHearingNeverWaits(t *testing.T) {
	w := newWorld(t, false, nil)
	ack, ping := maskedFrame(0x81, `{"ack":{"seq":1}}`), maskedFrame(0x89, "")
	for name, c := range map[string]struct {
		said  string
		left  int // bytes that are for a goroutine
		rests bool
	}{
		"nothing":              {said: "", rests: true},
		"an ack":               {said: ack, rests: true},
		"acks":                 {said: ack + ack + ack, rests: true},
		"half an ack":          {said: ack[:9], left: 9},
		"an ack and a half":    {said: ack + ack[:9], left: 9},
		"a ping":               {said: ping, left: len(ping)},
		"a ping behind an ack": {said: ack + ping, left: len(ping)},
	} {
		for _, closing := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, closing %t", name, closing), func(t *testing.T) {
				k, client := tcpSocket(t, w.server.live.poller)
				defer k.leave()
				if k.closing.Store(closing); !closing { // otherwise nothing is passed on
					k.signedIn.Session = w.attach(k)
					defer k.signedIn.Session.Detach()
				}
				if _, err := io.WriteString(client, c.said); err != nil {
					t.Fatal(err)
				}
				w.eventually("it has come", func() bool { return peek(k) == len(c.said) })
				in := &incoming{socket: k}
				if rests := in.acks(); rests != c.rests || in.to-in.from != c.left {
					t.Errorf("rests: %t, with %d bytes left", rests, in.to-in.from)
				}
				client.Close()
				w.eventually("the end has come", func() bool { return !(&incoming{socket: k}).acks() })
			})
		}
	}
}

// peek answers how many bytes can be read at once.
func peek(k *socket) int {
	n, _, err := syscall.Recvfrom(k.fd, make([]byte, inBuffer), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	if err != nil {
		return 0
	}
	return n
}

package hub_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/hub/session"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// phone is a client on a transport without a socket. It applies frames, checks each view against
// the oracle, and acknowledges at once unless it is mute.
type phone struct {
	t      *testing.T
	hub    *hub.Hub
	oracle *oracle
	who    session.Credential

	mu          sync.Mutex
	session     *session.Session
	mute        bool
	hidden      bool
	have        journal.Position
	subjects    string
	cards       wire.Cards
	frames      []wire.ServerFrame
	raw         []string
	times       []time.Time
	closed      wire.CloseCode
	stall       chan struct{} // not nil: Write blocks until it is closed
	aborted     chan struct{}
	holdFetch   chan struct{} // not nil: a fetched snapshot arrives when it is closed
	heldPatches []wire.Patch  // while a snapshot is fetched
	fetching    bool
	tries       int // calls of TryWrite
}

func newPhone(t *testing.T, h *hub.Hub, o *oracle, who floor.ActorID) *phone {
	return &phone{t: t, hub: h, oracle: o, who: credential(who), aborted: make(chan struct{}), cards: make(wire.Cards)}
}

// dial attaches a phone and says hello with what it holds.
func dial(t *testing.T, h *hub.Hub, o *oracle, who floor.ActorID) *phone {
	t.Helper()
	p := newPhone(t, h, o, who)
	p.connect(h)
	return p
}

// connect begins a new session, as after a loss of connection.
func (p *phone) connect(h *hub.Hub) {
	p.t.Helper()
	p.connectVia(h, p)
}

// connectVia connects through a transport that wraps the phone.
func (p *phone) connectVia(h *hub.Hub, transport session.Transport) {
	p.t.Helper()
	p.attach(h, transport)
	hello := &wire.Hello{Version: wire.Version}
	if p.have.Epoch != 0 {
		have := p.have
		hello.Have, hello.Subjects = &have, p.subjects
	}
	p.session.Handle(wire.ClientFrame{Hello: hello})
	synctest.Wait()
}

func (p *phone) attach(h *hub.Hub, transport session.Transport) {
	p.t.Helper()
	synctest.Wait() // for a write of the session before
	s, err := h.Attach(p.t.Context(), cmp.Or(p.oracle.log, demo), p.who, transport)
	if err != nil {
		p.t.Fatalf("attach %s: %v", p.who.Actor, err)
	}
	p.mu.Lock()
	p.hub, p.session, p.closed, p.frames, p.raw, p.times = h, s, 0, nil, nil, nil
	p.mu.Unlock()
	p.t.Cleanup(s.Detach)
}

// Write implements session.Transport.
func (p *phone) Write(frame []byte, deadline time.Time) error {
	p.mu.Lock()
	stall := p.stall
	p.mu.Unlock()
	if stall != nil {
		select {
		case <-stall:
		case <-p.aborted:
			return errors.New("cut")
		case <-time.After(time.Until(deadline)):
			return errors.New("deadline")
		}
	}
	f, err := wire.DecodeServer(frame)
	if err != nil {
		p.t.Errorf("frame %s: %v", frame, err)
	}
	p.mu.Lock()
	p.frames = append(p.frames, f)
	p.raw = append(p.raw, string(frame))
	p.times = append(p.times, time.Now())
	p.mu.Unlock()
	p.handle(f)
	return nil
}

// Close implements session.Transport.
func (p *phone) Close(code wire.CloseCode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed != 0 {
		p.t.Errorf("%s closed twice: %d, then %d", p.who.Actor, p.closed, code)
	}
	p.closed = code
}

// Abort implements session.Transport.
func (p *phone) Abort() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.aborted:
	default:
		close(p.aborted)
	}
}

func (p *phone) handle(f wire.ServerFrame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case f.Hello != nil:
		p.subjects = f.Hello.Subjects
	case f.Snapshot != nil && f.Snapshot.Get != "":
		p.fetching = true
		go p.fetch(*f.Snapshot)
	case f.Snapshot != nil:
		p.have, p.cards = f.Snapshot.At, f.Snapshot.Cards
		p.checkView()
	case f.Patch != nil && p.fetching:
		p.heldPatches = append(p.heldPatches, *f.Patch)
	case f.Patch != nil:
		p.apply(*f.Patch)
	}
}

func (p *phone) apply(patch wire.Patch) {
	switch {
	case patch.To.Seq <= p.have.Seq:
		p.ack()
		return
	case p.have.Seq < patch.From:
		p.t.Errorf("%s at %d was sent a patch from %d", p.who.Actor, p.have.Seq, patch.From)
		return
	}
	for key, card := range patch.Set {
		p.cards[key] = card
	}
	for _, key := range patch.Drop {
		if _, ok := p.cards[key]; !ok {
			p.t.Errorf("%s was sent a drop of %s, which it never had", p.who.Actor, key)
		}
		delete(p.cards, key)
	}
	p.have = patch.To
	p.checkView()
}

// checkView checks the view at a new position.
func (p *phone) checkView() {
	if p.oracle.disabled {
		p.ack()
		return
	}
	if want := p.oracle.digest(p.t, p.have, p.who.Actor); wire.Digest(p.cards) != want {
		p.t.Errorf("%s at %v does not show the log's view", p.who.Actor, p.have)
	}
	p.ack()
}

func (p *phone) ack() {
	if !p.mute {
		attached, seq := p.session, p.have.Seq
		attached.Handle(wire.ClientFrame{Ack: &wire.Ack{Seq: seq}})
	}
}

func (p *phone) fetch(s wire.Snapshot) {
	picture, err := p.hub.View(p.t.Context(), demo, p.who, s.At.Seq)
	if err != nil {
		p.t.Errorf("fetch: %v", err)
		return
	}
	if p.holdFetch != nil {
		<-p.holdFetch
	}
	zipped, err := gzip.NewReader(bytes.NewReader(picture.Gzip()))
	if err != nil {
		p.t.Error(err)
		return
	}
	body, err := io.ReadAll(zipped)
	if err != nil || !bytes.Equal(body, picture.Body) {
		p.t.Errorf("the compressed body differs: %v", err)
	}
	got, err := wire.DecodeSnapshot(body)
	if err != nil || wire.Digest(got.Cards) != picture.Digest {
		p.t.Errorf("the fetched view does not match its digest: %v", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.have, p.cards, p.fetching = got.At, got.Cards, false
	held := p.heldPatches
	p.heldPatches = nil
	p.checkView()
	for _, patch := range held {
		p.apply(patch)
	}
}

// kinds names the frames since the last connect, in order.
func (p *phone) kinds() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var names []string
	for _, f := range p.frames {
		names = append(names, kindOf(f))
	}
	return strings.Join(names, " ")
}

func kindOf(f wire.ServerFrame) string {
	switch {
	case f.Hello != nil:
		return "hello"
	case f.Snapshot != nil:
		return "snapshot"
	case f.Patch != nil:
		return "patch"
	case f.Pong != nil:
		return "pong"
	case f.Live != nil:
		return "live"
	case f.Accepted != nil:
		return "accepted"
	case f.Rejected != nil:
		return "rejected"
	}
	return "error"
}

// setMute makes the phone acknowledge nothing, or everything again.
func (p *phone) setMute(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = on
}

// clear drops the frames received so far.
func (p *phone) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frames, p.raw, p.times = nil, nil, nil
}

// verdict returns the verdict on a command, and how many there were.
func (p *phone) verdict(id string) (accepted *wire.Accepted, rejected *wire.Rejected, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.frames {
		if f.Accepted != nil && f.Accepted.ID == id {
			accepted = f.Accepted
			n++
		}
		if f.Rejected != nil && f.Rejected.ID == id {
			rejected = f.Rejected
			n++
		}
	}
	return accepted, rejected, n
}

// send sends a command through the session.
func (p *phone) send(id string, body floor.Command, with ...func(*wire.Command)) {
	c := wire.Command{ID: id, Body: body}
	for _, w := range with {
		w(&c)
	}
	p.session.Handle(wire.ClientFrame{Command: &c})
}

// lastFrame returns the last frame of a kind.
func (p *phone) lastFrame(kind string) (found wire.ServerFrame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range slices.Backward(p.frames) {
		if kindOf(f) == kind {
			return f
		}
	}
	p.t.Errorf("%s was sent no %s", p.who.Actor, kind)
	return wire.ServerFrame{}
}

func (p *phone) position() journal.Position {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.have
}

func (p *phone) closeCode() wire.CloseCode {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// sync pings and waits, so that the phone reaches its node's position.
func (p *phone) sync() {
	p.session.Handle(wire.ClientFrame{Ping: &wire.Ping{N: 1, Ack: p.position().Seq}})
	synctest.Wait()
}

// TryWrite implements session.NonblockingTransport. A phone that stalls takes nothing, and every
// third frame is left to Write, so that every test uses both ways.
func (p *phone) TryWrite(frame []byte) (taken bool, err error) {
	p.mu.Lock()
	p.tries++
	wait := p.stall != nil || p.tries%3 == 0
	p.mu.Unlock()
	if wait {
		return false, nil
	}
	return true, p.Write(frame, time.Time{})
}

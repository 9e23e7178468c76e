package hub_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/hub/session"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const demo journal.LogID = "demo"

// forum is a small floor: four tables in two zones, three rounds from an hour
// after start on, six companies of two.
func forum(start time.Time) floor.Forum {
	at := floor.Instant(start.UnixMilli())
	f := floor.Forum{Event: floor.Event{ID: "demo", Name: floor.Text{En: "Forum"}, TimeZone: "Asia/Seoul", GraceMin: 5, EscalateMin: 2}}
	for _, z := range []floor.ZoneID{"A", "B"} {
		f.Zones = append(f.Zones, floor.Zone{ID: z, Name: floor.Text{En: "Zone " + string(z)}})
	}
	for i := range 4 {
		f.Tables = append(f.Tables, floor.Table{
			ID: floor.TableID(fmt.Sprintf("T%d", i+1)), Label: fmt.Sprintf("%02d", i+1), Zone: f.Zones[i/2].ID, Capacity: 6,
		})
	}
	for i := range 3 {
		begin := at + 60*floor.Minute + floor.Instant(i)*30*floor.Minute
		plan := floor.Span{Start: begin, End: begin + 25*floor.Minute}
		f.Rounds = append(f.Rounds, floor.Round{
			ID: floor.RoundID(fmt.Sprintf("R%d", i+1)), No: i + 1, Slot: floor.Slot{Plan: plan, Now: plan, State: floor.StatePlanned},
		})
	}
	for i := range 6 {
		c := floor.CompanyID(fmt.Sprintf("c%d", i))
		f.Companies = append(f.Companies, floor.Company{
			ID: c, Name: floor.Text{En: "Firm " + string(c)}, Country: "KR", Languages: []floor.Lang{"ko"},
		})
		for _, p := range []string{"a", "b"} {
			f.Attendees = append(f.Attendees, floor.Attendee{ID: floor.AttendeeID(string(c) + p), Company: c, Name: floor.Text{En: "Person " + string(c) + p}})
		}
	}
	f.Interpreters = []floor.Interpreter{{ID: "i0", Name: floor.Text{En: "Interpreter"}, Pairs: []floor.Pair{"ko-zh"}}}
	f.Staff = []floor.Staff{
		{ID: "lead", Name: floor.Text{En: "Lead"}, Role: floor.RoleModerator, Lead: true},
		{ID: "mod", Name: floor.Text{En: "Moderator"}, Role: floor.RoleModerator, Zones: []floor.ZoneID{"A"}},
	}
	f.Displays = []floor.Display{{ID: "d0", Name: "Wall", Zones: []floor.ZoneID{"A", "B"}, Languages: []floor.Lang{"ko"}}}
	for i := range 3 { // c0–c3 at T1, c1–c4 at T2, c2–c5 at T3, all in R1
		f.Meetings = append(f.Meetings, floor.Meeting{
			ID: floor.MeetingID(fmt.Sprintf("m%d", i)), Place: floor.Place{Round: "R1", Table: floor.TableID(fmt.Sprintf("T%d", i+1))},
			Host: floor.Party{Company: f.Companies[i].ID}, Guest: floor.Party{Company: f.Companies[i+3].ID},
		})
	}
	return f
}

// bubble runs a test on fake time.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

func newMemory() *journal.Memory { return journal.NewMemory(time.Now) }

// newHub answers a hub on a journal, closed with the test.
func newHub(t *testing.T, j journal.Journal, s journal.Snapshots, change ...func(*hub.Options)) *hub.Hub {
	t.Helper()
	o := hub.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	for _, c := range change {
		c(&o)
	}
	h := hub.New(j, s, o)
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	return h
}

// open imports and releases the forum, and answers how far the log is.
func open(t *testing.T, h *hub.Hub) uint64 {
	t.Helper()
	give(t, h, demo, "operator:cli", "import", floor.ImportForum{Forum: forum(time.Now())})
	return give(t, h, demo, "operator:cli", "release", floor.ReleaseSchedule{})
}

// give submits an order that must be accepted.
func give(t *testing.T, h *hub.Hub, log journal.LogID, by floor.ActorID, id string, c floor.Command) uint64 {
	t.Helper()
	a, err := try(h, log, by, id, c)
	if err != nil {
		t.Fatalf("%s by %s: %v", id, by, err)
	}
	return a.Seq
}

func try(h *hub.Hub, log journal.LogID, by floor.ActorID, id string, c floor.Command) (hub.Result, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return h.Submit(ctx, log, floor.Envelope{Key: floor.CommandKey(string(by.Link()) + "/" + id), By: by, Unconditional: true, Command: c})
}

// code answers the code of a refusal.
func code(err error) string {
	var p *wire.Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return fmt.Sprint(err)
}

// oracle folds a log by itself: what every view has to be.
type oracle struct {
	mem   journal.Journal
	log   journal.LogID // "" is demo
	blind bool          // checks nothing: the log's past will be another

	mu     sync.Mutex
	states []floor.State
	epoch  uint64
}

func (o *oracle) at(t *testing.T, p journal.Position) floor.State {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.epoch != p.Epoch {
		o.states, o.epoch = []floor.State{floor.New()}, p.Epoch
	}
	for uint64(len(o.states)) <= p.Seq {
		page, err := o.mem.Read(context.Background(), cmp.Or(o.log, demo), uint64(len(o.states)-1), journal.MaxPage)
		if err != nil || len(page.Records) == 0 {
			t.Errorf("the log does not hold %v: %v", p, err)
			return floor.New()
		}
		for _, r := range page.Records {
			record, err := floor.DecodeRecord(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			next, _ := o.states[len(o.states)-1].Apply(record)
			o.states = append(o.states, next)
		}
	}
	return o.states[p.Seq]
}

func (o *oracle) digest(t *testing.T, p journal.Position, who floor.ActorID) string {
	state := o.at(t, p)
	cards := make(wire.Cards)
	for key, card := range state.View(state.Subjects(who)...) {
		cards[key] = wire.EncodeCard(card)
	}
	return wire.Digest(cards)
}

// phone is a client on an outlet without a socket: it folds, checks each view
// against the oracle, and acknowledges at once unless it is mute.
type phone struct {
	t      *testing.T
	hub    *hub.Hub
	oracle *oracle
	who    session.Credential

	mu       sync.Mutex
	session  *session.Session
	mute     bool
	hidden   bool
	have     journal.Position
	subjects string
	cards    wire.Cards
	frames   []wire.ServerFrame
	raw      []string
	times    []time.Time
	closed   wire.CloseCode
	stall    chan struct{} // not nil: Write blocks until it is closed
	cut      chan struct{}
	slow     chan struct{} // not nil: what was fetched arrives when it is closed
	held     []wire.Patch  // while a snapshot is fetched
	fetching bool
	quick    int // frames that were to be taken at once
}

func credential(who floor.ActorID) session.Credential {
	return session.Credential{Who: who, Link: who.Link(), Generation: 1}
}

func newPhone(t *testing.T, h *hub.Hub, o *oracle, who floor.ActorID) *phone {
	return &phone{t: t, hub: h, oracle: o, who: credential(who), cut: make(chan struct{}), cards: make(wire.Cards)}
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
	p.attachBy(h, p)
}

// attachBy connects through an outlet around the phone's own.
func (p *phone) attachBy(h *hub.Hub, outlet session.Transport) {
	p.t.Helper()
	p.attach(h, outlet)
	hello := &wire.Hello{Version: wire.Version}
	if p.have.Epoch != 0 {
		have := p.have
		hello.Have, hello.Subjects = &have, p.subjects
	}
	p.session.Handle(wire.ClientFrame{Hello: hello})
	synctest.Wait()
}

func (p *phone) attach(h *hub.Hub, outlet session.Transport) {
	p.t.Helper()
	synctest.Wait() // for a write of the session before
	s, err := h.Attach(p.t.Context(), cmp.Or(p.oracle.log, demo), p.who, outlet)
	if err != nil {
		p.t.Fatalf("attach %s: %v", p.who.Who, err)
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
		case <-p.cut:
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
	p.take(f)
	return nil
}

// Close implements session.Transport.
func (p *phone) Close(code wire.CloseCode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed != 0 {
		p.t.Errorf("%s closed twice: %d, then %d", p.who.Who, p.closed, code)
	}
	p.closed = code
}

// Abort implements session.Transport.
func (p *phone) Abort() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.cut:
	default:
		close(p.cut)
	}
}

func (p *phone) take(f wire.ServerFrame) {
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
		p.moved()
	case f.Patch != nil && p.fetching:
		p.held = append(p.held, *f.Patch)
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
		p.t.Errorf("%s at %d was sent a patch from %d", p.who.Who, p.have.Seq, patch.From)
		return
	}
	for key, card := range patch.Set {
		p.cards[key] = card
	}
	for _, key := range patch.Drop {
		if _, ok := p.cards[key]; !ok {
			p.t.Errorf("%s is told to drop %s, which it never had", p.who.Who, key)
		}
		delete(p.cards, key)
	}
	p.have = patch.To
	p.moved()
}

// moved checks the view at a new position.
func (p *phone) moved() {
	if p.oracle.blind {
		p.ack()
		return
	}
	if want := p.oracle.digest(p.t, p.have, p.who.Who); wire.Digest(p.cards) != want {
		p.t.Errorf("%s at %v sees another view than the log's", p.who.Who, p.have)
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
	if p.slow != nil {
		<-p.slow
	}
	zipped, err := gzip.NewReader(bytes.NewReader(picture.Gzip()))
	if err != nil {
		p.t.Error(err)
		return
	}
	body, err := io.ReadAll(zipped)
	if err != nil || !bytes.Equal(body, picture.Body) {
		p.t.Errorf("the zipped body is another: %v", err)
	}
	got, err := wire.DecodeSnapshot(body)
	if err != nil || wire.Digest(got.Cards) != picture.Digest {
		p.t.Errorf("the fetched view does not match its digest: %v", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.have, p.cards, p.fetching = got.At, got.Cards, false
	held := p.held
	p.held = nil
	p.moved()
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

// silence makes the phone acknowledge nothing, or again.
func (p *phone) silence(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = on
}

// clear forgets the frames so far.
func (p *phone) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frames, p.raw, p.times = nil, nil, nil
}

// answer answers the verdict on a command, and how many there were.
func (p *phone) answer(id string) (accepted *wire.Accepted, rejected *wire.Rejected, n int) {
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

// do gives a command on the socket.
func (p *phone) do(id string, body floor.Command, with ...func(*wire.Command)) {
	c := wire.Command{ID: id, Body: body}
	for _, w := range with {
		w(&c)
	}
	p.session.Handle(wire.ClientFrame{Command: &c})
}

func base(seq uint64) func(*wire.Command)     { return func(c *wire.Command) { c.Base = &seq } }
func after(ids ...string) func(*wire.Command) { return func(c *wire.Command) { c.After = ids } }

// last answers the last frame of a kind.
func (p *phone) last(kind string) (found wire.ServerFrame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range slices.Backward(p.frames) {
		if kindOf(f) == kind {
			return f
		}
	}
	p.t.Errorf("%s was sent no %s", p.who.Who, kind)
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

// level pings and waits, so that the phone stands where its node does.
func (p *phone) level() {
	p.session.Handle(wire.ClientFrame{Ping: &wire.Ping{N: 1, Ack: p.position().Seq}})
	synctest.Wait()
}

// announce is a command that everyone sees.
func announce(text string) floor.Announce {
	return floor.Announce{Text: floor.Text{En: text}, Minutes: 200}
}

package hub_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// setup returns a hub with the released forum, and the oracle of its journal.
func setup(t *testing.T, change ...func(*hub.Options)) (*hub.Hub, *oracle, *journal.Memory) {
	t.Helper()
	m := newMemory()
	h := newHub(t, m, m, change...)
	open(t, h)
	return h, &oracle{mem: m}, m
}

func TestHello_FirstVisitGetsASnapshot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		for _, who := range []floor.ActorID{"attendee:c0a", "moderator:lead", "interpreter:i0", "display:d0"} {
			p := dial(t, h, o, who)
			if got := p.kinds(); got != "hello snapshot live" {
				t.Errorf("%s was sent %s", who, got)
			}
			if got := p.lastFrame("hello").Hello.You; got.Who != who || got.Link != who.Link() || got.Name.Empty() {
				t.Errorf("%s is said to be %+v", who, got)
			}
		}
	})
}

func TestResume_SendsThePatchSince(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		p := dial(t, h, o, "attendee:c0a")
		p.session.Detach()
		p.connect(h)
		if got := p.kinds(); got != "hello patch live" {
			t.Errorf("with nothing changed it was sent %s", got)
		}
		if patch := p.lastFrame("patch").Patch; len(patch.Set)+len(patch.Drop) > 0 || patch.To != p.have {
			t.Errorf("with nothing changed the patch is %+v", patch)
		}
		p.session.Detach()
		mustSubmit(t, h, demo, "moderator:lead", "move", floor.MoveMeeting{Meeting: "m0", Table: "T4"})
		p.connect(h)
		if got := p.kinds(); got != "hello patch live" {
			t.Errorf("after a move it was sent %s", got)
		}
		if patch := p.lastFrame("patch").Patch; patch.Set["meeting/m0"] == nil {
			t.Errorf("the patch after a move lacks it: %+v", patch)
		}
	})
}

func TestResume_UnknownPositionGetsASnapshot(t *testing.T) {
	for name, spoil := range map[string]func(*phone){
		"another hash":     func(p *phone) { p.have.Hash[0] ^= 1 },
		"another epoch":    func(p *phone) { p.have.Epoch++ },
		"ahead of the log": func(p *phone) { p.have.Seq += 10 },
		"other subjects":   func(p *phone) { p.subjects = "0000000000000000" },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h, o, _ := setup(t)
				p := dial(t, h, o, "attendee:c0a")
				p.session.Detach()
				spoil(p)
				p.connect(h)
				if got := p.kinds(); got != "hello snapshot live" && got != "hello live snapshot" {
					t.Errorf("it was sent %s", got)
				}
			})
		})
	}
}

func TestResume_OlderThanTheHistoryGetsASnapshot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t, func(o *hub.Options) { o.HistorySize = 4 })
		near, far := dial(t, h, o, "attendee:c0a"), dial(t, h, o, "attendee:c1a")
		far.session.Detach()
		for i := range 6 {
			if i == 4 {
				near.session.Detach()
			}
			mustSubmit(t, h, demo, "moderator:lead", string(rune('a'+i)), announce("hear, hear"))
			synctest.Wait()
		}
		near.connect(h)
		far.connect(h)
		if got := near.kinds(); got != "hello patch live" {
			t.Errorf("within the history: %s", got)
		}
		if got := far.kinds(); got != "hello snapshot live" {
			t.Errorf("older than the history: %s", got)
		}
	})
}

// A client whose cards were not changed for longer than the history reaches is still sent a patch
// of the next change. A client that missed something meanwhile is sent a snapshot.
func TestResume_UnchangedViewOlderThanTheHistoryGetsAPatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t, func(o *hub.Options) { o.HistorySize = 4 })
		calm, mute, early := dial(t, h, o, "attendee:c0a"), dial(t, h, o, "attendee:c1a"), dial(t, h, o, "attendee:c2a")
		mute.setMute(true)
		early.setMute(true)
		swing := func(m floor.MeetingID, n int, away, home floor.TableID) {
			for i := range n {
				mustSubmit(t, h, demo, "moderator:lead", fmt.Sprintf("%s-%d", m, i), floor.MoveMeeting{Meeting: m, Table: []floor.TableID{away, home}[i%2]})
				synctest.Wait()
			}
		}
		swing("m2", 100, "T4", "T3")
		swing("m1", 300, "T4", "T2") // enough for the earlier changes to be pruned
		if got := calm.kinds(); got != "hello snapshot live" {
			t.Fatalf("who has nothing to do with it was sent %s", got)
		}
		mustSubmit(t, h, demo, "moderator:lead", "move", floor.MoveMeeting{Meeting: "m0", Table: "T4"})
		synctest.Wait()
		if got := calm.kinds(); got != "hello snapshot live patch" {
			t.Errorf("300 records later it was sent %s", got)
		}
		for _, p := range []*phone{mute, early} {
			p.setMute(false)
			p.ack()
			synctest.Wait()
			if got := p.kinds(); !strings.HasSuffix(got, " snapshot") {
				t.Errorf("%s, who had missed more than the history holds, was sent %s", p.who.Actor, got)
			}
		}
	})
}

// A node that has read less than the client holds reads the log before it decides.
func TestResume_AheadOfTheNodeReadsTheLogFirst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		a := newHub(t, m, m)
		open(t, a)
		o := &oracle{mem: m}
		late := &switchedJournal{Journal: m}
		b := newHub(t, late, m)
		if _, _, err := b.State(t.Context(), demo); err != nil {
			t.Fatal(err)
		}
		p := dial(t, a, o, "attendee:c0a")
		late.setUnreachable(true)
		mustSubmit(t, a, demo, "moderator:lead", "x", announce("news"))
		synctest.Wait()
		p.session.Detach()
		p.connect(b)
		if got := p.kinds(); got != "hello live" {
			t.Fatalf("while the journal is away it was sent %s", got)
		}
		late.setUnreachable(false)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if got := p.kinds(); strings.Contains(got, "snapshot") || strings.Count(got, "patch") != 1 {
			t.Errorf("after the journal came back it was sent %s", got)
		}
	})
}

// bigForum returns a forum with many more companies, which moderators see.
func bigForum(companies int) floor.Forum {
	f := forum(time.Now())
	for i := range companies {
		f.Companies = append(f.Companies, floor.Company{
			ID: floor.CompanyID(fmt.Sprintf("x%d", i)), Country: "CN", Languages: []floor.Lang{"zh"},
			Name: floor.Text{En: "A firm with a rather long name that fills the view"},
		})
	}
	return f
}

func TestSnapshot_LargeOneIsFetched(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		mustSubmit(t, h, demo, "operator:cli", "import", floor.ImportForum{Forum: bigForum(800)})
		o := &oracle{mem: m}
		p := dial(t, h, o, "moderator:lead")
		s := p.lastFrame("snapshot").Snapshot
		if s.Get != "/api/v1/events/demo/snapshot?as=moderator-lead&seq=1" || len(s.Cards) > 0 {
			t.Fatalf("the snapshot is fetched from %q and has %d cards", s.Get, len(s.Cards))
		}
		mustSubmit(t, h, demo, "moderator:lead", "x", announce("news"))
		synctest.Wait()
		if p.position().Seq != 2 {
			t.Errorf("after the fetch it stands at %v", p.position())
		}
		if n := h.Stats().ViewsEncoded; n != 1 {
			t.Errorf("%d snapshots were encoded, not 1", n)
		}
	})
}

// A fetch may return a later version than the frame has named. A card that changed and changed
// back between the two must not stay as it was meanwhile.
func TestSnapshot_FetchOfALaterPosition(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		mustSubmit(t, h, demo, "operator:cli", "import", floor.ImportForum{Forum: bigForum(800)})
		o := &oracle{mem: m}
		p := newPhone(t, h, o, "moderator:lead")
		p.holdFetch = make(chan struct{})
		stalled := &gatedPhone{phone: p, from: "snapshot", open: make(chan struct{})}
		p.connectVia(h, stalled)
		// The frame names 1. By the time of the fetch the table is closed, and before
		// that has arrived it is open again.
		mustSubmit(t, h, demo, "moderator:lead", "close", floor.CloseTable{Table: "T4", Reason: "leak"})
		close(stalled.open)
		synctest.Wait()
		mustSubmit(t, h, demo, "moderator:lead", "open", floor.OpenTable{Table: "T4"})
		synctest.Wait()
		if strings.Contains(p.kinds(), "patch") || p.lastFrame("snapshot").Snapshot.At.Seq != 1 {
			t.Errorf("while it fetches it is sent %s", p.kinds())
		}
		close(p.holdFetch)
		synctest.Wait()
		if p.position().Seq != 3 {
			t.Errorf("it stands at %v", p.position())
		}
	})
}

// gatedPhone is a phone whose frames, from the first one of a kind, arrive when it is opened.
type gatedPhone struct {
	*phone
	from string
	open chan struct{}
}

func (g *gatedPhone) Write(frame []byte, deadline time.Time) error {
	if strings.HasPrefix(string(frame), `{"`+g.from) {
		<-g.open
	}
	return g.phone.Write(frame, deadline)
}

// Another import changes every view as a whole.
func TestSession_ImportNeedsASnapshot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		f := forum(time.Now())
		mustSubmit(t, h, demo, floor.Operator, "import", floor.ImportForum{Forum: f})
		o := &oracle{mem: m}
		here, away := dial(t, h, o, "attendee:c0a"), dial(t, h, o, "attendee:c1a")
		away.session.Detach()
		here.clear()
		f.Event.Name.En = "Another name"
		mustSubmit(t, h, demo, floor.Operator, "again", floor.ImportForum{Forum: f})
		synctest.Wait()
		away.connect(h)
		if here.kinds() != "snapshot" || away.kinds() != "hello snapshot live" {
			t.Errorf("who was there was sent %s, who came back %s", here.kinds(), away.kinds())
		}
	})
}

// A log that was replaced has a new history, also if it is as long as before.
func TestSession_ReplacedLogNeedsASnapshot(t *testing.T) {
	for _, keep := range []int{2, 3} {
		t.Run(fmt.Sprint(keep, " records"), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h, o, m := setup(t)
				p := dial(t, h, o, "attendee:c0a")
				mustSubmit(t, h, demo, "moderator:lead", "x", announce("news"))
				synctest.Wait()
				page, err := m.Read(t.Context(), demo, 0, keep)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := m.Replace(t.Context(), demo, page.Head, page.Records); err != nil {
					t.Fatal(err)
				}
				p.clear()
				time.Sleep(1100 * time.Millisecond)
				synctest.Wait()
				lost := uint64(3 - keep) // records, each of which is reported in the new history
				if got := p.position(); p.kinds() != "snapshot" || got.Epoch != 2 || got.Seq < uint64(keep) || got.Seq > uint64(keep)+lost {
					t.Errorf("after the log was replaced it was sent %s and stands at %v", p.kinds(), got)
				}
				mustSubmit(t, h, demo, "moderator:lead", "y", announce("more"))
				synctest.Wait()
				if p.position().Seq != uint64(keep)+lost+1 {
					t.Errorf("it does not follow the new history: %v", p.position())
				}
			})
		})
	}
}

func TestHello_OtherVersionIsClosed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		p := newPhone(t, h, o, "attendee:c0a")
		p.attach(h, p)
		p.session.Handle(wire.ClientFrame{Hello: &wire.Hello{Version: 2}})
		synctest.Wait()
		if p.kinds() != "error" || p.closeCode() != wire.CloseVersion {
			t.Errorf("%s, %d", p.kinds(), p.closeCode())
		}
		q := newPhone(t, h, o, "attendee:c0a")
		q.attach(h, q)
		q.session.Handle(wire.ClientFrame{Ping: &wire.Ping{}})
		synctest.Wait()
		if q.kinds() != "error" || q.closeCode() != wire.CloseBadFrame {
			t.Errorf("a ping before hello: %s, %d", q.kinds(), q.closeCode())
		}
	})
}

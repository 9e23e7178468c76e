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

// announceMany submits n announcements, one after the other.
func announceMany(t *testing.T, h *hub.Hub, name string, n int) {
	t.Helper()
	for i := range n {
		mustSubmit(t, h, demo, "moderator:lead", fmt.Sprint(name, i), announce(fmt.Sprint(name, i)))
		synctest.Wait()
	}
}

func TestSession_ChangeIsSentOnlyToThoseWhoSeeIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		concerned, other := dial(t, h, o, "attendee:c0a"), dial(t, h, o, "attendee:c1a")
		display := dial(t, h, o, "display:d0")
		concerned.clear()
		other.clear()
		display.clear()
		mustSubmit(t, h, demo, "moderator:lead", "move", floor.MoveMeeting{Meeting: "m0", Table: "T4"})
		synctest.Wait()
		if concerned.kinds() != "patch" || display.kinds() != "patch" || other.kinds() != "" {
			t.Errorf("concerned %q, display %q, other %q", concerned.kinds(), display.kinds(), other.kinds())
		}
		other.sync()
		if other.kinds() != "patch pong" || other.lastFrame("pong").Pong.At != concerned.position() {
			t.Errorf("a ping brings %q up to %v", other.kinds(), other.lastFrame("pong").Pong.At)
		}
	})
}

// A patch holds what differs, not all that may have changed: whether somebody is free to take
// a request depends on every move, and mostly stays as it was.
func TestPatch_HoldsOnlyCardsThatDiffer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		mustSubmit(t, h, demo, "moderator:lead", "ask", floor.RequestInterpreter{Meeting: "m1", Pair: "ko-zh"})
		console := dial(t, h, o, "moderator:lead")
		console.clear()
		mustSubmit(t, h, demo, "moderator:lead", "move", floor.MoveMeeting{Meeting: "m0", Table: "T4"})
		synctest.Wait()
		patch := console.lastFrame("patch").Patch
		if patch == nil || patch.Set["meeting/m0"] == nil {
			t.Fatalf("%q: %+v", console.kinds(), patch)
		}
		for key := range patch.Set {
			if strings.HasPrefix(string(key), "request/") {
				t.Errorf("sent again as it was: %s %s", key, patch.Set[key])
			}
		}
	})
}

// Eight frames are sent without an acknowledgement; what comes after them is merged into one.
func TestAckWindow_MergesWhatFollowsEightFrames(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		p := dial(t, h, o, "attendee:c0a")
		p.clear()
		p.setMute(true)
		announceMany(t, h, "n", 20)
		if got := strings.Count(p.kinds(), "patch"); got != wire.MaxUnackFrames {
			t.Fatalf("without an ack it was sent %d frames", got)
		}
		sent := p.position().Seq
		p.setMute(false)
		p.clear()
		p.session.Handle(wire.ClientFrame{Ack: &wire.Ack{Seq: sent}})
		synctest.Wait()
		if got := p.kinds(); got != "patch" {
			t.Fatalf("after the ack it was sent %s", got)
		}
		if got := p.lastFrame("patch").Patch; len(got.Set) != 12 || got.From != sent {
			t.Errorf("the frame has %d cards from %d, not 12 from %d", len(got.Set), got.From, sent)
		}
	})
}

func TestAckWindow_BoundsBytes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		mustSubmit(t, h, demo, floor.Operator, "import", floor.ImportForum{Forum: bigForum(330)})
		p := newPhone(t, h, &oracle{mem: m}, "moderator:lead")
		p.setMute(true)
		p.connect(h)
		if n := len(p.raw[1]); n < wire.MaxUnackBytes || n > wire.InlineSnapshot {
			t.Fatalf("the snapshot has %d bytes", n)
		}
		p.clear()
		announceMany(t, h, "n", 3)
		if p.kinds() != "" {
			t.Fatalf("with the snapshot unacknowledged it was sent %s", p.kinds())
		}
		p.session.Handle(wire.ClientFrame{Ack: &wire.Ack{Seq: 1}})
		synctest.Wait()
		if p.kinds() != "patch" {
			t.Errorf("after the ack it was sent %s", p.kinds())
		}
	})
}

func TestSession_ClosesSilentClients(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		start := time.Now()
		wordless := newPhone(t, h, o, "attendee:c2a")
		wordless.attach(h, wordless)
		deafAndDumb := newPhone(t, h, o, "attendee:c0a")
		deafAndDumb.setMute(true)
		deafAndDumb.connect(h)
		quiet := dial(t, h, o, "attendee:c1a")
		pinging := dial(t, h, o, "attendee:c3a")
		for _, c := range []struct {
			p     *phone
			after time.Duration
		}{{wordless, 10 * time.Second}, {deafAndDumb, 15 * time.Second}, {quiet, 90 * time.Second}} {
			for time.Since(start) < c.after-time.Second {
				time.Sleep(time.Second)
				pinging.sync()
			}
			if got := c.p.closeCode(); got != 0 {
				t.Errorf("%s was closed with %d before %v", c.p.who.Actor, got, c.after)
			}
			time.Sleep(2500 * time.Millisecond)
			synctest.Wait()
			if got := c.p.closeCode(); got != wire.CloseSilent {
				t.Errorf("%s was closed with %d %v after the start", c.p.who.Actor, got, time.Since(start))
			}
		}
		if pinging.closeCode() != 0 {
			t.Errorf("one who pings was closed with %d", pinging.closeCode())
		}
		if s := h.Stats(); s.Sessions != 1 || s.ClosedSilent != 3 {
			t.Errorf("%+v", s)
		}
	})
}

// A client that stops reading delays nobody, and its writer ends at its deadline.
func TestWriter_StalledClientDelaysNobody(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		var stalled []*phone
		for _, who := range []floor.ActorID{"attendee:c0a", "attendee:c0b", "attendee:c1a", "attendee:c1b"} {
			p := dial(t, h, o, who)
			p.stall = make(chan struct{})
			stalled = append(stalled, p)
		}
		p := dial(t, h, o, "attendee:c5a")
		p.clear()
		start := time.Now()
		announceMany(t, h, "n", 10)
		if len(p.times) != 10 || p.times[9].Sub(start) > 0 {
			t.Errorf("%d frames, the last %v after the change", len(p.times), p.times[len(p.times)-1].Sub(start))
		}
		for range 8 {
			time.Sleep(time.Second)
			p.sync()
		}
		for _, s := range stalled {
			if s.closeCode() != wire.CloseBroken {
				t.Errorf("a stalled one was closed with %d", s.closeCode())
			}
		}
		if s := h.Stats(); s.Sessions != 1 || s.WriteErrors != 4 {
			t.Errorf("%d sessions, %d write errors", s.Sessions, s.WriteErrors)
		}
	})
}

// Clients whose views are up to date are sent the same frame, encoded once, even if each
// holds a different position.
func TestFrames_PatchIsEncodedOnceForAllClients(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		var phones []*phone
		for i, who := range []floor.ActorID{"attendee:c0a", "attendee:c1a", "attendee:c2a", "attendee:c3a", "attendee:c4a", "interpreter:i0"} {
			phones = append(phones, dial(t, h, o, who))
			if i%2 == 0 { // moves the log on, but nobody else's view
				mustSubmit(t, h, demo, "moderator:lead", fmt.Sprint("in", i), floor.CheckIn{Attendee: floor.AttendeeID(fmt.Sprintf("c%db", i))})
				synctest.Wait()
			}
		}
		before := h.Stats().PatchesEncoded
		mustSubmit(t, h, demo, "moderator:lead", "x", announce("tea"))
		synctest.Wait()
		for _, p := range phones {
			if got := p.raw[len(p.raw)-1]; got != phones[0].raw[len(phones[0].raw)-1] {
				t.Errorf("%s was sent %s", p.who.Actor, got)
			}
		}
		if got := h.Stats().PatchesEncoded - before; got != 1 {
			t.Errorf("%d patches were encoded for %d phones", got, len(phones))
		}
	})
}

func TestFrames_SnapshotIsEncodedOnceForAllClients(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		for range 5 {
			dial(t, h, o, "display:d0")
		}
		dial(t, h, o, "moderator:lead")
		dial(t, h, o, "moderator:mod")
		if got := h.Stats().ViewsEncoded; got != 2 {
			t.Errorf("%d snapshots were encoded, not 2", got)
		}
	})
}

func TestSession_RotatedLinkCloses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		a, b := newHub(t, m, m), newHub(t, m, m)
		open(t, a)
		o := &oracle{mem: m}
		here, there, other := dial(t, a, o, "attendee:c0a"), dial(t, b, o, "attendee:c0a"), dial(t, a, o, "attendee:c1a")
		mustSubmit(t, a, demo, "moderator:lead", "rotate", floor.RotateLink{Link: "attendee-c0a"})
		synctest.Wait()
		if here.closeCode() != wire.CloseSessionOver || there.closeCode() != wire.CloseSessionOver || other.closeCode() != 0 {
			t.Errorf("here %d, there %d, other %d", here.closeCode(), there.closeCode(), other.closeCode())
		}
		if _, err := a.Attach(t.Context(), demo, credential("attendee:c0a"), here); err != hub.ErrUnauthenticated {
			t.Errorf("the old link again: %v", err)
		}
		if _, err := a.SubmitAs(t.Context(), demo, credential("attendee:c0a"), wire.Command{ID: "x", Body: floor.CheckIn{Attendee: "c0a"}}); codeOf(err) != wire.CodeSignedOut {
			t.Errorf("a command with the old link: %v", err)
		}
	})
}

// A client that rotates its own link is sent the verdict before its session ends, also if
// many other sessions end with it.
func TestSession_RotatingItsOwnLinkIsAcceptedFirst(t *testing.T) {
	for range 20 {
		bubble(t, func(t *testing.T) {
			m := newMemory()
			h := newHub(t, m, m)
			open(t, h)
			o := &oracle{mem: m}
			p := dial(t, h, o, "moderator:lead")
			for range 50 {
				dial(t, h, o, "moderator:lead")
			}
			p.send("mine", floor.RotateLink{Link: "moderator-lead"})
			synctest.Wait()
			if accepted, _, _ := p.verdict("mine"); accepted == nil || p.closeCode() != wire.CloseSessionOver {
				t.Errorf("the answer is %v, the close %d", accepted, p.closeCode())
			}
		})
	}
}

// Who rotates their own link by POST goes on with the new one at once: the node that
// answered knows it.
func TestSubmitAs_RotationIsPublishedBeforeTheAnswer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		open(t, h)
		who := credential("moderator:lead")
		for i := range 200 {
			command := wire.Command{ID: fmt.Sprint(i), Body: floor.RotateLink{Link: who.Link}}
			if _, err := h.SubmitAs(t.Context(), demo, who, command); err != nil {
				t.Fatal(err)
			}
			state, _, err := h.State(t.Context(), demo)
			if err != nil {
				t.Fatal(err)
			}
			who.Generation++
			if link, _ := state.Link(who.Link); link.Generation != who.Generation {
				t.Fatalf("after rotation %d the node has generation %d", i+1, link.Generation)
			}
		}
	})
}

func TestSession_OrganisersLinkIsInTheInstancesLog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		open(t, h)
		mustSubmit(t, h, journal.InstanceLog, floor.Operator, "add", floor.AddOrganiser{Organiser: "o1", Name: "Organiser"})
		o := &oracle{mem: m}
		p := dial(t, h, o, "organiser:o1")
		if got := p.lastFrame("hello").Hello.You.Name.En; got != "Organiser" {
			t.Errorf("the organiser is said to be %q", got)
		}
		if _, err := h.Attach(t.Context(), demo, credential("organiser:o2"), p); err != hub.ErrUnauthenticated {
			t.Errorf("an unknown organiser: %v", err)
		}
		p.send("x", announce("from the organiser"))
		synctest.Wait()
		if accepted, _, _ := p.verdict("x"); accepted == nil {
			t.Error("the organiser's command was not accepted")
		}
		mustSubmit(t, h, journal.InstanceLog, floor.Operator, "rotate", floor.RotateLink{Link: "organiser-o1"})
		synctest.Wait()
		if p.closeCode() != wire.CloseSessionOver {
			t.Errorf("after the rotation it was closed with %d", p.closeCode())
		}
	})
}

// Another import may remove a person, or change what they may see.
func TestSession_OtherSubjectsNeedASnapshot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		f := forum(time.Now())
		mustSubmit(t, h, demo, floor.Operator, "import", floor.ImportForum{Forum: f})
		o := &oracle{mem: m}
		display, person := dial(t, h, o, "display:d0"), dial(t, h, o, "interpreter:i0")
		f.Displays[0].Zones = []floor.ZoneID{"A"}
		f.Interpreters = nil
		display.clear()
		mustSubmit(t, h, demo, floor.Operator, "again", floor.ImportForum{Forum: f})
		synctest.Wait()
		if display.kinds() != "snapshot" || person.closeCode() != wire.CloseSessionOver {
			t.Errorf("the display was sent %s; the one who went was closed with %d", display.kinds(), person.closeCode())
		}
	})
}

func TestSession_BoundsCommandsInFlight(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		slow := &switchedJournal{Journal: m}
		h := newHub(t, slow, m)
		open(t, h)
		p := dial(t, h, &oracle{mem: m}, "moderator:lead")
		slow.holdAppends(true)
		for i := range 33 {
			p.send(fmt.Sprint("n", i), announce("one of many"))
		}
		synctest.Wait()
		if _, rejected, _ := p.verdict("n32"); rejected == nil || rejected.Code != wire.CodeBusy {
			t.Errorf("the 33rd: %+v", rejected)
		}
		slow.holdAppends(false)
		synctest.Wait()
		for i := range 32 {
			if accepted, _, n := p.verdict(fmt.Sprint("n", i)); accepted == nil || n != 1 {
				t.Errorf("the %dth: %v, %d verdicts", i+1, accepted, n)
			}
		}
		if s := h.Stats(); s.Batches > 4 { // import, release, the first, and what waited meanwhile
			t.Errorf("%d batches", s.Batches)
		}
	})
}

// A frame after the session's end is ignored: the client sends the command again on its next
// connection.
func TestSession_IgnoresFramesAfterItsEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, m := setup(t)
		p := dial(t, h, o, "moderator:lead")
		p.stall = make(chan struct{}) // so that the session is closing for a while
		before := len(records(t, m))
		p.send("first", announce("one"))
		synctest.Wait()
		p.session.Close(wire.CloseSessionOver)
		p.send("second", announce("two"))
		p.session.Handle(wire.ClientFrame{Ping: &wire.Ping{N: 9}})
		close(p.stall)
		time.Sleep(10 * time.Second)
		p.send("third", announce("three"))
		synctest.Wait()
		if n := len(records(t, m)) - before; n != 1 {
			t.Errorf("%d commands are in the log, not the first one only", n)
		}
		if p.closeCode() != wire.CloseSessionOver || strings.Contains(p.kinds(), "pong") {
			t.Errorf("it was sent %s and closed with %d", p.kinds(), p.closeCode())
		}
	})
}

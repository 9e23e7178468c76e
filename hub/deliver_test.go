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

// many answers n announcements' orders given one after the other.
func many(t *testing.T, h *hub.Hub, name string, n int) {
	t.Helper()
	for i := range n {
		give(t, h, demo, "moderator:lead", fmt.Sprint(name, i), announce(fmt.Sprint(name, i)))
		synctest.Wait()
	}
}

func TestChangeReachesOnlyWhoSeesIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		concerned, other := dial(t, h, o, "attendee:c0a"), dial(t, h, o, "attendee:c1a")
		display := dial(t, h, o, "display:d0")
		concerned.clear()
		other.clear()
		display.clear()
		give(t, h, demo, "moderator:lead", "move", floor.MoveMeeting{Meeting: "m0", Table: "T4"})
		synctest.Wait()
		if concerned.kinds() != "patch" || display.kinds() != "patch" || other.kinds() != "" {
			t.Errorf("concerned %q, display %q, other %q", concerned.kinds(), display.kinds(), other.kinds())
		}
		other.level()
		if other.kinds() != "patch pong" || other.last("pong").Pong.At != concerned.position() {
			t.Errorf("a ping brings %q up to %v", other.kinds(), other.last("pong").Pong.At)
		}
	})
}

// A patch holds what differs, not what only might have: whether somebody is free to
// take a request depends on every move, and mostly stays as it was.
func TestPatchHoldsWhatDiffers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		give(t, h, demo, "moderator:lead", "ask", floor.RequestInterpreter{Meeting: "m1", Pair: "ko-zh"})
		console := dial(t, h, o, "moderator:lead")
		console.clear()
		give(t, h, demo, "moderator:lead", "move", floor.MoveMeeting{Meeting: "m0", Table: "T4"})
		synctest.Wait()
		patch := console.last("patch").Patch
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

// Eight frames go out; everything after them is one.
func TestFlowAndConflation(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		p := dial(t, h, o, "attendee:c0a")
		p.clear()
		p.silence(true)
		many(t, h, "n", 20)
		if got := strings.Count(p.kinds(), "patch"); got != wire.MaxUnackFrames {
			t.Fatalf("without an ack it was sent %d frames", got)
		}
		sent := p.position().Seq
		p.silence(false)
		p.clear()
		p.session.Handle(wire.ClientFrame{Ack: &wire.Ack{Seq: sent}})
		synctest.Wait()
		if got := p.kinds(); got != "patch" {
			t.Fatalf("after the ack it was sent %s", got)
		}
		if got := p.last("patch").Patch; len(got.Set) != 12 || got.From != sent {
			t.Errorf("the frame has %d cards from %d, not 12 from %d", len(got.Set), got.From, sent)
		}
	})
}

func TestFlowInBytes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		give(t, h, demo, floor.Operator, "import", floor.ImportForum{Forum: bigForum(330)})
		p := newPhone(t, h, &oracle{mem: m}, "moderator:lead")
		p.silence(true)
		p.connect(h)
		if n := len(p.raw[1]); n < wire.MaxUnackBytes || n > wire.InlineSnapshot {
			t.Fatalf("the snapshot has %d bytes", n)
		}
		p.clear()
		many(t, h, "n", 3)
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

func TestSilenceCloses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		start := time.Now()
		wordless := newPhone(t, h, o, "attendee:c2a")
		wordless.attach(h, wordless)
		deafAndDumb := newPhone(t, h, o, "attendee:c0a")
		deafAndDumb.silence(true)
		deafAndDumb.connect(h)
		quiet := dial(t, h, o, "attendee:c1a")
		pinging := dial(t, h, o, "attendee:c3a")
		for _, c := range []struct {
			p     *phone
			after time.Duration
		}{{wordless, 10 * time.Second}, {deafAndDumb, 15 * time.Second}, {quiet, 90 * time.Second}} {
			for time.Since(start) < c.after-time.Second {
				time.Sleep(time.Second)
				pinging.level()
			}
			if got := c.p.closeCode(); got != 0 {
				t.Errorf("%s was closed with %d before %v", c.p.who.Who, got, c.after)
			}
			time.Sleep(2500 * time.Millisecond)
			synctest.Wait()
			if got := c.p.closeCode(); got != wire.CloseSilent {
				t.Errorf("%s was closed with %d %v after the start", c.p.who.Who, got, time.Since(start))
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

// A phone that stops reading delays nobody, and its writer ends with its deadline.
func TestStalledOutletDelaysNobody(t *testing.T) {
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
		many(t, h, "n", 10)
		if len(p.times) != 10 || p.times[9].Sub(start) > 0 {
			t.Errorf("%d frames, the last %v after the change", len(p.times), p.times[len(p.times)-1].Sub(start))
		}
		for range 8 {
			time.Sleep(time.Second)
			p.level()
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

// Whoever is level gets the same frame, encoded once, also where each holds
// another position.
func TestFramesAreShared(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		var phones []*phone
		for i, who := range []floor.ActorID{"attendee:c0a", "attendee:c1a", "attendee:c2a", "attendee:c3a", "attendee:c4a", "interpreter:i0"} {
			phones = append(phones, dial(t, h, o, who))
			if i%2 == 0 { // moves the log on, but nobody else's view
				give(t, h, demo, "moderator:lead", fmt.Sprint("in", i), floor.CheckIn{Attendee: floor.AttendeeID(fmt.Sprintf("c%db", i))})
				synctest.Wait()
			}
		}
		before := h.Stats().PatchesEncoded
		give(t, h, demo, "moderator:lead", "x", announce("tea"))
		synctest.Wait()
		for _, p := range phones {
			if got := p.raw[len(p.raw)-1]; got != phones[0].raw[len(phones[0].raw)-1] {
				t.Errorf("%s was sent %s", p.who.Who, got)
			}
		}
		if got := h.Stats().PatchesEncoded - before; got != 1 {
			t.Errorf("%d patches were encoded for %d phones", got, len(phones))
		}
	})
}

func TestSnapshotsAreShared(t *testing.T) {
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

func TestRotatedLinkCloses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		a, b := newHub(t, m, m), newHub(t, m, m)
		open(t, a)
		o := &oracle{mem: m}
		here, there, other := dial(t, a, o, "attendee:c0a"), dial(t, b, o, "attendee:c0a"), dial(t, a, o, "attendee:c1a")
		give(t, a, demo, "moderator:lead", "rotate", floor.RotateLink{Link: "attendee-c0a"})
		synctest.Wait()
		if here.closeCode() != wire.CloseSessionOver || there.closeCode() != wire.CloseSessionOver || other.closeCode() != 0 {
			t.Errorf("here %d, there %d, other %d", here.closeCode(), there.closeCode(), other.closeCode())
		}
		if _, err := a.Attach(t.Context(), demo, credential("attendee:c0a"), here); err != hub.ErrUnauthenticated {
			t.Errorf("the old link again: %v", err)
		}
		if _, err := a.SubmitAs(t.Context(), demo, credential("attendee:c0a"), wire.Command{ID: "x", Body: floor.CheckIn{Attendee: "c0a"}}); code(err) != wire.CodeSignedOut {
			t.Errorf("a command with the old link: %v", err)
		}
	})
}

// Whoever rotates their own link is told that it is done before it ends them, however
// many others it ends.
func TestRotatingOnesOwnLinkIsAnswered(t *testing.T) {
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
			p.do("mine", floor.RotateLink{Link: "moderator-lead"})
			synctest.Wait()
			if accepted, _, _ := p.answer("mine"); accepted == nil || p.closeCode() != wire.CloseSessionOver {
				t.Errorf("the answer is %v, the close %d", accepted, p.closeCode())
			}
		})
	}
}

func TestOrganisersLinkIsTheInstances(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		open(t, h)
		give(t, h, journal.InstanceLog, floor.Operator, "add", floor.AddOrganiser{Organiser: "o1", Name: "Organiser"})
		o := &oracle{mem: m}
		p := dial(t, h, o, "organiser:o1")
		if got := p.last("hello").Hello.You.Name.En; got != "Organiser" {
			t.Errorf("the organiser is told to be %q", got)
		}
		if _, err := h.Attach(t.Context(), demo, credential("organiser:o2"), p); err != hub.ErrUnauthenticated {
			t.Errorf("an unknown organiser: %v", err)
		}
		p.do("x", announce("from the organiser"))
		synctest.Wait()
		if accepted, _, _ := p.answer("x"); accepted == nil {
			t.Error("the organiser's command was not accepted")
		}
		give(t, h, journal.InstanceLog, floor.Operator, "rotate", floor.RotateLink{Link: "organiser-o1"})
		synctest.Wait()
		if p.closeCode() != wire.CloseSessionOver {
			t.Errorf("after the rotation it was closed with %d", p.closeCode())
		}
	})
}

// Another import may take a person away, or give them other rights to see.
func TestOtherSubjectsAreSentWhole(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		f := forum(time.Now())
		give(t, h, demo, floor.Operator, "import", floor.ImportForum{Forum: f})
		o := &oracle{mem: m}
		display, person := dial(t, h, o, "display:d0"), dial(t, h, o, "interpreter:i0")
		f.Displays[0].Zones = []floor.ZoneID{"A"}
		f.Interpreters = nil
		display.clear()
		give(t, h, demo, floor.Operator, "again", floor.ImportForum{Forum: f})
		synctest.Wait()
		if display.kinds() != "snapshot" || person.closeCode() != wire.CloseSessionOver {
			t.Errorf("the display was sent %s; the one who went was closed with %d", display.kinds(), person.closeCode())
		}
	})
}

func TestDrain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		p, stalled := dial(t, h, o, "moderator:lead"), dial(t, h, o, "attendee:c0a")
		stalled.stall = make(chan struct{})
		p.do("last", announce("before the end"))
		start := time.Now()
		if err := h.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
		if accepted, _, n := p.answer("last"); accepted == nil || n != 1 {
			t.Errorf("the command under way: %v, %d answers", accepted, n)
		}
		if p.closeCode() != wire.CloseRestart {
			t.Errorf("closed with %d", p.closeCode())
		}
		if _, err := try(h, demo, "moderator:lead", "late", announce("too late")); code(err) != wire.CodeDraining {
			t.Errorf("a new command: %v", err)
		}
		if _, err := h.Attach(t.Context(), demo, credential("attendee:c1a"), p); err != hub.ErrDraining {
			t.Errorf("a new session: %v", err)
		}
		if h.Ready() == nil || h.Stats().Sessions != 0 {
			t.Errorf("ready %v, %d sessions", h.Ready(), h.Stats().Sessions)
		}
	})
}

// Commands under way are finished first; those that come meanwhile are refused
// for now.
func TestDrainFinishesWhatIsUnderWay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		slow := &deaf{Journal: m}
		h := newHub(t, slow, m)
		open(t, h)
		p := dial(t, h, &oracle{mem: m}, "moderator:lead")
		slow.hold(true)
		p.do("before", announce("before the end"))
		synctest.Wait()
		drained := make(chan error, 1)
		go func() { drained <- h.Drain(t.Context()) }()
		synctest.Wait()
		p.do("late", announce("too late"))
		synctest.Wait()
		if _, rejected, _ := p.answer("late"); rejected == nil || rejected.Code != wire.CodeDraining || p.closeCode() != 0 {
			t.Errorf("meanwhile: %+v, closed with %d", rejected, p.closeCode())
		}
		slow.hold(false)
		if err := <-drained; err != nil {
			t.Error(err)
		}
		if accepted, _, n := p.answer("before"); accepted == nil || n != 1 || p.closeCode() != wire.CloseRestart {
			t.Errorf("before: %+v, %d answers, closed with %d", accepted, n, p.closeCode())
		}
	})
}

func TestCommandsUnderWayAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		slow := &deaf{Journal: m}
		h := newHub(t, slow, m)
		open(t, h)
		p := dial(t, h, &oracle{mem: m}, "moderator:lead")
		slow.hold(true)
		for i := range 33 {
			p.do(fmt.Sprint("n", i), announce("one of many"))
		}
		synctest.Wait()
		if _, rejected, _ := p.answer("n32"); rejected == nil || rejected.Code != wire.CodeBusy {
			t.Errorf("the 33rd: %+v", rejected)
		}
		slow.hold(false)
		synctest.Wait()
		for i := range 32 {
			if accepted, _, n := p.answer(fmt.Sprint("n", i)); accepted == nil || n != 1 {
				t.Errorf("the %dth: %v, %d answers", i+1, accepted, n)
			}
		}
		if s := h.Stats(); s.Batches > 4 { // import, release, the first, and what waited meanwhile
			t.Errorf("%d batches", s.Batches)
		}
	})
}

func TestLive(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		staff := dial(t, h, o, "moderator:lead")
		guest := dial(t, h, o, "attendee:c0a")
		away := dial(t, h, o, "attendee:c1a")
		away.session.Handle(wire.ClientFrame{Ping: &wire.Ping{Hidden: true, Ack: away.position().Seq}})
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		if got := fmt.Sprint(staff.last("live").Live.Here); got != "map[asleep:1 live:1]" {
			t.Errorf("the moderator is shown %s", got)
		}
		away.session.Detach()
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		if got := fmt.Sprint(staff.last("live").Live.Here); got != "map[gone:1 live:1]" {
			t.Errorf("the moderator is shown %s", got)
		}
		if guest.last("live").Live.Here != nil {
			t.Error("an attendee is shown who is there")
		}
	})
}

// Whatever happens between, a session is not shown more than once a second.
func TestLiveAtMostOnceASecond(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		j := &deaf{Journal: m}
		h := newHub(t, j, m)
		open(t, h)
		p := dial(t, h, &oracle{mem: m}, "attendee:c0a")
		for i := range 50 {
			j.set(i%2 == 0)
			p.do(fmt.Sprint("n", i), floor.CheckIn{Attendee: "c0a"})
			time.Sleep(330 * time.Millisecond)
			p.level()
		}
		var last time.Time
		shown := 0
		for i, f := range p.frames {
			if f.Live == nil {
				continue
			}
			if gap := p.times[i].Sub(last); gap < time.Second {
				t.Errorf("two live frames within %v", gap)
			}
			last = p.times[i]
			shown++
		}
		if shown < 3 {
			t.Errorf("only %d live frames in 16 s of a journal that comes and goes", shown)
		}
	})
}

func TestUnknownEventKeepsNothingOpen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, _, _ := setup(t, func(o *hub.Options) { o.MaxEvents = 3 })
		for i := range 20 {
			if _, _, err := h.State(t.Context(), journal.LogID(fmt.Sprint("none", i))); err != hub.ErrNoEvent {
				t.Errorf("%d: %v", i, err)
			}
			synctest.Wait()
		}
		if got := h.Stats().Events; got != 2 { // the event's and the instance's
			t.Errorf("%d logs are open", got)
		}
		if _, _, err := h.State(t.Context(), "../x"); err != hub.ErrNoEvent {
			t.Error(err)
		}
	})
}

func TestIdleEventIsClosedAndReopened(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, m := setup(t)
		p := dial(t, h, o, "attendee:c0a")
		time.Sleep(time.Minute)
		p.level()
		p.session.Detach()
		time.Sleep(6 * time.Minute)
		synctest.Wait()
		if got := h.Stats().Events; got != 1 { // the instance's
			t.Errorf("%d logs are open", got)
		}
		if at, _, ok, err := m.Snapshot(t.Context(), demo); err != nil || !ok || at.Seq != 2 {
			t.Errorf("the stored snapshot: %v, %t, %v", at, ok, err)
		}
		p.connect(h)
		if got := p.kinds(); got != "hello patch live" {
			t.Errorf("after that it was sent %s", got)
		}
	})
}

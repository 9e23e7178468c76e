package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// appendLaterVersion appends a record as a node of a later version does: with a kind of change, or
// with a field, that this version does not know.
func appendLaterVersion(t *testing.T, j journal.Journal, key, change string) {
	t.Helper()
	body := fmt.Sprintf(`{"key":%q,"kind":"announce","by":"moderator:lead","wall":1,"changes":[%s]}`, key, change)
	if !json.Valid([]byte(body)) {
		t.Fatal(body)
	}
	at := headOf(t, j)
	batch := []journal.Record{{Key: journal.CommandKey(key), Body: []byte(body)}}
	journal.Chain(at, batch)
	result, err := j.Append(t.Context(), demo, at, batch, time.Time{})
	if err != nil || result.Outcome != journal.Appended {
		t.Fatal(result.Outcome, err)
	}
}

// A node reads what it does not know and another node does. It stops applying that event, says so,
// keeps the views of its clients, and goes on with the other events.
func TestUpgrade_UnknownChangeStopsOneEvent(t *testing.T) {
	for name, change := range map[string]string{
		"kind":  `{"kind":"teaServed","body":{}}`,
		"field": `{"kind":"clockSet","body":{"clock":{"wall":1,"event":2,"rate":1,"leap":true}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h, o, m := setup(t)
				p := dial(t, h, o, "moderator:lead")
				mustSubmit(t, h, "other", floor.Operator, "import", floor.ImportForum{Forum: otherForum()})
				if err := h.Ready(); err != nil {
					t.Fatal(err)
				}
				before := p.position()
				p.clear()
				appendLaterVersion(t, m, "moderator-lead/new", change)
				time.Sleep(1500 * time.Millisecond)
				synctest.Wait()
				if err := h.Ready(); err == nil || !strings.Contains(err.Error(), "demo") {
					t.Errorf("ready: %v", err)
				}
				if p.position() != before || p.closeCode() != 0 || p.lastFrame("live").Live.StaleSince == 0 {
					t.Errorf("the screen stands at %v of %v, closed %d", p.position(), before, p.closeCode())
				}
				p.send("x", announce("tea"))
				synctest.Wait()
				if _, rejected, _ := p.verdict("x"); rejected == nil || rejected.Code != wire.CodeUnavailable {
					t.Errorf("a command: %+v", rejected)
				}
				mustSubmit(t, h, "other", floor.Operator, "release", floor.ReleaseSchedule{})
				if s := h.Stats(); s.Corrupt != 1 || s.LogsAway != 0 {
					t.Errorf("%+v", s)
				}
				again := newHub(t, m, m) // a restart in the old version
				if _, _, err := again.State(t.Context(), demo); codeOf(err) == "<nil>" || again.Ready() == nil {
					t.Errorf("opened again: %v, ready %v", err, again.Ready())
				}
			})
		})
	}
}

func otherForum() floor.Forum {
	f := forum(time.Now())
	f.Event.ID = "other"
	return f
}

// decoderWithout decodes records as a version does that knows none of the given kinds.
func decoderWithout(kinds ...floor.ChangeKind) func([]byte) (floor.Record, error) {
	return func(body []byte) (floor.Record, error) {
		var record struct {
			Changes []struct{ Kind floor.ChangeKind }
		}
		if err := json.Unmarshal(body, &record); err != nil {
			return floor.Record{}, err
		}
		for _, c := range record.Changes {
			if slices.Contains(kinds, c.Kind) {
				return floor.Record{}, &floor.UnknownChangeError{Kind: c.Kind}
			}
		}
		return floor.DecodeRecord(body)
	}
}

// Two nodes are replaced one by one. While one is old, nothing is written that it does not know. If
// it is nevertheless, because somebody raised the log too early, the old node stops at that event
// and the new one goes on; the clients of the old one go on once it is replaced.
func TestUpgrade_NodesAreReplacedOneByOne(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		fresh, old := newHub(t, m, m), newHub(t, m, m, func(o *hub.Options) {
			o.DecodeRecord = decoderWithout("versionRaised", "noticeTold", "noticeDelivered", "commandLost", "lostDismissed")
		})
		beginAsFirstVersion(t, m) // as the old version did, which wrote nothing of versions
		o := &oracle{mem: m}
		p, q := dial(t, fresh, o, "moderator:lead"), dial(t, old, o, "attendee:c0a")
		mustSubmit(t, fresh, demo, "moderator:lead", "call", floor.CallSlot{SlotRef: floor.SlotRef{Round: "R1"}})
		synctest.Wait()
		told := floor.MarkTold{Notice: noticeOn(t, q), Who: []floor.ActorID{"attendee:c0a"}}
		if _, err := submit(fresh, demo, "moderator:lead", "told", told); codeOf(err) != "needs_upgrade" {
			t.Fatalf("a newer kind while a node is old: %v", err)
		}
		time.Sleep(3 * time.Second)
		if fresh.Ready() != nil || old.Ready() != nil {
			t.Fatalf("ready: %v, %v", fresh.Ready(), old.Ready())
		}
		stood := q.position()
		mustSubmit(t, fresh, demo, floor.Operator, "raise", floor.RaiseVersion{Version: floor.FormatVersion})
		mustSubmit(t, fresh, demo, "moderator:lead", "told2", told)
		time.Sleep(2 * time.Second)
		if fresh.Ready() != nil || old.Ready() == nil || q.position() != stood || q.closeCode() != 0 {
			t.Errorf("raised too early: ready %v, %v; the old one's screen at %v, not %v", fresh.Ready(), old.Ready(), q.position(), stood)
		}
		q.send("x", floor.CheckIn{Attendee: "c0a"})
		synctest.Wait()
		if _, rejected, _ := q.verdict("x"); rejected == nil || rejected.Code != wire.CodeUnavailable {
			t.Errorf("a command there: %+v", rejected)
		}
		q.session.Detach()
		q.connect(newHub(t, m, m)) // the old one, replaced
		q.sync()
		p.sync()
		if strings.Contains(q.kinds(), "snapshot") || q.position() != p.position() {
			t.Errorf("exchanged, it sent %s; %v and %v", q.kinds(), q.position(), p.position())
		}
	})
}

func noticeOn(t *testing.T, p *phone) floor.NoticeID {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for key := range p.cards {
		if id, ok := strings.CutPrefix(string(key), "notice/"); ok {
			return floor.NoticeID(id)
		}
	}
	t.Fatalf("%s has no notice", p.who.Actor)
	return ""
}

// beginAsFirstVersion appends the first records of an event as the first version did.
func beginAsFirstVersion(t *testing.T, m *journal.Memory) {
	t.Helper()
	state, at := floor.New(), journal.Genesis(demo, 1)
	for i, c := range []floor.Command{floor.ImportForum{Forum: forum(time.Now())}, floor.ReleaseSchedule{}} {
		o := floor.Envelope{Key: floor.CommandKey(fmt.Sprint("operator-cli/", i)), By: floor.Operator, Unconditional: true, Version: 1, Command: c}
		decision, refused := floor.Decide(state, o)
		if refused != nil {
			t.Fatal(refused)
		}
		record := floor.Record{Key: o.Key, Kind: floor.KindOf(c), By: o.By, Changes: slices.DeleteFunc(decision.Changes, func(c floor.Change) bool {
			_, first := c.(floor.VersionRaised)
			return first
		})}
		body, err := floor.EncodeRecord(record)
		if err != nil {
			t.Fatal(err)
		}
		batch := []journal.Record{{Key: journal.CommandKey(o.Key), Body: body}}
		next := journal.Chain(at, batch)
		if result, err := m.Append(t.Context(), demo, at, batch, time.Time{}); err != nil || result.Outcome != journal.Appended {
			t.Fatal(result.Outcome, err)
		}
		state, _ = state.Apply(record)
		at = next
	}
}

// Nothing newer is written to an event that began in an older version until an operator says that
// every node is new; lost commands are reported then.
func TestUpgrade_NewKindsWaitForTheVersion(t *testing.T) {
	bubble(t, func(t *testing.T) {
		store := newFailover()
		h := newHub(t, store, newMemory())
		o := &oracle{mem: store}
		old := floor.Envelope{Key: "operator-cli/import", By: floor.Operator, Unconditional: true, Version: 1, Command: floor.ImportForum{Forum: forum(time.Now())}}
		if _, err := h.Submit(t.Context(), demo, old); err != nil {
			t.Fatal(err)
		}
		p := dial(t, h, o, "moderator:lead")
		mustSubmit(t, h, demo, "moderator:lead", "x", announce("tea"))
		synctest.Wait()
		store.cut(t, 1)
		o.reload()
		mustSubmit(t, newHub(t, store, newMemory()), demo, "moderator:lead", "other", announce("cake"))
		time.Sleep(30 * time.Second)
		p.sync()
		if n := len(lostCards(t, p)); n != 0 || h.Stats().Lost != 1 {
			t.Fatalf("an old log names %d", n)
		}
		if _, err := submit(h, demo, floor.Operator, "raise9", floor.RaiseVersion{Version: 99}); codeOf(err) != "bad_value" {
			t.Errorf("a version from the future: %v", err)
		}
		mustSubmit(t, h, demo, floor.Operator, "raise", floor.RaiseVersion{Version: floor.FormatVersion})
		time.Sleep(2 * time.Second)
		p.sync()
		if n := len(lostCards(t, p)); n != 1 {
			t.Errorf("after it was raised %d are named", n)
		}
	})
}

// A new event begins at the instance's version: no node that serves the instance is older.
func TestUpgrade_NewEventsBeginAtTheInstancesVersion(t *testing.T) {
	for _, version := range []int{0, 1} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				m := newMemory()
				h := newHub(t, m, m)
				first := floor.Envelope{Key: "operator-cli/first", By: floor.Operator, Unconditional: true, Version: version, Command: floor.AddOrganiser{Organiser: "first", Name: "x"}}
				if _, err := h.Submit(t.Context(), journal.InstanceLog, first); err != nil {
					t.Fatal(err)
				}
				mustSubmit(t, newHub(t, m, m), demo, floor.Operator, "import", floor.ImportForum{Forum: forum(time.Now())})
				state, _, err := h.State(t.Context(), demo)
				want := version
				if want == 0 {
					want = floor.FormatVersion
				}
				if err != nil || state.Version() != want {
					t.Errorf("it begins at %d: %v", state.Version(), err)
				}
			})
		})
	}
}

// A node is not ready before its journal has answered once. If the journal does not answer later,
// the node says so, and stays ready.
func TestReady_NeedsTheJournalOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		j := &switchedJournal{Journal: m}
		open(t, newHub(t, m, m))
		h := newHub(t, j, m)
		j.setUnreachable(true)
		if _, _, err := h.State(t.Context(), demo); err == nil || h.Ready() != hub.ErrJournalUnreached || h.Stats().JournalReached {
			t.Fatalf("before it was there: %v, ready %v", err, h.Ready())
		}
		j.setUnreachable(false)
		dial(t, h, &oracle{mem: m}, "moderator:lead")
		if err := h.Ready(); err != nil || h.Stats().AwayFor != 0 {
			t.Fatalf("there: %v", err)
		}
		j.setUnreachable(true)
		time.Sleep(21 * time.Second)
		if s := h.Stats(); h.Ready() != nil || s.LogsAway == 0 || s.AwayFor < 20*time.Second || s.AwayFor > 22*time.Second {
			t.Errorf("away: %v, %+v", h.Ready(), s)
		}
		j.setUnreachable(false)
		time.Sleep(2 * time.Second)
		if s := h.Stats(); s.LogsAway != 0 || s.AwayFor != 0 {
			t.Errorf("back: %+v", s)
		}
	})
}

// slowSnapshots holds back the first snapshot that is stored.
type slowSnapshots struct {
	*journal.Memory
	first chan struct{}
}

func (s *slowSnapshots) PutSnapshot(ctx context.Context, log journal.LogID, at journal.Position, state []byte) error {
	select {
	case s.first <- struct{}{}:
		time.Sleep(time.Second)
		ctx = context.WithoutCancel(ctx) // the call has been sent
	default:
	}
	return s.Memory.PutSnapshot(ctx, log, at, state)
}

// A log that is closed while an older snapshot is still being stored keeps the newer one.
func TestSnapshots_LastOneIsTheNewest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		s := &slowSnapshots{m, make(chan struct{}, 1)}
		h := hub.New(m, s, hub.Options{SnapshotEvery: 2})
		open(t, h)
		synctest.Wait() // the first snapshot is being stored
		seq := mustSubmit(t, h, demo, "moderator:lead", "x", announce("tea"))
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		if at, _, ok, err := m.Snapshot(t.Context(), demo); err != nil || !ok || at.Seq != seq {
			t.Errorf("stored at %v, not %d: %v", at, seq, err)
		}
	})
}

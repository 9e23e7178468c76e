package hub_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// records returns the records of a log.
func records(t *testing.T, j journal.Journal) (all []floor.Record) {
	t.Helper()
	c := journal.NewCursor(demo, journal.Position{})
	stored, err := c.CatchUp(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stored {
		r, err := floor.DecodeRecord(s.Body)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func TestCommand_VerdictsOnTheConnection(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		p := dial(t, h, o, "moderator:mod")
		p.send("a", floor.MoveMeeting{Meeting: "m0", Table: "T2"})
		p.send("b", floor.MoveMeeting{Meeting: "m0", Table: "T4"})
		p.send("c", floor.LockMeeting{Meeting: "m0", Locked: true}, base(p.position().Seq))
		synctest.Wait()
		for id, want := range map[string]string{"a": "table_taken", "b": "other_zone", "c": ""} {
			accepted, rejected, n := p.verdict(id)
			if n != 1 || (want == "") != (accepted != nil) || rejected != nil && rejected.Code != want {
				t.Errorf("%s: %+v %+v, %d verdicts, want %q", id, accepted, rejected, n, want)
			}
		}
		if accepted, _, _ := p.verdict("c"); p.position().Seq < accepted.Seq {
			t.Errorf("the sender stands at %v, before its own command", p.position())
		}
	})
}

// The sender's view reaches the command's record, also on the instance's log.
func TestCommand_SendersViewReachesIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		mustSubmit(t, h, journal.InstanceLog, floor.Operator, "add", floor.AddOrganiser{Organiser: "o1", Name: "First"})
		p := dial(t, h, &oracle{mem: m, log: journal.InstanceLog}, "organiser:o1")
		p.send("x", floor.AddOrganiser{Organiser: "o2", Name: "Second"})
		synctest.Wait()
		accepted, _, _ := p.verdict("x")
		if accepted == nil || p.position().Seq != accepted.Seq {
			t.Errorf("%+v, but it stands at %v after %s", accepted, p.position(), p.kinds())
		}
	})
}

func TestSubmit_RepeatedIDGetsTheOriginalResult(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		a, b := newHub(t, m, m), newHub(t, m, m)
		open(t, a)
		first := mustSubmit(t, a, demo, "moderator:lead", "x", announce("tea"))
		for name, h := range map[string]*hub.Hub{"the same node": a, "another node": b} {
			if got := mustSubmit(t, h, demo, "moderator:lead", "x", announce("tea")); got != first {
				t.Errorf("%s returns %d, not %d", name, got, first)
			}
			if _, err := submit(h, demo, "moderator:lead", "x", announce("coffee")); codeOf(err) != wire.CodeIDReused {
				t.Errorf("%s, with another body: %v", name, err)
			}
		}
		mustSubmit(t, b, demo, "moderator:lead", "y", floor.LockMeeting{Meeting: "m0", Locked: true})
		if got := mustSubmit(t, b, demo, "moderator:lead", "y", floor.LockMeeting{Meeting: "m0", Locked: true}); got != first+1 {
			t.Errorf("what would be refused now is answered %d", got)
		}
		if n := len(records(t, m)); n != 4 {
			t.Errorf("the log has %d records", n)
		}
	})
}

// One batch has the same id twice, and a different body under it.
func TestSubmit_RepeatedIDInOneBatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		slow := &switchedJournal{Journal: m}
		h := newHub(t, slow, m)
		open(t, h)
		p := dial(t, h, &oracle{mem: m}, "moderator:lead")
		slow.holdAppends(true)
		p.send("first", announce("first"))
		synctest.Wait()
		p.send("x", announce("tea"))
		p.send("x", announce("tea"))
		p.send("x", announce("coffee"))
		synctest.Wait()
		slow.holdAppends(false)
		synctest.Wait()
		seqs, reused := map[uint64]int{}, 0
		for _, f := range p.frames {
			if f.Accepted != nil && f.Accepted.ID == "x" {
				seqs[f.Accepted.Seq]++
			}
			if f.Rejected != nil && f.Rejected.Code == wire.CodeIDReused {
				reused++
			}
		}
		if fmt.Sprint(seqs) != "map[4:2]" || reused != 1 {
			t.Errorf("accepted %v, reused %d", seqs, reused)
		}
	})
}

func TestCommand_AfterAndUntilAreObeyed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		p := dial(t, h, o, "moderator:lead")
		at := p.position().Seq
		p.send("a", floor.MoveMeeting{Meeting: "m0", Table: "T4"}, base(at))
		p.send("b", floor.MoveMeeting{Meeting: "m0", Table: "T1"}, base(at), after("a"))
		p.send("c", floor.MoveMeeting{Meeting: "m0", Table: "T4"}, base(at))
		p.send("d", floor.LockMeeting{Meeting: "m1", Locked: true}, base(at), after("nothing"))
		p.send("e", announce("late"), func(c *wire.Command) { c.Until = floor.Instant(time.Now().Add(-time.Second).UnixMilli()) })
		synctest.Wait()
		for id, want := range map[string]string{"a": "", "b": "", "c": "stale", "d": "after_missing", "e": "too_late"} {
			accepted, rejected, _ := p.verdict(id)
			if (want == "") != (accepted != nil) || rejected != nil && rejected.Code != want {
				t.Errorf("%s: %+v %+v, want %q", id, accepted, rejected, want)
			}
		}
	})
}

func digest(t *testing.T, s floor.State) string {
	t.Helper()
	d, err := s.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

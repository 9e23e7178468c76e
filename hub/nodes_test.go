package hub_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
	"github.com/matchfloor/matchfloor/wire"
)

// Many commands at once on two nodes of one log: each is applied once, and both nodes and all
// clients end with the same view.
func TestNodes_CommandsOfTwoAreAppliedOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		nodes := []*hub.Hub{newHub(t, m, m), newHub(t, m, m)}
		open(t, nodes[0])
		o := &oracle{mem: m}
		var phones []*phone
		for i, who := range []floor.ActorID{"moderator:lead", "attendee:c0a", "display:d0", "moderator:mod"} {
			phones = append(phones, dial(t, nodes[i%2], o, who))
		}
		var wg sync.WaitGroup
		for n, h := range nodes {
			for i := range 20 {
				wg.Go(func() {
					c := floor.CheckIn{Attendee: floor.AttendeeID(fmt.Sprintf("c%d%c", i%6, 'a'+n))}
					_, err := submit(h, demo, "moderator:lead", fmt.Sprintf("in%d-%d", n, i), c)
					if got := codeOf(err); err != nil && got != "already" && got != "nothing_changes" {
						t.Error(got)
					}
				})
			}
		}
		wg.Wait()
		synctest.Wait()
		for _, p := range phones {
			p.sync()
			if got := p.position().Seq; got != uint64(len(records(t, m))) {
				t.Errorf("%s stands at %d of %d", p.who.Actor, got, len(records(t, m)))
			}
		}
		if n := len(records(t, m)); n != 2+12 {
			t.Errorf("%d records, not 14", n)
		}
	})
}

// Two moderators move one meeting on two nodes: one is accepted; the refusal of the other says
// who was first.
func TestNodes_CollisionNamesTheFirst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		lazy := &switchedJournal{Journal: m} // the second node learns nothing by itself
		a, b := newHub(t, m, m), newHub(t, lazy, m)
		open(t, a)
		o := &oracle{mem: m}
		first, second := dial(t, a, o, "moderator:lead"), dial(t, b, o, "moderator:mod")
		at := first.position().Seq
		lazy.noHints.Store(true)
		first.send("x", floor.MoveMeeting{Meeting: "m0", Round: "R2"}, base(at))
		synctest.Wait()
		second.send("y", floor.LockMeeting{Meeting: "m0", Locked: true}, base(at))
		synctest.Wait()
		_, rejected, _ := second.verdict("y")
		if rejected == nil || rejected.Code != "stale" || rejected.Params["by"] != "moderator:lead" {
			t.Errorf("the second: %+v", rejected)
		}
	})
}

// A command is not refused on a state that is outdated: the other node freed the table
// meanwhile.
func TestNodes_RefusalIsConfirmedOnTheNewestState(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		lazy := &switchedJournal{Journal: m}
		a, b := newHub(t, m, m), newHub(t, lazy, m)
		open(t, a)
		if _, _, err := b.State(t.Context(), demo); err != nil {
			t.Fatal(err)
		}
		lazy.noHints.Store(true)
		mustSubmit(t, a, demo, "moderator:lead", "free", floor.MoveMeeting{Meeting: "m1", Table: "T4"})
		synctest.Wait()
		mustSubmit(t, b, demo, "moderator:lead", "take", floor.MoveMeeting{Meeting: "m0", Table: "T2"})
	})
}

// The result of an append is lost: the same bytes are sent again, and the command is
// acknowledged once.
func TestAppend_LostResultIsAcknowledgedOnce(t *testing.T) {
	for name, script := range map[string][]faultyjournal.Fault{
		"persisted":             {faultyjournal.Persisted},
		"lost":                  {faultyjournal.Lost},
		"lost, then persisted":  {faultyjournal.Lost, faultyjournal.Persisted, faultyjournal.Lost},
		"persisted, then away":  {faultyjournal.Persisted, faultyjournal.Unavailable, faultyjournal.Unavailable},
		"lost, then away, once": {faultyjournal.Lost, faultyjournal.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				m := newMemory()
				j := faultyjournal.Wrap(m, 1, faultyjournal.Odds{})
				h := newHub(t, j, m)
				open(t, h)
				p := dial(t, h, &oracle{mem: m}, "moderator:lead")
				j.Script(demo, script...)
				p.send("x", announce("tea"))
				time.Sleep(time.Second)
				synctest.Wait()
				accepted, rejected, n := p.verdict("x")
				if accepted == nil || accepted.Seq != 3 || n != 1 {
					t.Errorf("%+v %+v, %d verdicts", accepted, rejected, n)
				}
				if n := len(records(t, m)); n != 3 {
					t.Errorf("%d records", n)
				}
			})
		})
	}
}

// The outcome of an append is unknown for longer than a command may take: its sender is told to
// send it again, the node keeps asking, and the command is applied once.
func TestAppend_UnknownOutcomeIsResolved(t *testing.T) {
	for name, fault := range map[string]faultyjournal.Fault{"persisted": faultyjournal.Persisted, "lost": faultyjournal.Lost} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				m := newMemory()
				j := faultyjournal.Wrap(m, 1, faultyjournal.Odds{})
				h := newHub(t, j, m)
				open(t, h)
				p := dial(t, h, &oracle{mem: m}, "moderator:lead")
				script := []faultyjournal.Fault{fault}
				for range 30 {
					script = append(script, faultyjournal.Lost)
				}
				j.Script(demo, script...)
				p.send("x", announce("tea"))
				time.Sleep(5 * time.Second)
				synctest.Wait()
				if _, rejected, n := p.verdict("x"); rejected == nil || rejected.Code != wire.CodeUnavailable || n != 1 {
					t.Fatalf("%+v, %d verdicts", rejected, n)
				}
				for range 60 { // until the script is used up
					time.Sleep(time.Second)
					p.sync()
				}
				p.clear()
				p.send("x", announce("tea"))
				synctest.Wait()
				if accepted, rejected, _ := p.verdict("x"); accepted == nil || accepted.Seq != 3 {
					t.Errorf("sent again: %+v %+v", accepted, rejected)
				}
				if n := len(records(t, m)); n != 3 {
					t.Errorf("%d records", n)
				}
			})
		})
	}
}

func TestOutage_ScreensGoOnAndCommandsAreRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		j := faultyjournal.Wrap(m, 1, faultyjournal.Odds{})
		h := newHub(t, j, m)
		open(t, h)
		o := &oracle{mem: m}
		p := dial(t, h, o, "moderator:lead")
		j.SetUnreachable(true)
		start := time.Now()
		p.send("x", announce("tea"))
		synctest.Wait()
		if _, rejected, _ := p.verdict("x"); rejected == nil || rejected.Code != wire.CodeUnavailable || time.Since(start) > 0 {
			t.Fatalf("while the journal is away: %+v after %v", rejected, time.Since(start))
		}
		time.Sleep(20500 * time.Millisecond)
		p.send("y", announce("cake"))
		synctest.Wait()
		if _, rejected, _ := p.verdict("y"); rejected == nil || rejected.Code != wire.CodeUnavailable {
			t.Errorf("a while later: %+v", rejected)
		}
		p.sync()
		if p.lastFrame("live").Live.StaleSince == 0 {
			t.Error("the moderator is not shown since when")
		}
		if q := dial(t, h, o, "attendee:c0a"); q.kinds() != "hello snapshot live" || q.lastFrame("live").Live.StaleSince == 0 {
			t.Errorf("a new screen meanwhile was sent %s", q.kinds())
		}
		if _, err := h.Attach(t.Context(), "other", credential("attendee:c0a"), p); codeOf(err) == "" {
			t.Error("a log that is not open was opened")
		}
		j.SetUnreachable(false)
		time.Sleep(2500 * time.Millisecond)
		p.clear()
		p.send("x", announce("tea"))
		synctest.Wait()
		if accepted, _, n := p.verdict("x"); accepted == nil || n != 1 {
			t.Errorf("afterwards: %+v, %d verdicts", accepted, n)
		}
		time.Sleep(2 * time.Second)
		p.sync()
		if s := h.Stats(); s.LogsAway != 0 || s.Outages != 2 { // of the event's log and the instance's
			t.Errorf("%+v", s)
		}
	})
}

// Hints that are lost, late, doubled or out of order cost at most the second between two checks
// of the head.
func TestHints_BadOnesCostOneSecondAtMost(t *testing.T) {
	for name, odds := range map[string]faultyjournal.Odds{
		"lost":    {HintLost: 1},
		"doubled": {HintDoubled: 1},
		"late":    {HintLate: 1, HintDelay: 5 * time.Second},
		"swapped": {HintSwapped: 0.7},
		"mixed":   {HintLost: 0.3, HintDoubled: 0.2, HintLate: 0.2, HintSwapped: 0.2, HintDelay: 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				m := newMemory()
				a := newHub(t, m, m)
				b := newHub(t, faultyjournal.Wrap(m, 7, odds), m)
				open(t, a)
				o := &oracle{mem: m}
				p := dial(t, b, o, "attendee:c0a")
				for i := range 30 {
					seq := mustSubmit(t, a, demo, "moderator:lead", fmt.Sprint("n", i), announce(fmt.Sprint("news ", i)))
					time.Sleep(1100 * time.Millisecond)
					synctest.Wait()
					if got := p.position().Seq; got != seq {
						t.Fatalf("after 1.1 s the phone stands at %d, not %d", got, seq)
					}
				}
			})
		})
	}
}

// If a hint does not follow from the head, the log is read at once.
func TestHints_GapIsReadAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		lazy := &switchedJournal{Journal: m}
		a, b := newHub(t, m, m), newHub(t, lazy, m)
		open(t, a)
		p := dial(t, b, &oracle{mem: m}, "attendee:c0a")
		lazy.noHints.Store(true)
		mustSubmit(t, a, demo, "moderator:lead", "x", announce("tea"))
		synctest.Wait()
		lazy.noHints.Store(false)
		seq := mustSubmit(t, a, demo, "moderator:lead", "y", announce("cake"))
		synctest.Wait()
		if p.position().Seq != seq {
			t.Errorf("the phone stands at %v, not %d", p.position(), seq)
		}
	})
}

// Every call of the journal fails now and then, on two nodes; every command is sent until it has
// a verdict. Each is then in the log once, and every view is the log's.
func TestNodes_EverythingFailsAndNothingIsLost(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				m := newMemory()
				odds := faultyjournal.Odds{
					Persisted: 0.15, Lost: 0.1, Unavailable: 0.05, CheckHeadFails: 0.1, ReadFails: 0.1,
					HintLost: 0.2, HintDoubled: 0.1, HintLate: 0.2, HintSwapped: 0.1, HintDelay: 300 * time.Millisecond,
				}
				open(t, newHub(t, m, m))
				nodes := []*hub.Hub{
					newHub(t, faultyjournal.Wrap(m, seed, odds), m),
					newHub(t, faultyjournal.Wrap(m, seed+1000, odds), m),
				}
				o := &oracle{mem: m}
				var phones []*phone
				for i, who := range []floor.ActorID{"moderator:lead", "attendee:c0a", "display:d0", "attendee:c3b"} {
					phones = append(phones, dialRepeatedly(t, nodes[i%2], o, who))
				}
				var wg sync.WaitGroup
				for i := range 40 {
					wg.Go(func() {
						for try := 0; ; try++ {
							if done := submitOnce(t, nodes[(i+try)%2], i); done {
								return
							}
							time.Sleep(time.Duration(100+i) * time.Millisecond)
						}
					})
				}
				wg.Wait()
				time.Sleep(3 * time.Second)
				keys := map[floor.CommandKey]int{}
				all := records(t, m)
				for _, r := range all {
					keys[r.Key]++
				}
				if len(keys) != 42 || len(all) != 42 {
					t.Errorf("%d commands in %d records", len(keys), len(all))
				}
				for _, p := range phones {
					for range 5 { // a check of the head may fail too
						p.sync()
						time.Sleep(time.Second)
					}
					p.sync()
					if got := p.position().Seq; got != uint64(len(all)) {
						t.Errorf("%s stands at %d of %d", p.who.Actor, got, len(all))
					}
				}
			})
		})
	}
}

// dialRepeatedly dials until the node can open the log.
func dialRepeatedly(t *testing.T, h *hub.Hub, o *oracle, who floor.ActorID) *phone {
	t.Helper()
	for range 100 {
		if _, _, err := h.State(t.Context(), demo); err == nil {
			break
		}
		time.Sleep(time.Second)
	}
	return dial(t, h, o, who)
}

// submitOnce submits the ith command once and reports whether it has a final verdict.
func submitOnce(t *testing.T, h *hub.Hub, i int) bool {
	_, err := submit(h, demo, "moderator:lead", fmt.Sprint("n", i), floor.Announce{Text: floor.Text{En: fmt.Sprint("news ", i)}, Minutes: 200})
	if err != nil && !wire.Retry(codeOf(err)) {
		t.Errorf("n%d: %v", i, err)
		return true
	}
	return err == nil
}

// What falls due is submitted by every node and is applied once.
func TestDeadlines_AreAppliedOnceByTwoNodes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		a, b := newHub(t, m, m), newHub(t, m, m)
		open(t, a)
		o := &oracle{mem: m}
		phones := []*phone{dial(t, a, o, "moderator:lead"), dial(t, b, o, "moderator:mod")}
		mustSubmit(t, a, demo, "moderator:lead", "tea", floor.Announce{Text: floor.Text{En: "tea"}, Minutes: 2})
		mustSubmit(t, a, demo, "moderator:lead", "fast", floor.SetClock{Event: floor.Instant(time.Now().UnixMilli()), Rate: 60})
		before := len(records(t, m))
		time.Sleep(2500 * time.Millisecond) // two minutes and a half at sixty
		synctest.Wait()
		after := records(t, m)
		if len(after) != before+1 || after[before].By != floor.Clock {
			t.Errorf("%d records were added, the first by %s", len(after)-before, after[before].By)
		}
		for _, p := range phones {
			if p.position().Seq != uint64(len(after)) {
				t.Errorf("%s stands at %v", p.who.Actor, p.position())
			}
		}
	})
}

// Records are stamped with the journal's time, not with the node's.
func TestClock_StampsAreTheJournalsTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := journal.NewMemory(func() time.Time { return time.Now().Add(time.Hour) })
		h := newHub(t, m, m)
		open(t, h)
		mustSubmit(t, h, demo, "moderator:lead", "x", announce("tea"))
		all := records(t, m)
		if late := all[2].Wall - floor.Instant(time.Now().Add(time.Hour).UnixMilli()); late < -10 || late > 10 {
			t.Errorf("the stamp is %d ms off the journal's clock", late)
		}
	})
}

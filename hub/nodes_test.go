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

// Many commands on two nodes at once, one log: each is applied once, and both
// nodes and all phones end at the same view.
func TestTwoNodesOneLog(t *testing.T) {
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
					_, err := try(h, demo, "moderator:lead", fmt.Sprintf("in%d-%d", n, i), c)
					if got := code(err); err != nil && got != "already" && got != "nothing_changes" {
						t.Error(got)
					}
				})
			}
		}
		wg.Wait()
		synctest.Wait()
		for _, p := range phones {
			p.level()
			if got := p.position().Seq; got != uint64(len(records(t, m))) {
				t.Errorf("%s stands at %d of %d", p.who.Who, got, len(records(t, m)))
			}
		}
		if n := len(records(t, m)); n != 2+12 {
			t.Errorf("%d records, not 14", n)
		}
	})
}

// Two moderators move one meeting on two nodes: one is accepted, the other is
// told who was first.
func TestCollisionAcrossNodes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		lazy := &deaf{Journal: m} // the second node learns nothing by itself
		a, b := newHub(t, m, m), newHub(t, lazy, m)
		open(t, a)
		o := &oracle{mem: m}
		first, second := dial(t, a, o, "moderator:lead"), dial(t, b, o, "moderator:mod")
		at := first.position().Seq
		lazy.quiet.Store(true)
		first.do("x", floor.MoveMeeting{Meeting: "m0", Round: "R2"}, base(at))
		synctest.Wait()
		second.do("y", floor.LockMeeting{Meeting: "m0", Locked: true}, base(at))
		synctest.Wait()
		_, rejected, _ := second.answer("y")
		if rejected == nil || rejected.Code != "stale" || rejected.Params["by"] != "moderator:lead" {
			t.Errorf("the second: %+v", rejected)
		}
	})
}

// A refusal on a state that was already past is none: the other node freed the
// table meanwhile.
func TestRefusalsAreConfirmed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		lazy := &deaf{Journal: m}
		a, b := newHub(t, m, m), newHub(t, lazy, m)
		open(t, a)
		if _, _, err := b.State(t.Context(), demo); err != nil {
			t.Fatal(err)
		}
		lazy.quiet.Store(true)
		give(t, a, demo, "moderator:lead", "free", floor.MoveMeeting{Meeting: "m1", Table: "T4"})
		synctest.Wait()
		give(t, b, demo, "moderator:lead", "take", floor.MoveMeeting{Meeting: "m0", Table: "T2"})
	})
}

// The answer to an append is lost: the same bytes are sent again, and the command
// is acknowledged once.
func TestFailedButPersisted(t *testing.T) {
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
				p.do("x", announce("tea"))
				time.Sleep(time.Second)
				synctest.Wait()
				accepted, rejected, n := p.answer("x")
				if accepted == nil || accepted.Seq != 3 || n != 1 {
					t.Errorf("%+v %+v, %d answers", accepted, rejected, n)
				}
				if n := len(records(t, m)); n != 3 {
					t.Errorf("%d records", n)
				}
			})
		})
	}
}

// A batch that stays unanswered for longer than a command may take: its sender is
// told to send it again, the node keeps asking, and it is applied once.
func TestUnsettledAppend(t *testing.T) {
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
				p.do("x", announce("tea"))
				time.Sleep(5 * time.Second)
				synctest.Wait()
				if _, rejected, n := p.answer("x"); rejected == nil || rejected.Code != wire.CodeUnavailable || n != 1 {
					t.Fatalf("%+v, %d answers", rejected, n)
				}
				for range 60 { // until the script is used up
					time.Sleep(time.Second)
					p.level()
				}
				p.clear()
				p.do("x", announce("tea"))
				synctest.Wait()
				if accepted, rejected, _ := p.answer("x"); accepted == nil || accepted.Seq != 3 {
					t.Errorf("sent again: %+v %+v", accepted, rejected)
				}
				if n := len(records(t, m)); n != 3 {
					t.Errorf("%d records", n)
				}
			})
		})
	}
}

func TestOutageAndRecovery(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		j := faultyjournal.Wrap(m, 1, faultyjournal.Odds{})
		h := newHub(t, j, m)
		open(t, h)
		o := &oracle{mem: m}
		p := dial(t, h, o, "moderator:lead")
		j.SetAway(true)
		start := time.Now()
		p.do("x", announce("tea"))
		synctest.Wait()
		if _, rejected, _ := p.answer("x"); rejected == nil || rejected.Code != wire.CodeUnavailable || time.Since(start) > 0 {
			t.Fatalf("while the journal is away: %+v after %v", rejected, time.Since(start))
		}
		time.Sleep(20500 * time.Millisecond)
		p.do("y", announce("cake"))
		synctest.Wait()
		if _, rejected, _ := p.answer("y"); rejected == nil || rejected.Code != wire.CodeUnavailable {
			t.Errorf("a while later: %+v", rejected)
		}
		p.level()
		if p.last("live").Live.StaleSince == 0 {
			t.Error("the moderator is not shown since when")
		}
		if q := dial(t, h, o, "attendee:c0a"); q.kinds() != "hello snapshot live" || q.last("live").Live.StaleSince == 0 {
			t.Errorf("a new screen meanwhile was sent %s", q.kinds())
		}
		if _, err := h.Attach(t.Context(), "other", credential("attendee:c0a"), p); code(err) == "" {
			t.Error("a log that is not open was opened")
		}
		j.SetAway(false)
		time.Sleep(2500 * time.Millisecond)
		p.clear()
		p.do("x", announce("tea"))
		synctest.Wait()
		if accepted, _, n := p.answer("x"); accepted == nil || n != 1 {
			t.Errorf("afterwards: %+v, %d answers", accepted, n)
		}
		time.Sleep(2 * time.Second)
		p.level()
		if s := h.Stats(); s.LogsAway != 0 || s.Outages != 2 { // of the event's log and the instance's
			t.Errorf("%+v", s)
		}
	})
}

// Hints that are lost, late, doubled or out of order cost at most the head
// check's second.
func TestBadHintsConverge(t *testing.T) {
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
					seq := give(t, a, demo, "moderator:lead", fmt.Sprint("n", i), announce(fmt.Sprint("news ", i)))
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

// A hint that does not join is reason to read the log at once.
func TestGapInHintsIsReadAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		lazy := &deaf{Journal: m}
		a, b := newHub(t, m, m), newHub(t, lazy, m)
		open(t, a)
		p := dial(t, b, &oracle{mem: m}, "attendee:c0a")
		lazy.quiet.Store(true)
		give(t, a, demo, "moderator:lead", "x", announce("tea"))
		synctest.Wait()
		lazy.quiet.Store(false)
		seq := give(t, a, demo, "moderator:lead", "y", announce("cake"))
		synctest.Wait()
		if p.position().Seq != seq {
			t.Errorf("the phone stands at %v, not %d", p.position(), seq)
		}
	})
}

// Everything fails now and then, on two nodes; every command is sent until it is
// answered. Each is then in the log once, and every view is the log's.
func TestEverythingFails(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				m := newMemory()
				odds := faultyjournal.Odds{
					Persisted: 0.15, Lost: 0.1, Unavailable: 0.05, ConfirmFails: 0.1, ReadFails: 0.1,
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
					phones = append(phones, patient(t, nodes[i%2], o, who))
				}
				var wg sync.WaitGroup
				for i := range 40 {
					wg.Go(func() {
						for try := 0; ; try++ {
							if done := attempt(t, nodes[(i+try)%2], i); done {
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
						p.level()
						time.Sleep(time.Second)
					}
					p.level()
					if got := p.position().Seq; got != uint64(len(all)) {
						t.Errorf("%s stands at %d of %d", p.who.Who, got, len(all))
					}
				}
			})
		})
	}
}

// patient dials until the node can open the log.
func patient(t *testing.T, h *hub.Hub, o *oracle, who floor.ActorID) *phone {
	t.Helper()
	for range 100 {
		if _, _, err := h.State(t.Context(), demo); err == nil {
			break
		}
		time.Sleep(time.Second)
	}
	return dial(t, h, o, who)
}

// attempt gives the ith command once and answers whether it is settled.
func attempt(t *testing.T, h *hub.Hub, i int) bool {
	_, err := try(h, demo, "moderator:lead", fmt.Sprint("n", i), floor.Announce{Text: floor.Text{En: fmt.Sprint("news ", i)}, Minutes: 200})
	if err != nil && !wire.Retry(code(err)) {
		t.Errorf("n%d: %v", i, err)
		return true
	}
	return err == nil
}

// What falls due is submitted by every node and happens once.
func TestDueFiresOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		a, b := newHub(t, m, m), newHub(t, m, m)
		open(t, a)
		o := &oracle{mem: m}
		phones := []*phone{dial(t, a, o, "moderator:lead"), dial(t, b, o, "moderator:mod")}
		give(t, a, demo, "moderator:lead", "tea", floor.Announce{Text: floor.Text{En: "tea"}, Minutes: 2})
		give(t, a, demo, "moderator:lead", "fast", floor.SetClock{Event: floor.Instant(time.Now().UnixMilli()), Rate: 60})
		before := len(records(t, m))
		time.Sleep(2500 * time.Millisecond) // two minutes and a half at sixty
		synctest.Wait()
		after := records(t, m)
		if len(after) != before+1 || after[before].By != floor.Clock {
			t.Errorf("%d records were added, the first by %s", len(after)-before, after[before].By)
		}
		for _, p := range phones {
			if p.position().Seq != uint64(len(after)) {
				t.Errorf("%s stands at %v", p.who.Who, p.position())
			}
		}
	})
}

// Stamps are the journal's time, whatever the node believes.
func TestJournalsClock(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := journal.NewMemory(func() time.Time { return time.Now().Add(time.Hour) })
		h := newHub(t, m, m)
		open(t, h)
		give(t, h, demo, "moderator:lead", "x", announce("tea"))
		all := records(t, m)
		if late := all[2].Wall - floor.Instant(time.Now().Add(time.Hour).UnixMilli()); late < -10 || late > 10 {
			t.Errorf("the stamp is %d ms off the journal's clock", late)
		}
	})
}

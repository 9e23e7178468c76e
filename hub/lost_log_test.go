package hub_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/hub/replica"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
	"github.com/matchfloor/matchfloor/wire"
)

// lossyNodes are two nodes on one journal whose store can be replaced, with an event that
// the instance lists, and a few clients.
func lossyNodes(t *testing.T) *twoNodes {
	t.Helper()
	h := &twoNodes{t: t, store: newFailover()}
	h.oracle = &oracle{mem: h.store}
	snaps := newMemory()
	h.nodes = []*hub.Hub{newHub(t, h.store, snaps), newHub(t, h.store, snaps)}
	if err := hub.ImportForum(t.Context(), h.nodes[0], floor.Operator, "operator-cli", forum(time.Now())); err != nil {
		t.Fatal(err)
	}
	mustSubmit(t, h.nodes[0], demo, "operator:cli", "release", floor.ReleaseSchedule{})
	for i, who := range []floor.ActorID{"moderator:lead", "moderator:mod", "attendee:c0a", "attendee:c3a", "display:d0", "interpreter:i0"} {
		h.phones = append(h.phones, dial(t, h.nodes[i%2], h.oracle, who))
	}
	for _, n := range h.nodes {
		if _, _, err := n.State(t.Context(), journal.InstanceLog); err != nil {
			t.Fatal(err)
		}
	}
	h.announce(4, "before")
	return h
}

// use makes another store the journal, and returns the one before.
func (f *failover) use(next *journal.Memory) (before *journal.Memory) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before = f.now
	close(f.ended)
	f.now, f.ended = next, make(chan struct{})
	return before
}

// checkHeld checks that every node and client holds what it has: 10 s after the loss, with a
// deadline in between.
func (h *twoNodes) checkHeld(why string, found journal.Position) {
	h.t.Helper()
	time.Sleep(10 * time.Second)
	synctest.Wait()
	for i, n := range h.nodes {
		if _, err := submit(n, demo, "moderator:lead", fmt.Sprint("wait", i), announce("after the loss")); codeOf(err) != "unavailable" {
			h.t.Errorf("node %d: a command during the loss is answered with %v", i, err)
		}
		stats := n.Stats()
		if len(stats.LostLogs) == 0 || stats.LostLogs[len(stats.LostLogs)-1].Log != demo || stats.LostLogs[len(stats.LostLogs)-1].Why != why {
			h.t.Errorf("node %d: the lost logs are %v, not one of %s that is %s", i, stats.LostLogs, demo, why)
		}
		if stats.Losses == 0 || stats.LogsAway != 0 || n.Ready() != nil {
			h.t.Errorf("node %d: %d losses, %d logs away, ready: %v", i, stats.Losses, stats.LogsAway, n.Ready())
		}
		if _, _, err := n.LinearizableState(h.t.Context(), demo); !errors.Is(err, hub.ErrUnavailable) {
			h.t.Errorf("node %d: a linearizable read during the loss returns %v", i, err)
		}
		if _, _, err := n.State(h.t.Context(), demo); err != nil {
			h.t.Errorf("node %d: the held state: %v", i, err)
		}
	}
	for _, p := range h.phones {
		if p.closeCode() != 0 || strings.Contains(p.kinds(), "snapshot") || p.lastFrame("live").Live.StaleSince == 0 {
			h.t.Errorf("%s: closed with %d, was sent %s; stale since %d", p.who.Actor, p.closeCode(), p.kinds(), p.lastFrame("live").Live.StaleSince)
		}
	}
	if got := headOf(h.t, h.store); got != found {
		h.t.Errorf("the lost log is at %v, and was found at %v", got, found)
	}
	late := dial(h.t, h.nodes[0], h.oracle, "attendee:c4a")
	if late.closeCode() != 0 || late.position().Seq == 0 {
		h.t.Errorf("a phone that comes during the loss: closed with %d, at %v", late.closeCode(), late.position())
	}
	late.session.Detach()
}

// checkBack checks that every client is live again, and that a command that waited is applied.
func (h *twoNodes) checkBack() {
	h.t.Helper()
	h.checkConverged()
	for i, n := range h.nodes {
		mustSubmit(h.t, n, demo, "moderator:lead", fmt.Sprint("wait", i), announce("after the loss"))
		synctest.Wait()
		if lost := n.Stats().LostLogs; len(lost) != 0 {
			h.t.Errorf("node %d: still lost: %v", i, lost)
		}
	}
	h.checkConverged()
	for _, p := range h.phones {
		if p.closeCode() != 0 || p.lastFrame("live").Live.StaleSince != 0 {
			h.t.Errorf("%s: closed with %d, stale since %d", p.who.Actor, p.closeCode(), p.lastFrame("live").Live.StaleSince)
		}
	}
}

func (h *twoNodes) clearPhones() {
	for _, p := range h.phones {
		p.sync()
		p.clear()
	}
}

// An emptied journal: the nodes hold what they have, write nothing, and go on when the log is
// back.
func TestLost_EmptyLogIsHeldUntilItIsBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := lossyNodes(t)
		h.clearPhones()
		before := h.store.use(newMemory())
		h.checkHeld("empty", journal.Genesis(demo, 1))
		if page, err := h.store.Read(t.Context(), journal.InstanceLog, 0, 0); err != nil || page.Head.Seq != 0 {
			t.Errorf("the instance's log is at %v, %v", page.Head, err)
		}
		h.store.use(before)
		h.checkBack()
		for _, p := range h.phones {
			if strings.Contains(p.kinds(), "snapshot") {
				t.Errorf("%s was sent %s", p.who.Actor, p.kinds())
			}
		}
	})
}

// Another instance is behind the address, with an event of the same id.
func TestLost_ForeignLogIsHeld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := lossyNodes(t)
		h.clearPhones()
		time.Sleep(time.Second)
		other := newMemory()
		stranger := newHub(t, other, other)
		open(t, stranger)
		for i := range 12 { // more records than this instance has
			mustSubmit(t, stranger, demo, "moderator:lead", fmt.Sprint("o", i), announce("of the other"))
		}
		found := headOf(t, other)
		before := h.store.use(other)
		h.checkHeld("foreign", found)
		for i, n := range h.nodes {
			for _, r := range hub.Recover(t.Context(), n, false) {
				if r.Err == nil {
					t.Errorf("node %d has written over %s of another instance", i, r.Log)
				}
			}
		}
		h.store.use(before)
		h.checkBack()
	})
}

// A log from before an erasure that the nodes have followed would show what was erased.
func TestLost_OlderLogIsHeld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := lossyNodes(t)
		old := h.store.use(copyOf(t, h.store))
		found := headOf(t, h.store)
		l, err := archive.ReadLog(t.Context(), h.store, demo)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.store.Replace(t.Context(), demo, l.Head(), l.Records); err != nil {
			t.Fatal(err)
		}
		h.oracle.reload()
		h.checkConverged()
		h.clearPhones()
		before := h.store.use(old)
		h.checkHeld("older", found)
		h.store.use(before)
		h.checkBack()
	})
}

// copyOf returns a journal with the same logs.
func copyOf(t *testing.T, j journal.Journal) *journal.Memory {
	t.Helper()
	next := newMemory()
	for _, log := range []journal.LogID{demo, journal.InstanceLog} {
		l, err := archive.ReadLog(t.Context(), j, log)
		if err != nil {
			t.Fatal(err)
		}
		if len(l.Records) == 0 {
			continue
		}
		if _, err := next.Append(t.Context(), log, journal.Genesis(log, 1), l.Records, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	return next
}

// One node refills the emptied journal, and the other follows it, at the same positions: no
// client notices more than that it was stale.
func TestRecover_RefillsTheJournal(t *testing.T) {
	for _, epoch := range []uint64{1, 3} {
		t.Run(fmt.Sprint("epoch ", epoch), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := lossyNodes(t)
				for at := headOf(t, h.store); at.Epoch < epoch; at = headOf(t, h.store) {
					l, err := archive.ReadLog(t.Context(), h.store, demo)
					if err != nil {
						t.Fatal(err)
					}
					if _, err := h.store.Replace(t.Context(), demo, at, l.Records); err != nil {
						t.Fatal(err)
					}
					h.oracle.reload()
					h.checkConverged()
				}
				before := headOf(t, h.store)
				h.clearPhones()
				h.store.use(newMemory())
				h.checkHeld("empty", journal.Genesis(demo, 1))
				recovered := hub.Recover(t.Context(), h.nodes[0], false)
				if len(recovered) != 2 || recovered[0].Log != demo || recovered[0].Err != nil || recovered[1].Log != journal.InstanceLog || recovered[1].Err != nil {
					t.Fatalf("recover returns %v", recovered)
				}
				if got := headOf(t, h.store); got != before {
					t.Errorf("the log is at %v, before the loss at %v", got, before)
				}
				h.checkBack()
				for _, p := range h.phones {
					if strings.Contains(p.kinds(), "snapshot") {
						t.Errorf("%s was sent %s", p.who.Actor, p.kinds())
					}
				}
			})
		})
	}
}

// Given on a second node right after the first, with or without over, recover finds the log that
// the first has written back, and leaves it as it is.
func TestRecover_OnASecondNodeLeavesWhatTheFirstHasWritten(t *testing.T) {
	for _, over := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			h := lossyNodes(t)
			before := headOf(t, h.store)
			h.clearPhones()
			h.store.use(newMemory())
			h.checkHeld("empty", journal.Genesis(demo, 1))
			for i, node := range h.nodes {
				for _, r := range hub.Recover(t.Context(), node, over) {
					if r.Err != nil || r.Log == demo && r.Records != int(before.Seq) {
						t.Errorf("over %t: on node %d of %s: %d records, %v", over, i+1, r.Log, r.Records, r.Err)
					}
				}
			}
			if got := headOf(t, h.store); got != before {
				t.Errorf("over %t: the log is at %v, before the loss at %v", over, got, before)
			}
			h.checkBack()
		})
	}
}

// A log that nobody watches is not forgotten while it is lost: this node may be the only one
// that holds it.
func TestLost_IdleLogIsHeld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := lossyNodes(t)
		before := headOf(t, h.store)
		h.store.use(newMemory())
		time.Sleep(2 * time.Second)
		for _, p := range h.phones {
			p.session.Detach()
		}
		time.Sleep(time.Hour)
		for _, r := range hub.Recover(t.Context(), h.nodes[1], false) {
			if r.Err != nil {
				t.Errorf("%s: %v", r.Log, r.Err)
			}
		}
		if got := headOf(t, h.store); got != before {
			t.Errorf("the log is at %v, before the loss at %v", got, before)
		}
	})
}

// An operator may put what a node holds in the place of another instance's records.
func TestRecover_ReplacesForeignRecordsIfAsked(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := lossyNodes(t)
		time.Sleep(time.Second)
		other := newMemory()
		stranger := newHub(t, other, other)
		if err := hub.ImportForum(t.Context(), stranger, floor.Operator, "operator-cli", forum(time.Now())); err != nil {
			t.Fatal(err)
		}
		h.clearPhones()
		h.store.use(other)
		h.checkHeld("foreign", headOf(t, other))
		for _, r := range hub.Recover(t.Context(), h.nodes[1], true) {
			if r.Err != nil {
				t.Errorf("%s: %v", r.Log, r.Err)
			}
		}
		h.oracle.reload()
		h.checkBack()
	})
}

// A node that began from a stored snapshot reads the records before it, so that it can give
// back the whole log.
func TestRecover_NodeThatStartedFromASnapshotHoldsTheWholeLog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		store, snaps := newFailover(), newMemory()
		h := newHub(t, store, snaps, func(o *hub.Options) { o.SnapshotEvery = 5 })
		if err := hub.ImportForum(t.Context(), h, floor.Operator, "operator-cli", forum(time.Now())); err != nil {
			t.Fatal(err)
		}
		for i := range 40 {
			mustSubmit(t, h, demo, "moderator:lead", fmt.Sprint("n", i), announce(fmt.Sprint("n", i)))
		}
		synctest.Wait()
		if at, _, ok, err := snaps.Snapshot(t.Context(), demo); err != nil || !ok || at.Seq < 2 {
			t.Fatalf("the stored snapshot: %v, %t, %v", at, ok, err)
		}
		second := newHub(t, store, snaps, func(o *hub.Options) { o.HistorySize = 4 })
		o := &oracle{mem: store}
		dial(t, second, o, "attendee:c0a")
		synctest.Wait()
		before := headOf(t, store)
		store.use(newMemory())
		time.Sleep(2 * time.Second)
		for _, r := range hub.Recover(t.Context(), second, false) {
			if r.Log == demo && r.Err != nil {
				t.Error(r.Err)
			}
		}
		if got := headOf(t, store); got != before {
			t.Errorf("the log is at %v, before the loss at %v", got, before)
		}
	})
}

// An archive is restored while the nodes run: its new epoch wins, and a command that it lacks
// is reported to its sender.
func TestLost_RestoreWinsNextToRunningNodes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := lossyNodes(t)
		var logs []archive.Log
		for _, log := range []journal.LogID{demo, journal.InstanceLog} {
			l, err := archive.ReadLog(t.Context(), h.store, log)
			if err != nil {
				t.Fatal(err)
			}
			logs = append(logs, l)
		}
		h.announce(2, "after the backup")
		h.clearPhones()
		h.store.use(newMemory())
		h.checkHeld("empty", journal.Genesis(demo, 1))
		for _, l := range logs {
			if err := archive.Check(t.Context(), h.store, l); err != nil {
				t.Fatal(err)
			}
			if _, err := archive.Restore(t.Context(), h.store, l); err != nil {
				t.Fatal(err)
			}
		}
		h.oracle.reload()
		h.checkBack()
		if lost := lostCards(t, h.phones[0]); len(lost) != 2 {
			t.Errorf("%d lost commands are reported, not 2", len(lost))
		}
	})
}

// A node starts while the event's log is empty, and the instance lists it.
func TestLost_NodeThatStartsHoldsNothingAndBeginsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := lossyNodes(t)
		partly := newMemory()
		l, err := archive.ReadLog(t.Context(), h.store, journal.InstanceLog)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := partly.Append(t.Context(), journal.InstanceLog, journal.Genesis(journal.InstanceLog, 1), l.Records, time.Time{}); err != nil {
			t.Fatal(err)
		}
		before := h.store.use(partly)
		fresh := newHub(t, h.store, newMemory())
		if _, _, err := fresh.State(t.Context(), journal.InstanceLog); err != nil {
			t.Fatal(err)
		}
		if _, _, err := fresh.State(t.Context(), demo); !errors.Is(err, hub.ErrLost) || !errors.Is(err, hub.ErrUnavailable) {
			t.Errorf("State returns %v", err)
		}
		if _, err := fresh.Attach(t.Context(), demo, credential("attendee:c0a"), newPhone(t, fresh, h.oracle, "attendee:c0a")); !errors.Is(err, hub.ErrUnavailable) {
			t.Errorf("Attach returns %v", err)
		}
		err = hub.ImportForum(t.Context(), fresh, floor.Operator, "operator-cli", forum(time.Now()))
		if p, ok := errors.AsType[*wire.Problem](err); !ok || p.Code != wire.CodeUnavailable {
			t.Errorf("an import returns %v", err)
		}
		time.Sleep(2 * time.Second)
		if lost := fresh.Stats().LostLogs; len(lost) != 1 || lost[0].Log != demo || fresh.Ready() != nil {
			t.Errorf("the lost logs are %v; ready: %v", lost, fresh.Ready())
		}
		if got := headOf(t, h.store); got.Seq != 0 {
			t.Errorf("the empty log is at %v", got)
		}
		if r := hub.Recover(t.Context(), fresh, false); len(r) != 1 || !errors.Is(r[0].Err, replica.ErrNotHeld) {
			t.Errorf("Recover returns %v", r)
		}
		h.store.use(before)
		time.Sleep(2 * time.Second)
		if _, at, err := fresh.State(t.Context(), demo); err != nil || at != headOf(t, h.store) {
			t.Errorf("after the log is back: %v, %v", at, err)
		}
		dial(t, fresh, h.oracle, "attendee:c0a")
	})
}

package hub_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// failover is a journal whose store can go back to an earlier state, as when a
// replica takes over that had not heard everything.
type failover struct {
	mu    sync.Mutex // guards what follows
	now   *journal.Memory
	ended chan struct{} // closed when now is another
}

func newFailover() *failover {
	return &failover{now: newMemory(), ended: make(chan struct{})}
}

func (f *failover) store() (*journal.Memory, chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now, f.ended
}

// cut makes the log end n records before its head, and breaks every watch.
func (f *failover) cut(t *testing.T, n int) {
	t.Helper()
	old, ended := f.store()
	next := newMemory()
	for at := (journal.Position{}); ; {
		page, err := old.Read(t.Context(), demo, at.Seq, journal.MaxBatch)
		if err != nil {
			t.Fatal(err)
		}
		if at == (journal.Position{}) {
			at = journal.Genesis(demo, page.Head.Epoch)
		}
		keep := page.Records[:min(len(page.Records), int(page.Head.Seq-at.Seq)-n)]
		if len(keep) == 0 {
			break
		}
		result, err := next.Append(t.Context(), demo, at, keep)
		if err != nil || result.Outcome != journal.Appended {
			t.Fatal(result.Outcome, err)
		}
		at = result.Head
	}
	f.mu.Lock()
	f.now, f.ended = next, make(chan struct{})
	f.mu.Unlock()
	close(ended)
}

func (f *failover) Append(ctx context.Context, log journal.LogID, expect journal.Position, batch []journal.Record) (journal.Result, error) {
	m, _ := f.store()
	return m.Append(ctx, log, expect, batch)
}

func (f *failover) Read(ctx context.Context, log journal.LogID, after uint64, limit int) (journal.Page, error) {
	m, _ := f.store()
	return m.Read(ctx, log, after, limit)
}

func (f *failover) CheckHead(ctx context.Context, log journal.LogID, at journal.Position) (time.Time, error) {
	m, _ := f.store()
	return m.CheckHead(ctx, log, at)
}

func (f *failover) Replace(ctx context.Context, log journal.LogID, expect journal.Position, records []journal.Record) (journal.Position, error) {
	m, _ := f.store()
	return m.Replace(ctx, log, expect, records)
}

func (f *failover) Watch(ctx context.Context, log journal.LogID, hint func([]journal.Record)) error {
	m, ended := f.store()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case <-ended:
			stop(errors.New("the store is another"))
		case <-ctx.Done():
		}
	}()
	return m.Watch(ctx, log, hint)
}

// forget makes the oracle read the log anew.
func (o *oracle) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.states = []floor.State{floor.New()}
}

// house is two nodes on one log, whose store can go back.
type house struct {
	t      *testing.T
	store  *failover
	nodes  []*hub.Hub
	oracle *oracle
	phones []*phone
}

func newHouse(t *testing.T) *house {
	h := &house{t: t, store: newFailover()}
	snaps := newMemory() // snapshots are of no account here
	h.nodes = []*hub.Hub{newHub(t, h.store, snaps), newHub(t, h.store, snaps)}
	h.oracle = &oracle{mem: h.store}
	open(t, h.nodes[0])
	for i, who := range []floor.ActorID{"moderator:lead", "moderator:mod", "attendee:c0a", "attendee:c3a", "display:d0", "interpreter:i0"} {
		h.phones = append(h.phones, dial(t, h.nodes[i%2], h.oracle, who))
	}
	return h
}

// announce gives n announcements in turn on the two nodes.
func (h *house) announce(n int, prefix string) {
	h.t.Helper()
	for i := range n {
		give(h.t, h.nodes[i%2], demo, "moderator:lead", fmt.Sprint(prefix, i), announce(fmt.Sprint(prefix, i)))
		synctest.Wait()
	}
}

// settled waits until the nodes have had time to notice and to mend, and holds
// that every phone shows the log's view.
func (h *house) settled() {
	h.t.Helper()
	time.Sleep(4 * time.Second)
	synctest.Wait()
	for _, p := range h.phones {
		p.level()
		if got, want := p.position(), head(h.t, h.store); got != want {
			h.t.Errorf("%s stands at %v, the log at %v", p.who.Who, got, want)
		}
	}
}

func head(t *testing.T, j journal.Journal) journal.Position {
	t.Helper()
	page, err := j.Read(t.Context(), demo, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return page.Head
}

// lost answers the cards about lost commands that a phone shows, by command.
func lost(t *testing.T, p *phone) map[string]floor.LostCard {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	found := map[string]floor.LostCard{}
	for key, data := range p.cards {
		if strings.HasPrefix(string(key), "lost/") {
			c := decodeCard[floor.LostCard](t, data)
			found[string(c.Command)] = c
		}
	}
	return found
}

// The log was cut by 20 records, and nobody wrote since: both nodes give back the
// same bytes, and no screen notices.
func TestCutTailIsGivenBack(t *testing.T) {
	for _, n := range []int{1, 20, 300} { // of more than a batch, too
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHouse(t)
				h.announce(min(n, 40), "n")
				for i := range n - min(n, 40) {
					give(t, h.nodes[0], demo, "moderator:lead", fmt.Sprint("in", i), floor.LockMeeting{Meeting: "m0", Locked: i%2 == 0})
				}
				before := head(t, h.store)
				for _, p := range h.phones {
					p.level()
					p.clear()
				}
				h.store.cut(t, n)
				h.settled()
				if got := head(t, h.store); got != before {
					t.Fatalf("the log stands at %v, before the cut at %v", got, before)
				}
				for _, p := range h.phones {
					if strings.Contains(p.kinds(), "snapshot") || p.closeCode() != 0 {
						t.Errorf("%s noticed: %s, %d", p.who.Who, p.kinds(), p.closeCode())
					}
				}
				a, b := h.nodes[0].Stats(), h.nodes[1].Stats()
				if a.Reappended+b.Reappended != uint64(n) || a.Divergences+b.Divergences+a.Lost+b.Lost != 0 {
					t.Errorf("%d and %d records given back, %d and %d lost", a.Reappended, b.Reappended, a.Lost, b.Lost)
				}
				h.announce(2, "more")
				h.settled()
			})
		})
	}
}

// The log was cut by 20 records and written on, by a node that never had them:
// every screen resyncs, and the lost commands are named, each once.
func TestDivergedLogNamesWhatWasLost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHouse(t)
		h.announce(10, "kept")
		for i := range 20 {
			give(t, h.nodes[i%2], demo, "moderator:mod", fmt.Sprint("lost", i), floor.LockMeeting{Meeting: "m0", Locked: i%2 == 0})
			synctest.Wait()
		}
		give(t, h.nodes[0], demo, "attendee:c0a", "in", floor.CheckIn{Attendee: "c0a"})
		synctest.Wait()
		for _, p := range h.phones {
			p.clear()
		}
		h.diverge(21, "other")
		h.settled()
		for _, p := range h.phones {
			if !strings.Contains(p.kinds(), "snapshot") {
				t.Errorf("%s was not told anew: %s", p.who.Who, p.kinds())
			}
		}
		told := lost(t, h.phones[0])
		if len(told) != 21 {
			t.Errorf("%d lost commands are named, not 21", len(told))
		}
		one := told["moderator-mod/lost7"]
		if one.Kind != "lockMeeting" || one.By != "moderator:mod" || one.Wall == 0 || !slices.Equal(one.Of, []string{"meeting/m0"}) {
			t.Errorf("one of them: %+v", one)
		}
		if own := lost(t, h.phones[2]); len(own) != 1 || own["attendee-c0a/in"].Kind != "checkIn" {
			t.Errorf("the attendee is told %+v", own)
		}
		if other := lost(t, h.phones[3]); len(other) != 0 {
			t.Errorf("somebody else is told %+v", other)
		}
		if names := namings(t, h.store); len(names) != 21 {
			t.Errorf("%d records name %d", len(names), 21)
		}
	})
}

// diverge cuts the log by n and lets a node that has just come write on.
func (h *house) diverge(n int, text string) {
	h.t.Helper()
	h.store.cut(h.t, n)
	h.oracle.forget()
	fresh := newHub(h.t, h.store, newMemory())
	give(h.t, fresh, demo, "moderator:lead", text, announce(text))
}

// namings answers which commands the log names as lost, in order.
func namings(t *testing.T, j journal.Journal) (keys []floor.CommandKey) {
	t.Helper()
	for at := uint64(0); ; {
		page, err := j.Read(t.Context(), demo, at, journal.MaxPage)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Records) == 0 {
			return keys
		}
		for _, r := range page.Records {
			record, err := floor.DecodeRecord(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			if l, ok := record.NamesLost(); ok {
				keys = append(keys, l.Command)
			}
			at = r.Seq
		}
	}
}

// A log that loses the records that name its losses is told them again; and a
// command that its sender gives again is lost no more.
func TestLossesAreNamedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHouse(t)
		h.announce(3, "lost")
		h.diverge(3, "first")
		h.settled()
		if n := len(lost(t, h.phones[0])); n != 3 {
			t.Fatalf("%d named", n)
		}
		h.diverge(3, "second") // the three records that name them
		h.settled()
		if n := len(lost(t, h.phones[0])); n != 3 {
			t.Errorf("%d named after the second failover", n)
		}
		give(t, h.nodes[1], demo, "moderator:lead", "lost1", announce("lost1"))
		h.settled()
		told := lost(t, h.phones[0])
		if _, still := told["moderator-lead/lost1"]; still || len(told) != 2 {
			t.Errorf("after one was given again: %+v", told)
		}
	})
}

// A log that was rewritten in another epoch, as erasure does, holds the same
// commands: none is lost, also of those that its state remembers no more.
func TestErasureLosesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, _, m := setup(t)
		for i := range 1100 { // more than a state remembers of staff
			give(t, h, demo, "moderator:lead", fmt.Sprint("n", i), floor.LockMeeting{Meeting: "m0", Locked: i%2 == 0})
		}
		before := head(t, m)
		all, err := journal.NewCursor(demo, journal.Position{}).CatchUp(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Replace(t.Context(), demo, before, all); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if s, at := h.Stats(), head(t, m); s.Divergences != 1 || s.Lost != 0 || at.Seq != before.Seq {
			t.Errorf("%d lost; the log stands at %v, before at %v", s.Lost, at, before)
		}
	})
}

// Only one node has heard of the tail; the other goes on from where the log was
// cut and learns of the rest.
func TestTheNodeThatHasTheTailGivesItBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		store := newFailover()
		lazy := &deaf{Journal: store}
		a, b := newHub(t, store, newMemory()), newHub(t, lazy, newMemory())
		open(t, a)
		o := &oracle{mem: store}
		p, q := dial(t, a, o, "moderator:lead"), dial(t, b, o, "moderator:mod")
		lazy.set(true)
		for i := range 5 {
			give(t, a, demo, "moderator:lead", fmt.Sprint("n", i), announce("n"))
			synctest.Wait()
		}
		before := head(t, store)
		store.cut(t, 5)
		time.Sleep(3 * time.Second)
		lazy.set(false)
		time.Sleep(3 * time.Second)
		p.level()
		q.level()
		if p.position() != before || q.position() != before || head(t, store) != before {
			t.Errorf("%v and %v, the log stands at %v, before at %v", p.position(), q.position(), head(t, store), before)
		}
	})
}

// A batch of which nobody knows whether it was stored, and meanwhile the log is
// another: its sender was told to send it again, and then it is applied once.
func TestUnsettledAppendOverAFailover(t *testing.T) {
	for _, stored := range []bool{true, false} {
		for _, diverged := range []bool{true, false} {
			t.Run(fmt.Sprintf("stored %t, diverged %t", stored, diverged), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					store := newFailover()
					j := faultyjournal.Wrap(store, 1, faultyjournal.Odds{})
					h := newHub(t, j, newMemory())
					open(t, h)
					o := &oracle{mem: store}
					give(t, h, demo, "moderator:lead", "before", announce("before"))
					p := dial(t, h, o, "moderator:lead")
					fault := faultyjournal.Lost
					if stored {
						fault = faultyjournal.Persisted
					}
					script := []faultyjournal.Fault{fault}
					for range 20 {
						script = append(script, faultyjournal.Lost)
					}
					j.Script(demo, script...)
					p.do("x", announce("tea"))
					time.Sleep(2500 * time.Millisecond)
					if _, rejected, n := p.answer("x"); rejected == nil || rejected.Code != wire.CodeUnavailable || n != 1 {
						t.Fatalf("%+v, %d answers", rejected, n)
					}
					cut := 1
					if stored {
						cut = 2
					}
					store.cut(t, cut)
					o.forget()
					if diverged {
						give(t, newHub(t, store, newMemory()), demo, "moderator:lead", "other", announce("other"))
					}
					time.Sleep(40 * time.Second) // until the script is used up
					p.clear()
					p.do("x", announce("tea"))
					time.Sleep(time.Second)
					synctest.Wait()
					if accepted, rejected, n := p.answer("x"); accepted == nil || n != 1 {
						t.Errorf("sent again: %+v, %d answers", rejected, n)
					}
					p.level()
					if n := times(t, store, "moderator-lead/x"); n != 1 || p.position() != head(t, store) {
						t.Errorf("it is in the log %d times; the phone stands at %v of %v", n, p.position(), head(t, store))
					}
					if told := lost(t, p); diverged != (len(told) == 1) {
						t.Errorf("named as lost: %+v", told)
					}
					if n := times(t, store, "moderator-lead/before"); diverged == (n == 1) {
						t.Errorf("what was acknowledged before is in the log %d times", n)
					}
				})
			})
		}
	}
}

// times answers how often a command is in the log.
func times(t *testing.T, j journal.Journal, key journal.CommandKey) (n int) {
	t.Helper()
	page, err := j.Read(t.Context(), demo, 0, journal.MaxPage)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range page.Records {
		if r.Key == key {
			n++
		}
	}
	return n
}

func decodeCard[T any](t *testing.T, data []byte) (card T) {
	t.Helper()
	if err := json.Unmarshal(data, &card); err != nil {
		t.Fatal(err)
	}
	return card
}

package hub_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
	"github.com/matchfloor/matchfloor/wire"
)

// failover is a journal whose store can return to an earlier state, as when a replica takes
// over that had not received everything.
type failover struct {
	mu    sync.Mutex // guards the fields below
	now   *journal.Memory
	ended chan struct{} // closed when now is replaced
}

func newFailover() *failover {
	return &failover{now: newMemory(), ended: make(chan struct{})}
}

func (f *failover) store() (*journal.Memory, chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now, f.ended
}

// cut removes the last n records of the log, and ends every watch.
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
		result, err := next.Append(t.Context(), demo, at, keep, time.Time{})
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

func (f *failover) Append(ctx context.Context, log journal.LogID, expect journal.Position, batch []journal.Record, notAfter time.Time) (journal.Result, error) {
	m, _ := f.store()
	return m.Append(ctx, log, expect, batch, notAfter)
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

// reload makes the oracle read the log again.
func (o *oracle) reload() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.states = []floor.State{floor.New()}
}

// twoNodes is two nodes on one log whose store can be cut.
type twoNodes struct {
	t      *testing.T
	store  *failover
	nodes  []*hub.Hub
	oracle *oracle
	phones []*phone
}

func newTwoNodes(t *testing.T) *twoNodes {
	h := &twoNodes{t: t, store: newFailover()}
	snaps := newMemory() // snapshots do not matter here
	h.nodes = []*hub.Hub{newHub(t, h.store, snaps), newHub(t, h.store, snaps)}
	h.oracle = &oracle{mem: h.store}
	open(t, h.nodes[0])
	for i, who := range []floor.ActorID{"moderator:lead", "moderator:mod", "attendee:c0a", "attendee:c3a", "display:d0", "interpreter:i0"} {
		h.phones = append(h.phones, dial(t, h.nodes[i%2], h.oracle, who))
	}
	return h
}

// announce submits n announcements, alternately on the two nodes.
func (h *twoNodes) announce(n int, prefix string) {
	h.t.Helper()
	for i := range n {
		mustSubmit(h.t, h.nodes[i%2], demo, "moderator:lead", fmt.Sprint(prefix, i), announce(fmt.Sprint(prefix, i)))
		synctest.Wait()
	}
}

// checkConverged waits until the nodes have had time to notice and to recover, and checks
// that every client shows the log's view.
func (h *twoNodes) checkConverged() {
	h.t.Helper()
	time.Sleep(4 * time.Second)
	synctest.Wait()
	for _, p := range h.phones {
		p.sync()
		if got, want := p.position(), headOf(h.t, h.store); got != want {
			h.t.Errorf("%s stands at %v, the log at %v", p.who.Actor, got, want)
		}
	}
}

func headOf(t *testing.T, j journal.Journal) journal.Position {
	t.Helper()
	page, err := j.Read(t.Context(), demo, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return page.Head
}

// lostCards returns the cards about lost commands that a client shows, by command.
func lostCards(t *testing.T, p *phone) map[string]floor.LostCard {
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

// The log was cut by 20 records, and nothing was written since. Both nodes append the same
// bytes again, and no client notices.
func TestDivergence_CutTailIsAppendedAgain(t *testing.T) {
	for _, n := range []int{1, 20, 300} { // of more than a batch, too
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newTwoNodes(t)
				h.announce(min(n, 40), "n")
				for i := range n - min(n, 40) {
					mustSubmit(t, h.nodes[0], demo, "moderator:lead", fmt.Sprint("in", i), floor.LockMeeting{Meeting: "m0", Locked: i%2 == 0})
				}
				before := headOf(t, h.store)
				for _, p := range h.phones {
					p.sync()
					p.clear()
				}
				h.store.cut(t, n)
				h.checkConverged()
				if got := headOf(t, h.store); got != before {
					t.Fatalf("the log stands at %v, before the cut at %v", got, before)
				}
				for _, p := range h.phones {
					if strings.Contains(p.kinds(), "snapshot") || p.closeCode() != 0 {
						t.Errorf("%s noticed: %s, %d", p.who.Actor, p.kinds(), p.closeCode())
					}
				}
				a, b := h.nodes[0].Stats(), h.nodes[1].Stats()
				if a.Reappended+b.Reappended != uint64(n) || a.Divergences+b.Divergences+a.Lost+b.Lost != 0 {
					t.Errorf("%d and %d records appended again, %d and %d lost", a.Reappended, b.Reappended, a.Lost, b.Lost)
				}
				h.announce(2, "more")
				h.checkConverged()
			})
		})
	}
}

// The log was cut by 20 records and continued by a node that never had them. Every client is
// sent a snapshot, and each lost command is reported once.
func TestDivergence_LostCommandsAreReported(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newTwoNodes(t)
		h.announce(10, "remaining")
		for i := range 20 {
			mustSubmit(t, h.nodes[i%2], demo, "moderator:mod", fmt.Sprint("lost", i), floor.LockMeeting{Meeting: "m0", Locked: i%2 == 0})
			synctest.Wait()
		}
		mustSubmit(t, h.nodes[0], demo, "attendee:c0a", "in", floor.CheckIn{Attendee: "c0a"})
		synctest.Wait()
		for _, p := range h.phones {
			p.clear()
		}
		h.diverge(21, "other")
		h.checkConverged()
		for _, p := range h.phones {
			if !strings.Contains(p.kinds(), "snapshot") {
				t.Errorf("%s was not sent a snapshot: %s", p.who.Actor, p.kinds())
			}
		}
		reported := lostCards(t, h.phones[0])
		if len(reported) != 21 {
			t.Errorf("%d lost commands are reported, not 21", len(reported))
		}
		one := reported["moderator-mod/lost7"]
		if one.Kind != "lockMeeting" || one.By != "moderator:mod" || one.Wall == 0 || !slices.Equal(one.Of, []string{"meeting/m0"}) {
			t.Errorf("one of them: %+v", one)
		}
		if own := lostCards(t, h.phones[2]); len(own) != 1 || own["attendee-c0a/in"].Kind != "checkIn" {
			t.Errorf("the attendee is shown %+v", own)
		}
		if other := lostCards(t, h.phones[3]); len(other) != 0 {
			t.Errorf("somebody else is shown %+v", other)
		}
		if names := reportedLosses(t, h.store); len(names) != 21 {
			t.Errorf("%d records name %d", len(names), 21)
		}
	})
}

// diverge cuts the log by n records and lets a new node continue it.
func (h *twoNodes) diverge(n int, text string) {
	h.t.Helper()
	h.store.cut(h.t, n)
	h.oracle.reload()
	fresh := newHub(h.t, h.store, newMemory())
	mustSubmit(h.t, fresh, demo, "moderator:lead", text, announce(text))
}

// reportedLosses returns the commands that the log reports as lost, in order.
func reportedLosses(t *testing.T, j journal.Journal) (keys []floor.CommandKey) {
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
			if l, ok := record.LostReport(); ok {
				keys = append(keys, l.Command)
			}
			at = r.Seq
		}
	}
}

// If a log loses the records that report its losses, they are reported again. A command that
// its sender sends again is not lost any more.
func TestDivergence_LostReportsAreMadeAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newTwoNodes(t)
		h.announce(3, "lost")
		h.diverge(3, "first")
		h.checkConverged()
		if n := len(lostCards(t, h.phones[0])); n != 3 {
			t.Fatalf("%d named", n)
		}
		h.diverge(3, "second") // the three records that report them
		h.checkConverged()
		if n := len(lostCards(t, h.phones[0])); n != 3 {
			t.Errorf("%d named after the second failover", n)
		}
		mustSubmit(t, h.nodes[1], demo, "moderator:lead", "lost1", announce("lost1"))
		h.checkConverged()
		reported := lostCards(t, h.phones[0])
		if _, still := reported["moderator-lead/lost1"]; still || len(reported) != 2 {
			t.Errorf("after one was sent again: %+v", reported)
		}
	})
}

// A log that was rewritten in another epoch, as erasure does, holds the same commands: none is
// lost, not even those that its state does not remember any more.
func TestDivergence_ErasureLosesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var alarms errorLines
		h, _, m := setup(t, func(o *hub.Options) { o.Logger = slog.New(&alarms) })
		for i := range 1100 { // more than a state remembers of a member of staff
			mustSubmit(t, h, demo, "moderator:lead", fmt.Sprint("n", i), floor.LockMeeting{Meeting: "m0", Locked: i%2 == 0})
		}
		before := headOf(t, m)
		all, err := journal.NewCursor(demo, journal.Position{}).CatchUp(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Replace(t.Context(), demo, before, all); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if s, at := h.Stats(), headOf(t, m); s.Divergences != 1 || s.Lost != 0 || at.Seq != before.Seq {
			t.Errorf("%d lost; the log stands at %v, before at %v", s.Lost, at, before)
		}
		if n := alarms.n.Load(); n != 0 {
			t.Errorf("an operator's work is logged as %d errors", n)
		}
	})
}

// errorLines is a log that counts its lines of level ERROR.
type errorLines struct{ n atomic.Int64 }

func (*errorLines) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }
func (l *errorLines) Handle(context.Context, slog.Record) error      { l.n.Add(1); return nil }
func (l *errorLines) WithAttrs([]slog.Attr) slog.Handler             { return l }
func (l *errorLines) WithGroup(string) slog.Handler                  { return l }

// Only one node has the tail. The other continues from where the log was cut, and learns of
// the rest.
func TestDivergence_NodeWithTheTailAppendsItAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		store := newFailover()
		lazy := &switchedJournal{Journal: store}
		a, b := newHub(t, store, newMemory()), newHub(t, lazy, newMemory())
		open(t, a)
		o := &oracle{mem: store}
		p, q := dial(t, a, o, "moderator:lead"), dial(t, b, o, "moderator:mod")
		lazy.setUnreachable(true)
		for i := range 5 {
			mustSubmit(t, a, demo, "moderator:lead", fmt.Sprint("n", i), announce("n"))
			synctest.Wait()
		}
		before := headOf(t, store)
		store.cut(t, 5)
		time.Sleep(3 * time.Second)
		lazy.setUnreachable(false)
		time.Sleep(3 * time.Second)
		p.sync()
		q.sync()
		if p.position() != before || q.position() != before || headOf(t, store) != before {
			t.Errorf("%v and %v, the log stands at %v, before at %v", p.position(), q.position(), headOf(t, store), before)
		}
	})
}

// An append has an unknown outcome, and meanwhile the log diverges. Its sender was told to
// send it again, and then it is applied once.
func TestDivergence_UnknownAppendIsAppliedOnce(t *testing.T) {
	for _, stored := range []bool{true, false} {
		for _, diverged := range []bool{true, false} {
			t.Run(fmt.Sprintf("stored %t, diverged %t", stored, diverged), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					store := newFailover()
					j := faultyjournal.Wrap(store, 1, faultyjournal.Odds{})
					h := newHub(t, j, newMemory())
					open(t, h)
					o := &oracle{mem: store}
					mustSubmit(t, h, demo, "moderator:lead", "before", announce("before"))
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
					p.send("x", announce("tea"))
					time.Sleep(2500 * time.Millisecond)
					if _, rejected, n := p.verdict("x"); rejected == nil || rejected.Code != wire.CodeUnavailable || n != 1 {
						t.Fatalf("%+v, %d verdicts", rejected, n)
					}
					cut := 1
					if stored {
						cut = 2
					}
					store.cut(t, cut)
					o.reload()
					if diverged {
						mustSubmit(t, newHub(t, store, newMemory()), demo, "moderator:lead", "other", announce("other"))
					}
					time.Sleep(40 * time.Second) // until the script is used up
					p.clear()
					p.send("x", announce("tea"))
					time.Sleep(time.Second)
					synctest.Wait()
					if accepted, rejected, n := p.verdict("x"); accepted == nil || n != 1 {
						t.Errorf("sent again: %+v, %d verdicts", rejected, n)
					}
					p.sync()
					if n := countInLog(t, store, "moderator-lead/x"); n != 1 || p.position() != headOf(t, store) {
						t.Errorf("it is in the log %d times; the phone stands at %v of %v", n, p.position(), headOf(t, store))
					}
					if reported := lostCards(t, p); diverged != (len(reported) == 1) {
						t.Errorf("reported as lost: %+v", reported)
					}
					if n := countInLog(t, store, "moderator-lead/before"); diverged == (n == 1) {
						t.Errorf("what was acknowledged before is in the log %d times", n)
					}
				})
			})
		}
	}
}

// countInLog returns how often a command is in the log.
func countInLog(t *testing.T, j journal.Journal, key journal.CommandKey) (n int) {
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

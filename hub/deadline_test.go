package hub_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/hub/session"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
	"github.com/matchfloor/matchfloor/wire"
)

// slowJournal is a journal that executes appends some time after they are called, and none
// while it hangs: like a Redis that is stopped, it executes those that it was sent when it goes
// on, although their callers have given up.
type slowJournal struct {
	journal.Journal

	mu    sync.Mutex // guards the fields below
	delay time.Duration
	hangs bool
	sent  []func() // appends to execute when it goes on
}

func (s *slowJournal) setDelay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = d
}

func (s *slowJournal) hang() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hangs = true
}

func (s *slowJournal) goOn() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, execute := range s.sent {
		execute()
	}
	s.hangs, s.sent = false, nil
}

func (s *slowJournal) Append(ctx context.Context, log journal.LogID, expect journal.Position, batch []journal.Record, notAfter time.Time) (journal.Result, error) {
	s.mu.Lock()
	delay, hangs := s.delay, s.hangs
	if hangs {
		s.sent = append(s.sent, func() { s.Journal.Append(context.WithoutCancel(ctx), log, expect, batch, notAfter) })
	}
	s.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return journal.Result{}, journal.ErrUnknown
	}
	time.Sleep(delay)
	return s.Journal.Append(ctx, log, expect, batch, notAfter)
}

func (s *slowJournal) Read(ctx context.Context, log journal.LogID, after uint64, limit int) (journal.Page, error) {
	if s.isHanging() {
		<-ctx.Done()
		return journal.Page{}, journal.ErrUnavailable
	}
	return s.Journal.Read(ctx, log, after, limit)
}

func (s *slowJournal) CheckHead(ctx context.Context, log journal.LogID, at journal.Position) (time.Time, error) {
	if s.isHanging() {
		<-ctx.Done()
		return time.Time{}, journal.ErrUnavailable
	}
	return s.Journal.CheckHead(ctx, log, at)
}

func (s *slowJournal) isHanging() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hangs
}

// until sets a command's deadline.
func until(at time.Time) func(*wire.Command) {
	return func(c *wire.Command) { c.Until = floor.Instant(at.UnixMilli()) }
}

// skews are how far the journal's clock is ahead of the node's.
var skews = []time.Duration{0, time.Hour, -time.Hour}

// skewed runs a test for each skew, on a journal in memory with that clock.
func skewed(t *testing.T, f func(t *testing.T, skew time.Duration, m *journal.Memory)) {
	t.Helper()
	for _, skew := range skews {
		t.Run(skew.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f(t, skew, journal.NewMemory(func() time.Time { return time.Now().Add(skew) }))
			})
		})
	}
}

// Of a batch of three, one has expired when the journal executes the append: it is refused for
// good, and the others are applied.
func TestUntil_ExpiredCommandIsLeftOutOfItsBatch(t *testing.T) {
	skewed(t, func(t *testing.T, skew time.Duration, m *journal.Memory) {
		j := &slowJournal{Journal: m}
		h := newHub(t, j, m)
		head := open(t, h)
		p := dial(t, h, &oracle{mem: m}, "moderator:lead")
		wall := time.Now().Add(skew) // the server's, which is the journal's
		j.setDelay(100 * time.Millisecond)
		p.send("gathers", announce("gathers"))
		synctest.Wait()
		p.send("in time", announce("in time"), until(wall.Add(time.Minute)))
		p.send("expires", announce("expires"), until(wall.Add(150*time.Millisecond)))
		p.send("no deadline", announce("no deadline"))
		time.Sleep(350 * time.Millisecond)
		synctest.Wait()
		for id, want := range map[string]uint64{"gathers": head + 1, "in time": head + 2, "no deadline": head + 3} {
			if accepted, rejected, n := p.verdict(id); accepted == nil || accepted.Seq != want || n != 1 {
				t.Errorf("%s: %+v %+v, %d verdicts, want record %d", id, accepted, rejected, n, want)
			}
		}
		if accepted, rejected, n := p.verdict("expires"); rejected == nil || rejected.Code != "too_late" || n != 1 {
			t.Errorf("the expired one: %+v %+v, %d verdicts, want it too late", accepted, rejected, n)
		}
		if n := uint64(len(records(t, m))); n != head+3 {
			t.Errorf("%d records, want %d", n, head+3)
		}
		p.sync()
	})
}

// A node that could not read the journal's clock yet converts no deadline by guessing: a command
// is neither applied late nor refused early.
func TestUntil_HoldsBeforeTheJournalsClockIsKnown(t *testing.T) {
	skewed(t, func(t *testing.T, skew time.Duration, m *journal.Memory) {
		open(t, newHub(t, m, m))
		for name, c := range map[string]struct {
			delay time.Duration
			want  string
		}{"in time": {0, ""}, "late": {time.Second, "too_late"}} {
			j := &slowJournal{Journal: faultyjournal.Wrap(m, 1, faultyjournal.Odds{CheckHeadFails: 1})}
			h := newHub(t, j, m)
			if _, _, err := h.State(t.Context(), demo); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			before := len(records(t, m))
			j.setDelay(c.delay)
			// Without the journal's clock, the server's is the node's own.
			_, err := submitUntil(t, h, name, time.Now().Add(500*time.Millisecond))
			if err != nil && codeOf(err) != c.want || err == nil && c.want != "" {
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
			if stored := len(records(t, m)) > before; stored != (c.want == "") {
				t.Errorf("%s: stored: %v", name, stored)
			}
		}
	})
}

// submitUntil submits an announcement with a deadline.
func submitUntil(t *testing.T, h *hub.Hub, id string, at time.Time) (hub.Result, error) {
	t.Helper()
	who := floor.ActorID("moderator:lead")
	return h.SubmitAs(t.Context(), demo, session.Credential{Actor: who, Link: who.Link(), Generation: 1},
		wire.Command{ID: id, Until: floor.Instant(at.UnixMilli()), Body: announce(id)})
}

// The journal hangs for 4 s after a command's append was sent, and then executes it. The command
// was answered as unavailable; it is not applied after its time, and refused when it is sent
// again.
func TestUntil_HungJournalAppliesNothingLate(t *testing.T) {
	skewed(t, func(t *testing.T, skew time.Duration, m *journal.Memory) {
		j := &slowJournal{Journal: m}
		h := newHub(t, j, m)
		head := open(t, h)
		deadline := time.Now().Add(skew).Add(time.Second)
		j.hang()
		if _, err := submitUntil(t, h, "hung", deadline); codeOf(err) != "unavailable" {
			t.Errorf("while the journal hangs: %v, want unavailable", err)
		}
		time.Sleep(2 * time.Second)
		j.goOn()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if n := uint64(len(records(t, m))); n != head {
			t.Errorf("%d records, want %d: a command was applied after its deadline", n, head)
		}
		if _, err := submitUntil(t, h, "hung", deadline); codeOf(err) != "too_late" {
			t.Errorf("sent again: %v, want too_late", err)
		}
		// The node has given up the append, and decides again.
		if seq := mustSubmit(t, h, demo, "moderator:lead", "next", announce("next")); seq != head+1 {
			t.Errorf("the next command is record %d, want %d", seq, head+1)
		}
	})
}

// A command that was stored in time is acknowledged, although its deadline has passed when its
// result is known.
func TestUntil_StoredInTimeIsNotExpired(t *testing.T) {
	skewed(t, func(t *testing.T, skew time.Duration, m *journal.Memory) {
		j := faultyjournal.Wrap(m, 1, faultyjournal.Odds{})
		h := newHub(t, j, m)
		head := open(t, h)
		for n, lost := range []int{1, 8} { // with the second, a node gives up for the time being
			script := []faultyjournal.Fault{faultyjournal.Persisted}
			for range lost {
				script = append(script, faultyjournal.Lost)
			}
			j.Script(demo, script...)
			id, deadline, want := fmt.Sprint("stored-", n), time.Now().Add(skew), head+1+uint64(n)
			result, err := submitUntil(t, h, id, deadline)
			for codeOf(err) == "unavailable" {
				time.Sleep(time.Second)
				result, err = submitUntil(t, h, id, deadline)
			}
			if err != nil || result.Seq != want {
				t.Errorf("%s: %+v, %v, want record %d", id, result, err, want)
			}
		}
	})
}

// The journal's clock is set ahead by an hour. The first deadline after that looks as if it had
// passed; the node learns the clock from the result, and refuses nothing.
func TestUntil_JournalsClockSetAheadRefusesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var ahead atomic.Int64
		m := journal.NewMemory(func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })
		h := newHub(t, m, m)
		head := open(t, h)
		for n := range 3 {
			deadline := time.Now().Add(time.Duration(ahead.Load())).Add(time.Second)
			if n == 1 {
				ahead.Store(int64(time.Hour))
			}
			id, want := fmt.Sprint("set-", n), head+1+uint64(n)
			if result, err := submitUntil(t, h, id, deadline); err != nil || result.Seq != want {
				t.Errorf("%s: %+v, %v, want record %d", id, result, err, want)
			}
		}
	})
}

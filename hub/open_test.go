package hub_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// An event is opened from its snapshot, or without one from its log, with the same state.
func TestOpen_SnapshotAndLogMakeTheSameState(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m, func(o *hub.Options) { o.SnapshotEvery = 5 })
		open(t, h)
		announceMany(t, h, "n", 45)
		want, at, err := h.State(t.Context(), demo)
		if err != nil {
			t.Fatal(err)
		}
		stored, _, ok, err := m.Snapshot(t.Context(), demo)
		if err != nil || !ok || stored.Seq < 20 {
			t.Fatalf("a snapshot is stored of %v: %t, %v", stored, ok, err)
		}
		for name, s := range map[string]journal.Snapshots{"snapshot": m, "log": noSnapshots{}, "damaged snapshot": damagedSnapshots{undroppable{m}}, "misplaced snapshot": misplacedSnapshots{undroppable{m}}} {
			got, where, err := newHub(t, m, s).State(t.Context(), demo)
			if err != nil || where != at || digest(t, got) != digest(t, want) {
				t.Errorf("from the %s: at %v, %v", name, where, err)
			}
		}
	})
}

type noSnapshots struct{}

func (noSnapshots) PutSnapshot(context.Context, journal.LogID, journal.Position, []byte) error {
	return nil
}
func (noSnapshots) Snapshot(context.Context, journal.LogID) (journal.Position, []byte, bool, error) {
	return journal.Position{}, nil, false, nil
}
func (noSnapshots) DropSnapshot(context.Context, journal.LogID) error { return nil }

// undroppable snapshots are not dropped when they are found to be unusable.
type undroppable struct{ journal.Snapshots }

func (undroppable) DropSnapshot(context.Context, journal.LogID) error { return nil }

type damagedSnapshots struct{ journal.Snapshots }

func (d damagedSnapshots) Snapshot(ctx context.Context, log journal.LogID) (journal.Position, []byte, bool, error) {
	at, state, ok, err := d.Snapshots.Snapshot(ctx, log)
	return at, state[:len(state)/2], ok, err
}

// misplacedSnapshots returns snapshots as if they were of the start of the log.
type misplacedSnapshots struct{ journal.Snapshots }

func (d misplacedSnapshots) Snapshot(ctx context.Context, log journal.LogID) (journal.Position, []byte, bool, error) {
	_, state, ok, err := d.Snapshots.Snapshot(ctx, log)
	return journal.Genesis(log, 1), state, ok, err
}

// A flipped bit is reported, and the event is refused; nothing is skipped.
func TestOpen_DamagedLogIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		open(t, h)
		bad := hub.New(corruptJournal{m}, noSnapshots{}, hub.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
		defer bad.Close()
		if _, _, err := bad.State(t.Context(), demo); err == nil {
			t.Error("the log was opened")
		}
		if bad.Ready() == nil {
			t.Error("the node is ready")
		}
	})
}

// corruptJournal reports every log as damaged, as a journal does that finds a flipped bit.
type corruptJournal struct{ journal.Journal }

func (corruptJournal) Read(_ context.Context, log journal.LogID, after uint64, _ int) (journal.Page, error) {
	return journal.Page{}, &journal.CorruptError{Log: log, Seq: after + 1}
}

// A change that this version does not know stops the event on this node, and the node says so;
// clients keep their view.
func TestOpen_UnknownChangeStopsTheEvent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, m := setup(t)
		p := dial(t, h, o, "moderator:lead")
		page, err := m.Read(t.Context(), demo, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		batch := []journal.Record{{Key: "later/1", Body: []byte(`{"key":"later/1","kind":"x","by":"moderator:lead","wall":1,"changes":[{"kind":"fromTheFuture","body":{}}]}`)}}
		journal.Chain(page.Head, batch)
		if _, err := m.Append(t.Context(), demo, page.Head, batch, time.Time{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		p.send("x", announce("tea"))
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if _, rejected, _ := p.verdict("x"); rejected == nil || rejected.Code != wire.CodeUnavailable {
			t.Errorf("a command: %+v", rejected)
		}
		if h.Ready() == nil || p.closeCode() != 0 || p.lastFrame("live").Live.StaleSince == 0 || p.position() != page.Head {
			t.Errorf("ready %v, closed %d, at %v", h.Ready(), p.closeCode(), p.position())
		}
	})
}

func TestSubmit_BaseTooOldIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		open(t, h)
		state, at, err := h.State(t.Context(), demo)
		if err != nil {
			t.Fatal(err)
		}
		at.Seq = journal.Window + 500
		old := newHub(t, agedJournal{m, at}, agedSnapshots{at, encoded(t, state, at.Seq)})
		for i, want := range []string{"too_old", "<nil>"} {
			seq := uint64(499 + i)
			_, err := old.SubmitAs(t.Context(), demo, credential("moderator:lead"), wire.Command{ID: fmt.Sprint("x", seq), Base: &seq, Body: announce("tea")})
			if codeOf(err) != want {
				t.Errorf("base %d: %v, want %s", seq, err, want)
			}
		}
	})
}

// agedJournal is a log with a high sequence number, without the records before it.
type agedJournal struct {
	journal.Journal
	at journal.Position
}

func (a agedJournal) Read(context.Context, journal.LogID, uint64, int) (journal.Page, error) {
	return journal.Page{Head: a.at}, nil
}

func (a agedJournal) Append(_ context.Context, _ journal.LogID, expect journal.Position, batch []journal.Record, _ time.Time) (journal.Result, error) {
	if expect != a.at {
		return journal.Result{Outcome: journal.Conflict, Head: a.at, Diverged: true}, nil
	}
	last := batch[len(batch)-1]
	return journal.Result{Outcome: journal.Appended, Head: journal.Position{Epoch: 1, Seq: last.Seq, Hash: last.Hash}}, nil
}

func (a agedJournal) CheckHead(context.Context, journal.LogID, journal.Position) (time.Time, error) {
	return time.Now(), nil
}

type agedSnapshots struct {
	at    journal.Position
	state []byte
}

func (s agedSnapshots) Snapshot(context.Context, journal.LogID) (journal.Position, []byte, bool, error) {
	return s.at, s.state, true, nil
}
func (agedSnapshots) PutSnapshot(context.Context, journal.LogID, journal.Position, []byte) error {
	return nil
}
func (agedSnapshots) DropSnapshot(context.Context, journal.LogID) error { return nil }

// encoded returns an encoded state with its sequence number replaced.
func encoded(t *testing.T, s floor.State, seq uint64) []byte {
	t.Helper()
	data, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	fields["seq"] = fmt.Append(nil, seq)
	data, err = json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A node that is behind the position that a fetch asks for reads the log first, and returns an
// error if that does not help.
func TestView_OfALaterPositionReadsTheLog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		lazy := &switchedJournal{Journal: m}
		a, b := newHub(t, m, m), newHub(t, lazy, m)
		open(t, a)
		who := credential("moderator:lead")
		if _, err := b.View(t.Context(), demo, who, 0); err != nil {
			t.Fatal(err)
		}
		lazy.noHints.Store(true)
		seq := mustSubmit(t, a, demo, "moderator:lead", "x", announce("tea"))
		start := time.Now()
		if p, err := b.View(t.Context(), demo, who, seq); err != nil || p.At.Seq != seq || time.Since(start) > 0 {
			t.Errorf("%+v, %v after %v", p, err, time.Since(start))
		}
		if _, err := b.View(t.Context(), demo, who, seq+1); !errors.Is(err, hub.ErrUnavailable) {
			t.Errorf("of a position that is none: %v", err)
		}
		if _, err := b.View(t.Context(), demo, credential("attendee:nobody"), 0); err != hub.ErrUnauthenticated {
			t.Errorf("of nobody: %v", err)
		}
		if _, err := b.View(t.Context(), "none", who, 0); err != hub.ErrNoEvent {
			t.Errorf("of no event: %v", err)
		}
	})
}

// A watch that ends at once costs hints, and nothing else.
func TestHints_BrokenWatchCostsOnlyHints(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		a, b := newHub(t, m, m), newHub(t, brokenWatchJournal{m}, m)
		open(t, a)
		p := dial(t, b, &oracle{mem: m}, "attendee:c0a")
		seq := mustSubmit(t, a, demo, "moderator:lead", "x", announce("tea"))
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		if p.position().Seq != seq {
			t.Errorf("it stands at %v", p.position())
		}
	})
}

type brokenWatchJournal struct{ journal.Journal }

func (brokenWatchJournal) Watch(context.Context, journal.LogID, func([]journal.Record)) error {
	return journal.ErrUnavailable
}

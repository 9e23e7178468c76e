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

// An event that was closed is opened from its snapshot, and one without from its
// log: the same state.
func TestOpensFromSnapshotOrLog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m, func(o *hub.Options) { o.SnapshotEvery = 5 })
		open(t, h)
		many(t, h, "n", 45)
		want, at, err := h.State(t.Context(), demo)
		if err != nil {
			t.Fatal(err)
		}
		stored, _, ok, err := m.Snapshot(t.Context(), demo)
		if err != nil || !ok || stored.Seq < 20 {
			t.Fatalf("a snapshot is stored of %v: %t, %v", stored, ok, err)
		}
		for name, s := range map[string]journal.Snapshots{"snapshot": m, "log": noSnapshots{}, "damaged snapshot": damaged{kept{m}}, "misplaced snapshot": misplaced{kept{m}}} {
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

// kept snapshots stay where they are found to be of no use.
type kept struct{ journal.Snapshots }

func (kept) DropSnapshot(context.Context, journal.LogID) error { return nil }

type damaged struct{ journal.Snapshots }

func (d damaged) Snapshot(ctx context.Context, log journal.LogID) (journal.Position, []byte, bool, error) {
	at, state, ok, err := d.Snapshots.Snapshot(ctx, log)
	return at, state[:len(state)/2], ok, err
}

// misplaced says that a snapshot is of the start of the log.
type misplaced struct{ journal.Snapshots }

func (d misplaced) Snapshot(ctx context.Context, log journal.LogID) (journal.Position, []byte, bool, error) {
	_, state, ok, err := d.Snapshots.Snapshot(ctx, log)
	return journal.Genesis(log, 1), state, ok, err
}

// A flipped bit is reported, and the event is refused; nothing is skipped.
func TestDamagedLogIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		open(t, h)
		bad := hub.New(flipped{m}, noSnapshots{}, hub.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
		defer bad.Close()
		if _, _, err := bad.State(t.Context(), demo); err == nil {
			t.Error("the log was opened")
		}
		if bad.Ready() == nil {
			t.Error("the node says that it is ready")
		}
	})
}

// flipped reports every log as damaged, as a journal does that finds a bit turned over.
type flipped struct{ journal.Journal }

func (flipped) Read(_ context.Context, log journal.LogID, after uint64, _ int) (journal.Page, error) {
	return journal.Page{}, &journal.CorruptError{Log: log, Seq: after + 1}
}

// A change that this version does not know stops the event here, and says so;
// screens keep what they have.
func TestUnknownChange(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, m := setup(t)
		p := dial(t, h, o, "moderator:lead")
		page, err := m.Read(t.Context(), demo, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		batch := []journal.Record{{Key: "later/1", Body: []byte(`{"key":"later/1","kind":"x","by":"moderator:lead","wall":1,"changes":[{"kind":"fromTheFuture","body":{}}]}`)}}
		journal.Chain(page.Head, batch)
		if _, err := m.Append(t.Context(), demo, page.Head, batch); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		p.do("x", announce("tea"))
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if _, rejected, _ := p.answer("x"); rejected == nil || rejected.Code != wire.CodeUnavailable {
			t.Errorf("a command: %+v", rejected)
		}
		if h.Ready() == nil || p.closeCode() != 0 || p.last("live").Live.StaleSince == 0 || p.position() != page.Head {
			t.Errorf("ready %v, closed %d, at %v", h.Ready(), p.closeCode(), p.position())
		}
	})
}

func TestBaseTooOld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		open(t, h)
		state, at, err := h.State(t.Context(), demo)
		if err != nil {
			t.Fatal(err)
		}
		at.Seq = journal.Window + 500
		old := newHub(t, aged{m, at}, agedSnapshots{at, encoded(t, state, at.Seq)})
		for i, want := range []string{"too_old", "<nil>"} {
			seq := uint64(499 + i)
			_, err := old.SubmitAs(t.Context(), demo, credential("moderator:lead"), wire.Command{ID: fmt.Sprint("x", seq), Base: &seq, Body: announce("tea")})
			if code(err) != want {
				t.Errorf("base %d: %v, want %s", seq, err, want)
			}
		}
	})
}

// aged is a log that stands far on, without the records that led there.
type aged struct {
	journal.Journal
	at journal.Position
}

func (a aged) Read(context.Context, journal.LogID, uint64, int) (journal.Page, error) {
	return journal.Page{Head: a.at}, nil
}

func (a aged) Append(_ context.Context, _ journal.LogID, expect journal.Position, batch []journal.Record) (journal.Result, error) {
	if expect != a.at {
		return journal.Result{Outcome: journal.Conflict, Head: a.at, Diverged: true}, nil
	}
	last := batch[len(batch)-1]
	return journal.Result{Outcome: journal.Appended, Head: journal.Position{Epoch: 1, Seq: last.Seq, Hash: last.Hash}}, nil
}

func (a aged) CheckHead(context.Context, journal.LogID, journal.Position) (time.Time, error) {
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

// encoded is a state's bytes under another sequence number.
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

// A node that is behind what a fetch asks for reads on first, and says so where
// that does not help.
func TestPictureOfALaterPosition(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		lazy := &deaf{Journal: m}
		a, b := newHub(t, m, m), newHub(t, lazy, m)
		open(t, a)
		who := credential("moderator:lead")
		if _, err := b.View(t.Context(), demo, who, 0); err != nil {
			t.Fatal(err)
		}
		lazy.quiet.Store(true)
		seq := give(t, a, demo, "moderator:lead", "x", announce("tea"))
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

// A watch that breaks at once costs hints, and nothing else.
func TestBrokenWatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		a, b := newHub(t, m, m), newHub(t, watchless{m}, m)
		open(t, a)
		p := dial(t, b, &oracle{mem: m}, "attendee:c0a")
		seq := give(t, a, demo, "moderator:lead", "x", announce("tea"))
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		if p.position().Seq != seq {
			t.Errorf("it stands at %v", p.position())
		}
	})
}

type watchless struct{ journal.Journal }

func (watchless) Watch(context.Context, journal.LogID, func([]journal.Record)) error {
	return journal.ErrUnavailable
}

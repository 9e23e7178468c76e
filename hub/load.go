package hub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/journal"
)

// finalPut is how long the last snapshot of a closing log may take.
const finalPut = 5 * time.Second

// snapLate is how many times Options.SnapshotEvery may be between two snapshots of a
// large log that is written fast. To fold that many again takes about half a second.
const snapLate = 4

// tail is a log as it was read: a state, and the newest steps that led on from it.
type tail struct {
	cursor *journal.Cursor
	base   history.Version
	steps  []history.Step
	stored stored
}

// stored is the last snapshot of a log, and what was folded in since.
type stored struct {
	at    uint64 // its sequence number; of one that is on its way, or has failed (see fold.putFailed), too
	since int    // bytes of the records after it
}

// load folds the log to its head: from the stored snapshot where there is a good
// one, otherwise from its start.
func (f *fold) load() error {
	t, err := f.readStored()
	if err != nil {
		t, err = f.readFrom(history.Version{}, journal.NewCursor(f.log, journal.Position{}))
	}
	if err != nil {
		return f.failure(err)
	}
	f.take(t)
	f.hub.reached.Store(true)
	f.hub.noteOpening(f.log, nil)
	// For the journal's clock; that the log moved meanwhile is nothing.
	if err := f.confirm(); err != nil && !errors.Is(err, journal.ErrPositionMismatch) {
		f.lost(err)
	}
	return nil
}

// failure is why a log cannot be opened, as callers are told.
func (f *fold) failure(err error) error {
	if errors.Is(err, journal.ErrCorrupt) || errors.Is(err, errUnreadable) {
		f.hub.log.Error("the log cannot be opened", "log", f.log, "err", err)
		f.hub.noteOpening(f.log, &brokenError{f.log, err})
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

var errNoSnapshot = errors.New("hub: no snapshot is stored")

// readStored reads on from the stored snapshot. Any error means: without it.
func (f *fold) readStored() (*tail, error) {
	ctx, cancel := f.call()
	defer cancel()
	at, data, ok, err := f.hub.snapshots.Snapshot(ctx, f.log)
	if errors.Is(err, journal.ErrCorrupt) {
		f.hub.log.Warn("the stored snapshot is damaged; folding from the start", "log", f.log, "err", err)
	}
	if err != nil || !ok {
		return nil, errors.Join(errNoSnapshot, err)
	}
	f.putSize.Store(int64(len(data)))
	t, err := f.readOnFrom(at, data)
	away := errors.Is(err, journal.ErrUnavailable) || errors.Is(err, journal.ErrUnknown) || ctx.Err() != nil
	if errors.Is(err, floor.ErrStateFormat) {
		return nil, err // of a node of another version, which may need it
	}
	if err != nil && !away {
		f.hub.log.Warn("the stored snapshot is of no use; folding from the start", "log", f.log, "err", err)
		err = errors.Join(err, f.hub.snapshots.DropSnapshot(ctx, f.log))
	}
	return t, err
}

func (f *fold) readOnFrom(at journal.Position, data []byte) (*tail, error) {
	state, err := floor.DecodeState(data)
	if err != nil {
		return nil, err
	}
	if state.Seq() != at.Seq {
		return nil, fmt.Errorf("hub: a snapshot at %v holds the state %d", at, state.Seq())
	}
	return f.readFrom(history.Version{At: at, State: state}, journal.NewCursor(f.log, at))
}

// readFrom reads the log from the cursor to its head, folding on from base, and
// keeps as many of the newest steps as the past holds.
func (f *fold) readFrom(base history.Version, cursor *journal.Cursor) (*tail, error) {
	t := &tail{cursor: cursor, base: base, stored: stored{at: base.At.Seq}}
	for last := base; ; {
		ctx, cancel := f.call()
		records, head, err := cursor.ReadOn(ctx, f.hub.journal)
		cancel()
		if err != nil {
			return nil, err
		}
		if last.At == (journal.Position{}) {
			last.At = journal.Genesis(f.log, head.Epoch)
			t.base = last
		}
		steps, err := f.foldOn(last, records)
		if err != nil {
			return nil, err
		}
		t.keep(steps, f.hub.options.HistorySize)
		if len(steps) > 0 {
			last = steps[len(steps)-1].Version
		}
		if cursor.At() == head {
			return t, nil
		}
	}
}

// keep adds steps, and makes those before the last n part of the base.
func (t *tail) keep(steps []history.Step, n int) {
	t.steps = append(t.steps, steps...)
	for _, s := range steps {
		t.stored.since += len(s.Record.Body)
	}
	if over := len(t.steps) - n; over > 0 {
		t.base = t.steps[over-1].Version
		t.steps = append([]history.Step(nil), t.steps[over:]...)
	}
}

// take makes a tail the fold's past: a new lineage.
func (f *fold) take(t *tail) {
	f.history.Reset(t.base, t.steps)
	f.recent.Reset(t.base.At)
	for _, s := range t.steps {
		f.recent.Append(s.Record)
	}
	f.frames.forget()
	f.cursor, f.stored = t.cursor, t.stored
}

// putIsDue reports whether enough was folded in since the last snapshot for another:
// as many bytes as that one had, so that snapshots write no more than the log does,
// and bounded both ways by numbers of records.
func (f *fold) putIsDue(head uint64) bool {
	every, records := uint64(f.hub.options.SnapshotEvery), head-min(f.stored.at, head)
	enough := f.putFailed.Load() || int64(f.stored.since) >= f.putSize.Load()
	return records >= snapLate*every || records >= every && enough
}

// putNowAndThen stores a snapshot when enough has changed since the last one, off
// the fold's goroutine; one at a time.
func (f *fold) putNowAndThen() {
	head := f.history.Head()
	if !f.putIsDue(head.At.Seq) {
		return
	}
	select {
	case f.putting <- struct{}{}:
	default:
		return
	}
	f.stored = stored{at: head.At.Seq}
	f.hub.owned.Go(func() {
		defer func() { <-f.putting }()
		ctx, cancel := context.WithTimeout(f.hub.ctx, finalPut)
		defer cancel()
		f.put(ctx, head)
	})
}

// putLast stores a snapshot as the log is closed, after one that is still on its
// way: an older one must not be the last.
func (f *fold) putLast() {
	f.putting <- struct{}{}
	head := f.history.Head()
	if head.At.Seq == f.stored.at && !f.putFailed.Load() || f.broken.Load() != nil || f.away.Load() != 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), finalPut)
	defer cancel()
	f.put(ctx, head)
}

func (f *fold) put(ctx context.Context, m history.Version) {
	data, err := m.State.Encode()
	if err == nil {
		err = f.hub.snapshots.PutSnapshot(ctx, f.log, m.At, data)
	}
	if f.putFailed.Store(err != nil); err != nil {
		f.hub.log.Warn("no snapshot was stored; the next start takes longer", "log", f.log, "at", m.At, "err", err)
		return
	}
	f.putSize.Store(int64(len(data)))
	f.hub.counters.snapshotsPut.Add(1)
}

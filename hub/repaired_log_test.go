package hub_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// damagedJournal reports every log as damaged while it is broken.
type damagedJournal struct {
	journal.Journal
	broken atomic.Bool
}

func (d *damagedJournal) damage(log journal.LogID) error {
	if d.broken.Load() {
		return &journal.CorruptError{Log: log, Seq: 1}
	}
	return nil
}

func (d *damagedJournal) Append(ctx context.Context, log journal.LogID, expect journal.Position, batch []journal.Record, notAfter time.Time) (journal.Result, error) {
	if err := d.damage(log); err != nil {
		return journal.Result{}, err
	}
	return d.Journal.Append(ctx, log, expect, batch, notAfter)
}

func (d *damagedJournal) Read(ctx context.Context, log journal.LogID, after uint64, limit int) (journal.Page, error) {
	if err := d.damage(log); err != nil {
		return journal.Page{}, err
	}
	return d.Journal.Read(ctx, log, after, limit)
}

func (d *damagedJournal) CheckHead(ctx context.Context, log journal.LogID, at journal.Position) (time.Time, error) {
	if err := d.damage(log); err != nil {
		return time.Time{}, err
	}
	return d.Journal.CheckHead(ctx, log, at)
}

// damagedIndex is a journal whose command ids are damaged while it is broken. It takes no record
// then, although each record can be read.
type damagedIndex struct {
	journal.Journal
	broken atomic.Bool
}

func (d *damagedIndex) CheckIndexes(_ context.Context, logs ...journal.LogID) error {
	if d.broken.Load() {
		return &journal.IndexError{Log: logs[0], Index: "command ids", Detail: "an entry is missing"}
	}
	return nil
}

func (d *damagedIndex) Append(ctx context.Context, log journal.LogID, expect journal.Position, batch []journal.Record, notAfter time.Time) (journal.Result, error) {
	if err := d.CheckIndexes(ctx, log); err != nil {
		return journal.Result{}, err
	}
	return d.Journal.Append(ctx, log, expect, batch, notAfter)
}

// That the records can be read does not mean that the index is repaired.
func TestRepaired_DamagedIndexIsCheckedBeforeTheLogIsServedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		j := &damagedIndex{Journal: m}
		h := newHub(t, j, m)
		open(t, h)
		p := dial(t, h, &oracle{mem: m}, "moderator:lead")
		j.broken.Store(true)
		p.send("x", announce("tea"))
		for range 60 {
			time.Sleep(time.Second / 2)
			synctest.Wait()
			if h.Ready() == nil {
				t.Fatal("the log is served although its index is damaged")
			}
		}
		j.broken.Store(false)
		time.Sleep(12 * time.Second)
		p.send("y", announce("tea"))
		p.sync()
		if accepted, rejected, _ := p.verdict("y"); accepted == nil || h.Ready() != nil {
			t.Errorf("after the repair: %v, ready: %v", rejected, h.Ready())
		}
	})
}

// A log that was damaged while it was open is served again once it is repaired.
func TestRepaired_OpenLogIsServedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		j := &damagedJournal{Journal: m}
		h := newHub(t, j, m)
		open(t, h)
		p := dial(t, h, &oracle{mem: m}, "moderator:lead")
		j.broken.Store(true)
		time.Sleep(30 * time.Second)
		p.send("x", announce("tea"))
		synctest.Wait()
		if _, rejected, _ := p.verdict("x"); rejected == nil || rejected.Code != wire.CodeUnavailable || h.Ready() == nil {
			t.Fatalf("while it is damaged: %v, ready: %v", rejected, h.Ready())
		}
		j.broken.Store(false)
		time.Sleep(12 * time.Second)
		p.send("y", announce("tea"))
		p.sync()
		if accepted, rejected, _ := p.verdict("y"); accepted == nil || h.Ready() != nil {
			t.Errorf("after the repair: %v, ready: %v", rejected, h.Ready())
		}
		if p.closeCode() != 0 || p.lastFrame("live").Live.StaleSince != 0 || h.Stats().Corrupt != 0 {
			t.Errorf("closed with %d, stale since %d", p.closeCode(), p.lastFrame("live").Live.StaleSince)
		}
	})
}

// A node that could not open a damaged log is ready again once the log is repaired, also if
// nobody asks for it.
func TestRepaired_NodeThatCouldNotOpenTheLogIsReadyAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		open(t, newHub(t, m, m))
		j := &damagedJournal{Journal: m}
		j.broken.Store(true)
		h := newHub(t, j, newMemory())
		if _, _, err := h.State(t.Context(), demo); err == nil {
			t.Fatal("a damaged log was opened")
		}
		j.broken.Store(false)
		time.Sleep(12 * time.Second)
		synctest.Wait()
		if err := h.Ready(); err != nil {
			t.Error(err)
		}
	})
}

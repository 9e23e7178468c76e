package hub_test

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// switchedJournal is a journal that can be made not to answer.
type switchedJournal struct {
	journal.Journal
	unreachable atomic.Bool                   // no hint, no result
	noHints     atomic.Bool                   // no hint
	heldAppends atomic.Pointer[chan struct{}] // appends wait until it is closed
}

// holdAppends makes appends wait, or releases them.
func (d *switchedJournal) holdAppends(on bool) {
	if on {
		c := make(chan struct{})
		d.heldAppends.Store(&c)
		return
	}
	close(*d.heldAppends.Swap(nil))
}

func (d *switchedJournal) setUnreachable(deaf bool) { d.unreachable.Store(deaf) }

func (d *switchedJournal) Append(ctx context.Context, log journal.LogID, expect journal.Position, batch []journal.Record, notAfter time.Time) (journal.Result, error) {
	if d.unreachable.Load() {
		return journal.Result{}, journal.ErrUnavailable
	}
	if c := d.heldAppends.Load(); c != nil {
		<-*c
	}
	return d.Journal.Append(ctx, log, expect, batch, notAfter)
}

func (d *switchedJournal) Read(ctx context.Context, log journal.LogID, after uint64, limit int) (journal.Page, error) {
	if d.unreachable.Load() {
		return journal.Page{}, journal.ErrUnavailable
	}
	return d.Journal.Read(ctx, log, after, limit)
}

func (d *switchedJournal) CheckHead(ctx context.Context, log journal.LogID, at journal.Position) (time.Time, error) {
	if d.unreachable.Load() {
		return time.Time{}, journal.ErrUnavailable
	}
	return d.Journal.CheckHead(ctx, log, at)
}

func (d *switchedJournal) Watch(ctx context.Context, log journal.LogID, hint func([]journal.Record)) error {
	return d.Journal.Watch(ctx, log, func(records []journal.Record) {
		if !d.unreachable.Load() && !d.noHints.Load() {
			hint(records)
		}
	})
}

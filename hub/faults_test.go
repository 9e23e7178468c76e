package hub_test

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// deaf is a journal that can be made to fall silent.
type deaf struct {
	journal.Journal
	is    atomic.Bool                   // away: no hint, no answer
	quiet atomic.Bool                   // no hint
	held  atomic.Pointer[chan struct{}] // appends wait until it is closed
}

// hold makes appends wait, or lets them go.
func (d *deaf) hold(on bool) {
	if on {
		c := make(chan struct{})
		d.held.Store(&c)
		return
	}
	close(*d.held.Swap(nil))
}

func (d *deaf) set(deaf bool) { d.is.Store(deaf) }

func (d *deaf) Append(ctx context.Context, log journal.LogID, expect journal.Position, batch []journal.Record) (journal.Result, error) {
	if d.is.Load() {
		return journal.Result{}, journal.ErrUnavailable
	}
	if c := d.held.Load(); c != nil {
		<-*c
	}
	return d.Journal.Append(ctx, log, expect, batch)
}

func (d *deaf) Read(ctx context.Context, log journal.LogID, after uint64, limit int) (journal.Page, error) {
	if d.is.Load() {
		return journal.Page{}, journal.ErrUnavailable
	}
	return d.Journal.Read(ctx, log, after, limit)
}

func (d *deaf) CheckHead(ctx context.Context, log journal.LogID, at journal.Position) (time.Time, error) {
	if d.is.Load() {
		return time.Time{}, journal.ErrUnavailable
	}
	return d.Journal.CheckHead(ctx, log, at)
}

func (d *deaf) Watch(ctx context.Context, log journal.LogID, hint func([]journal.Record)) error {
	return d.Journal.Watch(ctx, log, func(records []journal.Record) {
		if !d.is.Load() && !d.quiet.Load() {
			hint(records)
		}
	})
}

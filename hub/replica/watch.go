package replica

import (
	"context"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

const (
	retryDelay    = 20 * time.Millisecond  // before the first repetition of a failed call; doubled each time
	maxRetryDelay = 300 * time.Millisecond // between two appends of the same batch
	maxWatchDelay = 2 * time.Second        // between two watches
)

// watch passes the journal's hints to the replica's goroutine until ctx ends. It
// starts again when a watch fails.
func (c *core) watch(ctx context.Context) {
	delay := retryDelay
	for {
		begun := time.Now()
		err := c.Journal.Watch(ctx, c.log, func(records []journal.Record) {
			c.hints.put(records)
			c.wakeUp()
		})
		if ctx.Err() != nil {
			return
		}
		c.Logger.Warn("a watch of the journal failed; its head is still checked", "log", c.log, "err", err)
		if delay = min(2*delay, maxWatchDelay); time.Since(begun) > time.Minute {
			delay = retryDelay
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(delay):
		}
	}
}

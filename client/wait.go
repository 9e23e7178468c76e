package client

import (
	"context"
	"time"
)

// wakeup wakes the goroutine of the connection. It holds at most one wake-up, which
// stays until a connection takes it.
type wakeup chan struct{}

func newWakeup() wakeup { return make(wakeup, 1) }

// wake never blocks.
func (w wakeup) wake() {
	select {
	case w <- struct{}{}:
	default:
	}
}

// sleep waits for d. It reports false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

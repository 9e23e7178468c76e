//go:build linux

package loadtest

import (
	"context"
	"time"
)

// sleepUntil waits until a time. It reports false if ctx ended first.
func sleepUntil(ctx context.Context, when time.Time) bool {
	t := time.NewTimer(time.Until(when))
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

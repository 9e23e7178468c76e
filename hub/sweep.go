package hub

import (
	"context"
	"time"

	"github.com/matchfloor/matchfloor/hub/presence"
)

// sweepEvery is how often sessions are checked against their timeouts, and presence is
// exchanged.
const sweepEvery = time.Second

// everySecond calls f until ctx ends.
func everySecond(ctx context.Context, f func()) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f()
		}
	}
}

// sweep closes sessions that are silent, stalled or signed out, and makes the others send
// what has changed apart from the log, until ctx ends. It is one goroutine for all
// sessions.
func (r *registry) sweep(ctx context.Context) {
	everySecond(ctx, func() {
		for _, e := range r.loaded() {
			e.sessions.Sweep()
		}
	})
}

// exchangePresence sends the other nodes who is connected here, and moderators who is
// connected anywhere, until ctx ends. It has a goroutine of its own because the store may
// be slow. An event with no connection and no moderator costs one look a second.
func (r *registry) exchangePresence(ctx context.Context, exchange *presence.Exchange) {
	shared := exchange.Store != nil
	everySecond(ctx, func() {
		reachable := shared
		for _, e := range r.loaded() {
			if reachable {
				reachable = e.sessions.ExchangePresence(ctx, exchange)
			}
			e.sessions.RefreshPresence(shared)
		}
	})
}

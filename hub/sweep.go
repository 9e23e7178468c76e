package hub

import (
	"context"
	"time"

	"github.com/matchfloor/matchfloor/hub/presence"
)

// sweepEvery is how often sessions are checked against their timeouts, and presence is
// exchanged.
const sweepEvery = time.Second

// reopenEvery is how often logs that could not be opened are tried again, also if nobody
// asks for them: a node that is not ready is asked nothing.
const reopenEvery = 10 * time.Second

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

// sweep closes sessions that are silent, stalled or signed out. It makes the others send what
// became due without a new record, such as a status frame. One goroutine does this for all
// sessions, until ctx ends.
func (r *registry) sweep(ctx context.Context) {
	last := time.Now()
	everySecond(ctx, func() {
		if time.Since(last) >= reopenEvery {
			last = time.Now()
			r.reopenUnreadable()
		}
		for _, e := range r.loaded() {
			e.sessions.Sweep()
		}
	})
}

// exchangePresence tells the other nodes who is connected to this one, and tells moderators who is
// connected to any node, until ctx ends. It has its own goroutine because the store may be slow. An
// event without connections is only looked at once a second.
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

package hub

import (
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/presence"
)

// exchangePresence tells the other nodes who is connected here, and moderators who is
// connected anywhere. It has a goroutine of its own because the store may be slow. A
// log that has no connection and no moderator costs one look a second.
func (h *Hub) exchangePresence() {
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	exchange := presence.Exchange{Store: h.options.Presence, Node: h.options.Node, Errors: &h.counters.beaconErrors}
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-tick.C:
		}
		reachable := exchange.Store != nil
		for _, f := range h.all() {
			watchers := f.audience.watching(floor.Moderator)
			if reachable {
				reachable = exchange.Send(h.ctx, f.log, &f.presence, f.now()) &&
					(len(watchers) == 0 || exchange.Receive(h.ctx, f.log, &f.presence))
			}
			f.showPresence(watchers)
		}
	}
}

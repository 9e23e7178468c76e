package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"matchfloor/floor"
	"matchfloor/wire"
)

// The pace of what is no part of the log.
const (
	liveEvery    = time.Second // at most one live frame a session in this time
	presenceTime = 5 * time.Second
)

// liveness is the live frames of one log as they are now.
type liveness struct {
	moderators, others *liveFrame
}

// liveFrame is shared by all who are shown the same; another pointer is other news.
type liveFrame struct{ bytes []byte }

// tellLive makes the live frames anew; here is how many are connected, nil for as
// before.
func (f *fold) tellLive(here map[string]int) {
	f.presence.mu.Lock()
	defer f.presence.mu.Unlock()
	if here != nil {
		f.presence.here = here
	}
	live := wire.Live{StaleSince: floor.Instant(f.away.Load()), Draining: f.hub.draining.Load()}
	others := wire.Encode(wire.FromServer{Live: &live})
	live.Here = f.presence.here
	moderators := wire.Encode(wire.FromServer{Live: &live})
	old := f.live.Load()
	if old == nil {
		old = &liveness{moderators: &liveFrame{}, others: &liveFrame{}}
	}
	f.live.Store(&liveness{moderators: old.moderators.or(moderators), others: old.others.or(others)})
}

// or answers the same frame if it says the same.
func (l *liveFrame) or(frame []byte) *liveFrame {
	if bytes.Equal(l.bytes, frame) {
		return l
	}
	return &liveFrame{bytes: frame}
}

// liveFrame is what the session is to be shown.
func (s *Session) liveFrame() *liveFrame {
	live := s.fold.live.Load()
	if slices.Contains(s.subjects, floor.Moderator) {
		return live.moderators
	}
	return live.others
}

// The states of a person's connection, the best first.
const (
	hereLive   = "live"   // connected, in sight
	hereAsleep = "asleep" // connected, hidden
	hereGone   = "gone"   // was connected, and is not
)

// presence is who has been connected to one log.
type presence struct {
	mu   sync.Mutex     // guards what follows
	here map[string]int // as moderators see it
	met  map[floor.Who]struct{}
}

// tellPresence tells the other nodes who is connected here, and moderators who is
// anywhere. It has a goroutine of its own because a beacon may be slow.
func (h *Hub) tellPresence() {
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-tick.C:
		}
		for _, f := range h.all() {
			f.tellLive(f.counted(f.heard(f.present())))
		}
	}
}

// present answers the state of every attendee and interpreter who is connected
// here, or was since the log was opened.
func (f *fold) present() map[floor.Who]string {
	now := make(map[floor.Who]string)
	for _, s := range f.audience.everyone() {
		who, hidden := s.who.Who, s.asleep()
		if role := who.Role(); role != floor.RoleAttendee && role != floor.RoleInterpreter {
			continue
		}
		if !hidden {
			now[who] = hereLive
		} else if now[who] == "" {
			now[who] = hereAsleep
		}
	}
	f.presence.mu.Lock()
	defer f.presence.mu.Unlock()
	if f.presence.met == nil {
		f.presence.met = make(map[floor.Who]struct{})
	}
	for who := range now {
		f.presence.met[who] = struct{}{}
	}
	for who := range f.presence.met {
		if now[who] == "" {
			now[who] = hereGone
		}
	}
	return now
}

func (s *Session) asleep() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hidden
}

// heard tells the beacon what is known here and adds what other nodes know. A
// beacon that fails costs counts, and nothing else.
func (f *fold) heard(here map[floor.Who]string) map[floor.Who]string {
	beacon := f.hub.options.Beacon
	if beacon == nil {
		return here
	}
	ctx, cancel := context.WithTimeout(f.hub.ctx, liveEvery)
	defer cancel()
	// A map of strings always has a JSON form.
	said, _ := json.Marshal(here)
	err := beacon.Tell(ctx, f.log, f.hub.options.Node, said, presenceTime)
	if err != nil {
		f.hub.counters.beaconErrors.Add(1)
		return here
	}
	others, err := beacon.Hear(ctx, f.log)
	if err != nil {
		f.hub.counters.beaconErrors.Add(1)
		return here
	}
	all := maps.Clone(here)
	for node, said := range others {
		var there map[floor.Who]string
		if node == f.hub.options.Node || json.Unmarshal(said, &there) != nil {
			continue
		}
		for who, state := range there {
			if better(state, all[who]) {
				all[who] = state
			}
		}
	}
	return all
}

// better reports whether one connection's state says more than another's.
func better(a, b string) bool {
	order := []string{"", hereGone, hereAsleep, hereLive}
	return slices.Index(order, a) > slices.Index(order, b)
}

func (f *fold) counted(all map[floor.Who]string) map[string]int {
	counts := make(map[string]int)
	for _, state := range all {
		counts[state]++
	}
	return counts
}

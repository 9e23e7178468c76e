package hub

import (
	"bytes"
	"slices"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/presence"
	"github.com/matchfloor/matchfloor/wire"
)

// liveEvery bounds status frames: at most one a session in this time.
const liveEvery = time.Second

// liveness is the live frames of one log as they are now.
type liveness struct {
	moderators, others *liveFrame
}

// liveFrame is shared by all who are shown the same; another pointer is other news.
type liveFrame struct{ bytes []byte }

// tellLive makes the live frames again, with who is there as it was last counted.
func (f *fold) tellLive() {
	f.liveMu.Lock()
	defer f.liveMu.Unlock()
	live := wire.StatusFrame{StaleSince: floor.Instant(f.away.Load()), Draining: f.hub.draining.Load()}
	others := wire.Encode(wire.ServerFrame{Live: &live})
	f.presence.Fill(&live)
	moderators := wire.Encode(wire.ServerFrame{Live: &live})
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

// stand notes that the state of a session's connection is another; mu is held.
func (s *Session) stand(to presence.State) {
	if role := s.who.Who.Role(); role != floor.RoleAttendee && role != floor.RoleInterpreter || s.standing == to {
		return
	}
	s.fold.presence.Move(s.who.Who, s.standing, to, s.fold.now())
	s.standing = to
}

func (s *Session) sight() presence.State {
	if s.hidden {
		return presence.Background
	}
	return presence.Online
}

// showPresence counts again who is there, where that may have changed, and tells
// those who watch. Where nobody watches nothing is counted.
func (f *fold) showPresence(watchers []*Session) {
	if !f.presence.Refresh(f.history.Head().State, len(watchers) > 0, f.hub.options.Presence != nil) {
		return
	}
	f.tellLive()
	for _, s := range watchers {
		s.look()
	}
}

package hub

import (
	"bytes"
	"slices"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// The pace and the bound of what is no part of the log.
const (
	liveEvery  = time.Second // at most one live frame a session in this time
	namedInAll = 300         // people that a live frame names, asleep and gone together
)

// liveness is the live frames of one log as they are now.
type liveness struct {
	moderators, others *liveFrame
}

// liveFrame is shared by all who are shown the same; another pointer is other news.
type liveFrame struct{ bytes []byte }

// tellLive makes the live frames anew, with who is there as it was last counted.
func (f *fold) tellLive() {
	f.presence.mu.Lock()
	defer f.presence.mu.Unlock()
	live := wire.StatusFrame{StaleSince: floor.Instant(f.away.Load()), Draining: f.hub.draining.Load()}
	others := wire.Encode(wire.ServerFrame{Live: &live})
	p := f.presence.shown
	live.Here, live.Asleep, live.Gone, live.More, live.Partial = p.Here, p.Asleep, p.Gone, p.More, p.Partial
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

// standing is the state of a person's connection; the greater says more.
type standing uint8

const (
	unheard standing = iota // was never connected, as far as is known
	gone                    // was connected, and is not
	asleep                  // connected, hidden
	live                    // connected, in sight
)

// whereabouts is one person's standing, since a wall time in whole seconds.
type whereabouts struct {
	standing
	since floor.Instant
}

// better answers the one of two that says more of a person, as two nodes know it.
func (w whereabouts) better(o whereabouts) whereabouts {
	if o.standing > w.standing || o.standing == w.standing && o.since > w.since {
		return o
	}
	return w
}

// presence is who is, or was, connected to one log: to this node, and as the others
// last told. It holds an entry for each person who came, and no more.
type presence struct {
	mu       sync.Mutex // guards what follows; a session's own lock may be held
	own      map[floor.ActorID]*person
	open     int  // connected to this node now
	untold   bool // something has changed here that the other nodes were not told
	unshown  bool // something has changed, here or there, that moderators were not shown
	told     time.Time
	heard    time.Time // when the other nodes were last heard; zero: not since somebody watches
	others   map[string]said
	departed map[floor.ActorID]whereabouts // whom a node told of that tells no more
	shown    wire.StatusFrame              // its parts about people
	shownAt  uint64                        // sequence number of the state that they are about
}

// person is somebody's connections to this node.
type person struct {
	live, asleep int
	whereabouts
}

// stand notes that a session's standing is another; the session's mu is held.
func (s *Session) stand(to standing) {
	if role := s.who.Who.Role(); role != floor.RoleAttendee && role != floor.RoleInterpreter || s.standing == to {
		return
	}
	s.fold.presence.turn(s.who.Who, s.standing, to, seconds(s.fold.now()))
	s.standing = to
}

func (s *Session) sight() standing {
	if s.hidden {
		return asleep
	}
	return live
}

// seconds answers a wall time in whole seconds: nobody needs more of a presence.
func seconds(t time.Time) floor.Instant { return floor.Instant(t.Unix() * 1000) }

// turn moves one connection of who from a standing to another.
func (p *presence) turn(who floor.ActorID, from, to standing, at floor.Instant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.own == nil {
		p.own = make(map[floor.ActorID]*person)
	}
	of := p.own[who]
	if of == nil {
		of = new(person)
		p.own[who] = of
	}
	of.count(from, -1)
	of.count(to, 1)
	is := gone
	switch {
	case of.live > 0:
		is = live
	case of.asleep > 0:
		is = asleep
	}
	if is == of.standing {
		return
	}
	if of.standing <= gone {
		p.open++
	}
	if is <= gone {
		p.open--
	}
	of.whereabouts = whereabouts{is, at}
	p.untold, p.unshown = true, true
}

func (p *person) count(s standing, by int) {
	switch s {
	case live:
		p.live += by
	case asleep:
		p.asleep += by
	}
}

// everyone answers where all are who are known of; mu is held.
func (p *presence) everyone(partial bool) map[floor.ActorID]whereabouts {
	all := make(map[floor.ActorID]whereabouts, len(p.own)+len(p.departed))
	for who, of := range p.own {
		if !partial || of.standing > gone {
			all[who] = of.whereabouts
		}
	}
	if partial {
		return all
	}
	for who, w := range p.departed {
		all[who] = all[who].better(w)
	}
	for _, node := range p.others {
		for who, w := range node.people {
			all[who] = all[who].better(w)
		}
	}
	return all
}

// showPresence counts anew who is there, where that may have changed, and tells
// those who watch. Where nobody watches nothing is counted.
func (f *fold) showPresence(watchers []*Session) {
	if !f.count(len(watchers) > 0) {
		return
	}
	f.tellLive()
	for _, s := range watchers {
		s.look()
	}
}

// count makes what is shown of presence anew. It answers false where that is as it was.
func (f *fold) count(watched bool) bool {
	state := f.history.Head().State
	p := &f.presence
	p.mu.Lock()
	defer p.mu.Unlock()
	if !watched {
		had := len(p.shown.Here) > 0 || p.shown.Partial
		p.shown, p.shownAt, p.unshown = wire.StatusFrame{}, 0, true
		return had
	}
	partial := f.hub.options.Presence != nil && time.Since(p.heard) > presenceTime
	if !p.unshown && p.shownAt == state.Seq() && p.shown.Partial == partial {
		return false
	}
	p.unshown, p.shownAt = false, state.Seq()
	p.shown = describe(state, p.everyone(partial), partial)
	return true
}

// describe puts whereabouts into the words of a live frame: how many are there, and
// of those who have not seen a notice, who is not in sight.
func describe(state floor.State, all map[floor.ActorID]whereabouts, partial bool) (l wire.StatusFrame) {
	l.Partial, l.Here = partial, make(map[string]int)
	for _, w := range all {
		l.Here[[...]string{live: "live", asleep: "asleep", gone: "gone"}[w.standing]]++
	}
	l.Gone, l.Asleep = make(map[floor.ActorID]floor.Instant), make(map[floor.ActorID]floor.Instant)
	var dozing []floor.ActorID
	for who := range state.Unseen() {
		switch w, known := all[who]; {
		case w.standing == asleep:
			dozing = append(dozing, who)
		case w.standing == live, partial && !known:
		case len(l.Gone) < namedInAll:
			l.Gone[who] = w.since
		default:
			l.More++
		}
	}
	for _, who := range dozing {
		if len(l.Gone)+len(l.Asleep) == namedInAll {
			l.More++
			continue
		}
		l.Asleep[who] = all[who].since
	}
	return l
}

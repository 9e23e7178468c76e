package auth

import (
	"context"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/session"
	"github.com/matchfloor/matchfloor/wire"
)

// LiveSession is a live session with the sign-in that it belongs to. A connection
// holds it as a field, so that it costs no allocation.
type LiveSession struct {
	Session  *session.Session
	id       sessionID
	log      floor.EventID // that holds the link
	signedIn floor.Instant // wall time

	// The fields below are guarded by the registry's lock.

	check floor.Instant // when to compare with the limit: not after it, as it is known; wall time
	over  bool          // the session was closed because it was past its limit
}

// LiveSession returns a caller's session for a registry.
func (c Caller) LiveSession(s *session.Session) LiveSession {
	return LiveSession{Session: s, id: c.claims.sessionID(), log: c.claims.Event, signedIn: instant(c.claims.SignedIn)}
}

// The times between two comparisons of a session with its limit. The limit moves with the
// event's end.
const (
	minCheckPause = time.Second
	maxCheckPause = time.Hour
)

// stateTimeout is how long a comparison waits for an event's state.
const stateTimeout = 5 * time.Second

// SessionRegistry holds a node's live sessions. It closes the sessions that are signed out and
// those past their limit. A live session is in use: it does not end with its token, which its
// client renews meanwhile. Both scan all sessions, which is cheap enough because both are rare. It
// is safe for concurrent use.
type SessionRegistry struct {
	directory Directory
	now       func() time.Time

	mu        sync.Mutex // guards the fields below
	all       map[*LiveSession]struct{}
	timer     *time.Timer   // fires at nextCheck; nil before the first session
	nextCheck floor.Instant // the first of the sessions' checks; 0 if there is none
	signOuts  recentSignOuts
}

// NewSessionRegistry returns an empty registry that reads the events from d and the time from now.
func NewSessionRegistry(d Directory, now func() time.Time) *SessionRegistry {
	return &SessionRegistry{directory: d, now: now, all: make(map[*LiveSession]struct{})}
}

// Add adds a caller's session. The caller of Add must call Remove. If the session was
// signed out since the request arrived, it is closed at once.
func (r *SessionRegistry) Add(s *LiveSession, c Caller) {
	if r.insert(s, c.arrived) {
		s.Session.Close(wire.CloseSessionOver)
	}
}

// insert adds a session and reports whether it was signed out after arrived.
func (r *SessionRegistry) insert(s *LiveSession, arrived time.Time) (signedOut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all[s] = struct{}{}
	// No limit is before leastLife. After that, it may be near.
	s.check = max(instant(r.now()), s.signedIn+floor.Instant(leastLife.Milliseconds()))
	if r.nextCheck == 0 || s.check < r.nextCheck {
		r.schedule(s.check)
	}
	return r.signOuts.after(s.id, arrived)
}

// instant returns a time as the registry stores it, which is smaller.
func instant(t time.Time) floor.Instant { return floor.Instant(t.UnixMilli()) }

// schedule sets the timer. It is never far ahead: a machine that slept, or whose clock was
// set, is late by an hour at most. The caller must hold mu.
func (r *SessionRegistry) schedule(at floor.Instant) {
	r.nextCheck = at
	in := min(max(minCheckPause, time.UnixMilli(int64(at)).Sub(r.now())), maxCheckPause)
	if r.timer == nil {
		r.timer = time.AfterFunc(in, r.closeOver)
	} else {
		r.timer.Reset(in)
	}
}

// Remove removes a session. It does nothing if the session is not in the registry.
func (r *SessionRegistry) Remove(s *LiveSession) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, s)
}

// closeOver closes the sessions that are past their limit.
func (r *SessionRegistry) closeOver() {
	limits := r.limits(r.due())
	for _, session := range r.takeOver(limits) {
		session.Close(wire.CloseSessionOver)
	}
}

// due returns the sessions whose check is due.
func (r *SessionRegistry) due() (due []*LiveSession) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := instant(r.now())
	for s := range r.all {
		if !s.over && s.check <= now {
			due = append(due, s)
		}
	}
	return due
}

// limits returns the limits of sessions, without those whose event cannot be read now: they
// are compared again later.
func (r *SessionRegistry) limits(of []*LiveSession) map[*LiveSession]floor.Instant {
	ctx, cancel := context.WithTimeout(context.Background(), stateTimeout)
	defer cancel()
	states, limits := map[floor.EventID]*floor.State{}, make(map[*LiveSession]floor.Instant, len(of))
	for _, s := range of {
		state, known := states[s.log]
		if !known {
			if newest, err := r.directory.State(ctx, s.log); err == nil {
				state = &newest
			}
			states[s.log] = state
		}
		if state != nil {
			limits[s] = instant(limitOf(s.Session.Who().Actor.Role(), time.UnixMilli(int64(s.signedIn)), state))
		}
	}
	return limits
}

// takeOver returns the sessions that are past their limit, each of them once, and sets the
// timer for the next check.
func (r *SessionRegistry) takeOver(limits map[*LiveSession]floor.Instant) (sessions []*session.Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, next := r.now(), floor.Instant(0)
	hour := instant(now.Truncate(maxCheckPause).Add(maxCheckPause)) // the same for many sessions
	for s := range r.all {
		if s.over {
			continue
		}
		limit, compared := limits[s]
		switch {
		case compared && limit <= instant(now):
			s.over = true
			sessions = append(sessions, s.Session)
			continue
		case compared:
			s.check = min(limit, hour)
		case s.check <= instant(now): // its event cannot be read
			s.check = instant(now.Add(minCheckPause))
		}
		if next == 0 || s.check < next {
			next = s.check
		}
	}
	if r.nextCheck = next; next != 0 {
		r.schedule(next)
	}
	return sessions
}

// signOut closes the live connections of a session, including those that are not added
// yet because they are still connecting.
func (r *SessionRegistry) signOut(id sessionID) {
	for _, session := range r.recordSignOut(id) {
		session.Close(wire.CloseSessionOver)
	}
}

// signedOut reports whether a session was signed out on this node a moment ago. Its token
// is valid still, but must not be renewed: the cookie would come back.
func (r *SessionRegistry) signedOut(id sessionID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.signOuts.has(id)
}

// recordSignOut returns the live connections of a session, and remembers that it was signed
// out.
func (r *SessionRegistry) recordSignOut(id sessionID) (sessions []*session.Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.signOuts.add(id, r.now())
	for s := range r.all {
		if s.id == id {
			sessions = append(sessions, s.Session)
		}
	}
	return sessions
}

// The bounds of recentSignOuts.
const (
	signOutsKept = time.Minute // much longer than connecting takes
	maxSignOuts  = 4096        // of one generation
)

// recentSignOuts holds the sessions that were signed out recently. It does not say
// who may come back, since a token stays valid until it expires, but who was
// connecting, or being renewed, while the session was signed out. It has two generations; the older one is
// dropped when the younger one is full or old enough.
type recentSignOuts struct {
	young, old map[sessionID]time.Time // when each was signed out
	began      time.Time               // when the young generation began
}

func (o *recentSignOuts) add(id sessionID, now time.Time) {
	if o.young == nil || len(o.young) >= maxSignOuts || now.Sub(o.began) >= signOutsKept {
		o.young, o.old, o.began = make(map[sessionID]time.Time), o.young, now
	}
	o.young[id] = now
}

// after reports whether a session was signed out after a time.
func (o *recentSignOuts) after(id sessionID, at time.Time) bool {
	return o.young[id].After(at) || o.old[id].After(at)
}

// has reports whether a session was signed out recently.
func (o *recentSignOuts) has(id sessionID) bool { return o.after(id, time.Time{}) }

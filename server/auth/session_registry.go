package auth

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/hub/session"
	"github.com/matchfloor/matchfloor/wire"
)

// LiveSession is a live session with the sign-in that it belongs to. A connection
// holds it as a field, so that it costs no allocation.
type LiveSession struct {
	Session *session.Session
	token   tokenHash
	expires time.Time
	expired bool // guarded by the registry's lock: the session was closed because its sign-in has expired
}

// LiveSession returns a caller's session for a registry.
func (c Caller) LiveSession(s *session.Session) LiveSession {
	return LiveSession{Session: s, token: hashToken(c.token), expires: c.expires}
}

// tokenHash stands for a token, which is longer: half of its SHA-256.
type tokenHash [sha256.Size / 2]byte

func hashToken(token string) tokenHash {
	sum := sha256.Sum256([]byte(token))
	return tokenHash(sum[:])
}

// minExpiryPause is the least time between two searches for expired sign-ins.
const minExpiryPause = time.Second

// SessionRegistry holds a node's live sessions. It closes the sessions of a token that is signed
// out and those whose sign-in has expired. Both scan all sessions, which is cheap enough because
// both are rare. It is safe for concurrent use.
type SessionRegistry struct {
	now func() time.Time

	mu         sync.Mutex // guards the fields below
	all        map[*LiveSession]struct{}
	timer      *time.Timer // fires at nextExpiry; nil before the first session
	nextExpiry time.Time   // when the first of the sign-ins expires; zero if none does
	signOuts   recentSignOuts
}

// NewSessionRegistry returns an empty registry that reads the time from now.
func NewSessionRegistry(now func() time.Time) *SessionRegistry {
	return &SessionRegistry{now: now, all: make(map[*LiveSession]struct{})}
}

// Add adds a caller's session. The caller of Add must call Remove. If the token was
// signed out since the request arrived, the session is closed at once.
func (r *SessionRegistry) Add(s *LiveSession, c Caller) {
	if r.insert(s, c.arrived) {
		s.Session.Close(wire.CloseSessionOver)
	}
}

// insert adds a session and reports whether its token was signed out after arrived.
func (r *SessionRegistry) insert(s *LiveSession, arrived time.Time) (signedOut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all[s] = struct{}{}
	if r.nextExpiry.IsZero() || s.expires.Before(r.nextExpiry) {
		r.scheduleExpiry(s.expires, s.expires.Sub(r.now()))
	}
	return r.signOuts.after(s.token, arrived)
}

// scheduleExpiry sets the timer. The caller must hold mu.
func (r *SessionRegistry) scheduleExpiry(at time.Time, in time.Duration) {
	r.nextExpiry = at
	if r.timer == nil {
		r.timer = time.AfterFunc(in, r.closeExpired)
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

// closeExpired closes the sessions whose sign-in has expired.
func (r *SessionRegistry) closeExpired() {
	for _, session := range r.takeExpired() {
		session.Close(wire.CloseSessionOver)
	}
}

// takeExpired returns the sessions whose sign-in has expired, each of them once,
// and sets the timer for the next.
func (r *SessionRegistry) takeExpired() (sessions []*session.Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, next := r.now(), time.Time{}
	for s := range r.all {
		switch {
		case s.expired:
		case !now.Before(s.expires):
			s.expired = true
			sessions = append(sessions, s.Session)
		case next.IsZero() || s.expires.Before(next):
			next = s.expires
		}
	}
	if r.nextExpiry = next; !next.IsZero() {
		r.scheduleExpiry(next, max(minExpiryPause, next.Sub(now)))
	}
	return sessions
}

// signOut closes the live sessions of a token, including those that are not added
// yet because they are still connecting.
func (r *SessionRegistry) signOut(token string) {
	for _, session := range r.recordSignOut(hashToken(token)) {
		session.Close(wire.CloseSessionOver)
	}
}

// recordSignOut returns a token's sessions, and remembers that it was signed out.
func (r *SessionRegistry) recordSignOut(token tokenHash) (sessions []*session.Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.signOuts.add(token, r.now())
	for s := range r.all {
		if s.token == token {
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

// recentSignOuts holds the tokens that were signed out recently. It does not say
// who may come back, since a token stays valid until it expires, but who was
// connecting while it was signed out. It has two generations; the older one is
// dropped when the younger one is full or old enough.
type recentSignOuts struct {
	young, old map[tokenHash]time.Time // when each was signed out
	began      time.Time               // when the young generation began
}

func (o *recentSignOuts) add(token tokenHash, now time.Time) {
	if o.young == nil || len(o.young) >= maxSignOuts || now.Sub(o.began) >= signOutsKept {
		o.young, o.old, o.began = make(map[tokenHash]time.Time), o.young, now
	}
	o.young[token] = now
}

// after reports whether a token was signed out after a time.
func (o *recentSignOuts) after(token tokenHash, at time.Time) bool {
	return o.young[token].After(at) || o.old[token].After(at)
}

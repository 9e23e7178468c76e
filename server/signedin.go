package server

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/wire"
)

// signedIn is a live session with what it was signed in by. It is kept as part of
// its connection.
type signedIn struct {
	session *hub.Session
	token   tokenKey
	expires time.Time
	over    bool // guarded by the list's lock: it was told that the sign-in has expired
}

// tokenKey stands for a token, which is longer: half of its SHA-256.
type tokenKey [sha256.Size / 2]byte

func keyOf(token string) tokenKey {
	sum := sha256.Sum256([]byte(token))
	return tokenKey(sum[:])
}

// expiryPause is the least time between two looks for who has expired.
const expiryPause = time.Second

// liveSessions are the live sessions, so that signing out ends those of a token,
// and time those whose sign-in has expired: both are rare, and look at all.
type liveSessions struct {
	now func() time.Time

	mu   sync.Mutex // guards what follows
	all  map[*signedIn]struct{}
	look *time.Timer // set for next; nil before there was anybody
	next time.Time   // when the first of them expires, or did; zero: nobody does
	out  signOuts
}

func newLiveSessions(now func() time.Time) *liveSessions {
	return &liveSessions{now: now, all: make(map[*signedIn]struct{})}
}

// add takes a session in, until remove. One that was signed out since its client came
// is ended at once.
func (l *liveSessions) add(in *signedIn, came time.Time) {
	if l.join(in, came) {
		in.session.Close(wire.CloseSessionOver)
	}
}

// join is add, and answers whether the session's token was signed out since then.
func (l *liveSessions) join(in *signedIn, came time.Time) (over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all[in] = struct{}{}
	if l.next.IsZero() || in.expires.Before(l.next) {
		l.lookAt(in.expires, in.expires.Sub(l.now()))
	}
	return l.out.since(in.token, came)
}

// lookAt sets the timer; mu is held.
func (l *liveSessions) lookAt(next time.Time, in time.Duration) {
	l.next = next
	if l.look == nil {
		l.look = time.AfterFunc(in, l.expire)
	} else {
		l.look.Reset(in)
	}
}

func (l *liveSessions) remove(in *signedIn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, in)
}

// expire ends the sessions whose sign-in has expired.
func (l *liveSessions) expire() {
	for _, session := range l.expired() {
		session.Close(wire.CloseSessionOver)
	}
}

// expired answers each session once whose sign-in has expired, and sets the timer
// for the next.
func (l *liveSessions) expired() (sessions []*hub.Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, next := l.now(), time.Time{}
	for in := range l.all {
		switch {
		case in.over:
		case !now.Before(in.expires):
			in.over = true
			sessions = append(sessions, in.session)
		case next.IsZero() || in.expires.Before(next):
			next = in.expires
		}
	}
	if l.next = next; !next.IsZero() {
		l.lookAt(next, max(expiryPause, next.Sub(now)))
	}
	return sessions
}

// end closes the live connections of a token, those too that are on their way.
func (l *liveSessions) end(token string) {
	for _, session := range l.of(keyOf(token)) {
		session.Close(wire.CloseSessionOver)
	}
}

// of answers a token's sessions, and notes that it is signed out.
func (l *liveSessions) of(token tokenKey) (sessions []*hub.Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out.add(token, l.now())
	for in := range l.all {
		if in.token == token {
			sessions = append(sessions, in.session)
		}
	}
	return sessions
}

// The bounds of signOuts.
const (
	signOutsFor  = time.Minute // far longer than connecting takes
	signOutsMost = 4096        // of a generation
)

// signOuts is which tokens were signed out of late: not who may come back, which
// a token says by itself until it expires, but who was connecting meanwhile. It is
// two generations, of which the older is forgotten.
type signOuts struct {
	young, old map[tokenKey]time.Time // when
	began      time.Time              // of the young one
}

func (o *signOuts) add(token tokenKey, now time.Time) {
	if o.young == nil || len(o.young) >= signOutsMost || now.Sub(o.began) >= signOutsFor {
		o.young, o.old, o.began = make(map[tokenKey]time.Time), o.young, now
	}
	o.young[token] = now
}

// since reports whether a token was signed out after its client came.
func (o *signOuts) since(token tokenKey, came time.Time) bool {
	return o.young[token].After(came) || o.old[token].After(came)
}

package session

import (
	"maps"
	"slices"
	"sync"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
)

// maxLinkSessions is how many sessions one link may have on one node.
const maxLinkSessions = 64

// subscriptions holds the sessions on one log, by what they watch.
type subscriptions struct {
	mu        sync.Mutex // guards the fields below; the caller may hold a session's lock
	bySubject map[floor.Subject]sessionSet
	byLink    map[floor.LinkID]sessionSet

	// awaiting holds the sessions whose client holds a position that this node has not
	// read yet.
	awaiting map[*Session]struct{}
}

func newSubscriptions() *subscriptions {
	return &subscriptions{
		bySubject: make(map[floor.Subject]sessionSet),
		byLink:    make(map[floor.LinkID]sessionSet),
		awaiting:  make(map[*Session]struct{}),
	}
}

// add adds a session. It returns false if the session's link has too many.
func (b *subscriptions) add(s *Session) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byLink[s.who.Link].len() >= maxLinkSessions {
		return false
	}
	insert(b.byLink, s.who.Link, s)
	return true
}

// remove removes a session, which watches the given subjects.
func (b *subscriptions) remove(s *Session, subjects []floor.Subject) {
	b.mu.Lock()
	defer b.mu.Unlock()
	remove(b.byLink, s.who.Link, s)
	delete(b.awaiting, s)
	for _, subject := range subjects {
		remove(b.bySubject, subject, s)
	}
}

// watch replaces the subjects that a session watches.
func (b *subscriptions) watch(s *Session, before, now []floor.Subject) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, subject := range before {
		remove(b.bySubject, subject, s)
	}
	for _, subject := range now {
		insert(b.bySubject, subject, s)
	}
}

// await notes that a session waits until the log has been read to its head.
func (b *subscriptions) await(s *Session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.awaiting[s] = struct{}{}
}

// takeAwaiting returns the sessions that wait for the log to be read, and removes them.
func (b *subscriptions) takeAwaiting() []*Session {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := slices.Collect(maps.Keys(b.awaiting))
	clear(b.awaiting)
	return found
}

// in returns the sessions that a scope concerns. A session may be in the result twice.
func (b *subscriptions) in(scope history.Scope) []*Session {
	if scope.All {
		return b.all()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []*Session
	for subject := range scope.Subjects {
		found = b.bySubject[subject].appendTo(found)
	}
	for _, link := range scope.Links {
		found = b.byLink[link].appendTo(found)
	}
	return found
}

// all returns all sessions, also those whose client has not said hello.
func (b *subscriptions) all() []*Session {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []*Session
	for _, sessions := range b.byLink {
		found = sessions.appendTo(found)
	}
	return found
}

// watching returns the sessions that watch a subject.
func (b *subscriptions) watching(s floor.Subject) []*Session {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bySubject[s].appendTo(nil)
}

// empty reports whether there is no session.
func (b *subscriptions) empty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.byLink) == 0
}

// sessionSet is a set of sessions. Nearly all of ten thousand links and people have
// one, which costs no map.
type sessionSet struct {
	one  *Session // nil if there are several, or none
	more map[*Session]struct{}
}

func (set sessionSet) len() int {
	if set.one != nil {
		return 1
	}
	return len(set.more)
}

func (set sessionSet) appendTo(list []*Session) []*Session {
	if set.one != nil {
		return append(list, set.one)
	}
	return slices.AppendSeq(slices.Grow(list, len(set.more)), maps.Keys(set.more))
}

func insert[K comparable](m map[K]sessionSet, key K, s *Session) {
	switch set := m[key]; {
	case set.len() == 0:
		m[key] = sessionSet{one: s}
	case set.one != nil:
		m[key] = sessionSet{more: map[*Session]struct{}{set.one: {}, s: {}}}
	default:
		set.more[s] = struct{}{}
	}
}

func remove[K comparable](m map[K]sessionSet, key K, s *Session) {
	set := m[key]
	if delete(set.more, s); set.one == s || set.one == nil && len(set.more) == 0 {
		delete(m, key)
	}
}

package hub

import (
	"maps"
	"slices"
	"sync"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
)

// linkSessions is how many sessions one link may have on one node.
const linkSessions = 64

// audience is the sessions on one log, by what they watch.
type audience struct {
	mu        sync.Mutex // guards what follows; a session's own lock may be held
	bySubject map[floor.Subject]group
	byLink    map[floor.LinkID]group
	seekers   map[*Session]struct{} // who hold a position that this node has not read yet
}

func newAudience() *audience {
	return &audience{
		bySubject: make(map[floor.Subject]group),
		byLink:    make(map[floor.LinkID]group),
		seekers:   make(map[*Session]struct{}),
	}
}

// join takes a session in; it answers false where its link has too many.
func (a *audience) join(s *Session) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byLink[s.who.Link].len() >= linkSessions {
		return false
	}
	insert(a.byLink, s.who.Link, s)
	return true
}

// leave lets a session go.
func (a *audience) leave(s *Session, subjects []floor.Subject) {
	a.mu.Lock()
	defer a.mu.Unlock()
	remove(a.byLink, s.who.Link, s)
	delete(a.seekers, s)
	for _, subject := range subjects {
		remove(a.bySubject, subject, s)
	}
}

// watch makes a session watch other subjects than before.
func (a *audience) watch(s *Session, before, now []floor.Subject) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, subject := range before {
		remove(a.bySubject, subject, s)
	}
	for _, subject := range now {
		insert(a.bySubject, subject, s)
	}
}

// seek notes that a session waits for the log to be read.
func (a *audience) seek(s *Session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seekers[s] = struct{}{}
}

// seeking answers who waited for the log to be read, and forgets them.
func (a *audience) seeking() []*Session {
	a.mu.Lock()
	defer a.mu.Unlock()
	found := slices.Collect(maps.Keys(a.seekers))
	clear(a.seekers)
	return found
}

// marked answers the sessions that changes concern; some may be in it twice.
func (a *audience) marked(m history.Scope) []*Session {
	if m.All {
		return a.everyone()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []*Session
	for subject := range m.Subjects {
		found = a.bySubject[subject].appendTo(found)
	}
	for _, link := range m.Links {
		found = a.byLink[link].appendTo(found)
	}
	return found
}

// everyone answers all sessions, also those that have not said hello.
func (a *audience) everyone() []*Session {
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []*Session
	for _, sessions := range a.byLink {
		found = sessions.appendTo(found)
	}
	return found
}

// watching answers the sessions that watch a subject.
func (a *audience) watching(s floor.Subject) []*Session {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.bySubject[s].appendTo(nil)
}

// group is some sessions. Of ten thousand links and people nearly all have one,
// which costs no map.
type group struct {
	one  *Session // nil where there are more, or none
	more map[*Session]struct{}
}

func (g group) len() int {
	if g.one != nil {
		return 1
	}
	return len(g.more)
}

func (g group) appendTo(list []*Session) []*Session {
	if g.one != nil {
		return append(list, g.one)
	}
	return slices.AppendSeq(slices.Grow(list, len(g.more)), maps.Keys(g.more))
}

func insert[K comparable](m map[K]group, key K, s *Session) {
	switch g := m[key]; {
	case g.len() == 0:
		m[key] = group{one: s}
	case g.one != nil:
		m[key] = group{more: map[*Session]struct{}{g.one: {}, s: {}}}
	default:
		g.more[s] = struct{}{}
	}
}

func remove[K comparable](m map[K]group, key K, s *Session) {
	g := m[key]
	if delete(g.more, s); g.one == s || g.one == nil && len(g.more) == 0 {
		delete(m, key)
	}
}

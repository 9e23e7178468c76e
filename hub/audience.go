package hub

import (
	"maps"
	"slices"
	"sync"

	"matchfloor/floor"
)

// linkSessions is how many sessions one link may have on one node.
const linkSessions = 64

// audience is the sessions on one log, by what they watch.
type audience struct {
	mu        sync.Mutex // guards what follows; a session's own lock may be held
	bySubject map[floor.Subject]map[*Session]struct{}
	byLink    map[floor.LinkID]map[*Session]struct{}
	seekers   map[*Session]struct{} // who hold a position that this node has not read yet
}

func newAudience() *audience {
	return &audience{
		bySubject: make(map[floor.Subject]map[*Session]struct{}),
		byLink:    make(map[floor.LinkID]map[*Session]struct{}),
		seekers:   make(map[*Session]struct{}),
	}
}

// marks is whom some changes concern.
type marks struct {
	all      bool
	subjects map[floor.Subject]struct{}
	links    []floor.LinkID
}

func (m *marks) add(t floor.Touched) {
	if m.subjects == nil {
		m.subjects = make(map[floor.Subject]struct{})
	}
	m.all = m.all || t.All
	m.links = append(m.links, t.Links...)
	for _, s := range t.Whole {
		m.subjects[s] = struct{}{}
	}
	for _, k := range t.Keys {
		m.subjects[k.Subject] = struct{}{}
	}
}

// join takes a session in; it answers false where its link has too many.
func (a *audience) join(s *Session) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.byLink[s.who.Link]) >= linkSessions {
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
func (a *audience) marked(m marks) []*Session {
	if m.all {
		return a.everyone()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []*Session
	for subject := range m.subjects {
		found = slices.AppendSeq(found, maps.Keys(a.bySubject[subject]))
	}
	for _, link := range m.links {
		found = slices.AppendSeq(found, maps.Keys(a.byLink[link]))
	}
	return found
}

// everyone answers all sessions, also those that have not said hello.
func (a *audience) everyone() []*Session {
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []*Session
	for _, sessions := range a.byLink {
		found = slices.AppendSeq(found, maps.Keys(sessions))
	}
	return found
}

func insert[K comparable](m map[K]map[*Session]struct{}, key K, s *Session) {
	if m[key] == nil {
		m[key] = make(map[*Session]struct{})
	}
	m[key][s] = struct{}{}
}

func remove[K comparable](m map[K]map[*Session]struct{}, key K, s *Session) {
	delete(m[key], s)
	if len(m[key]) == 0 {
		delete(m, key)
	}
}

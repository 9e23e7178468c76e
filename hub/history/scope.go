package history

import "github.com/matchfloor/matchfloor/floor"

// Scope says which clients a set of records concerns. The zero value concerns
// nobody.
type Scope struct {
	All      bool // every client
	Subjects map[floor.Subject]struct{}
	Links    []floor.LinkID
}

// Add extends the scope by what one record affected.
func (s *Scope) Add(affected floor.Affected) {
	if s.Subjects == nil {
		s.Subjects = make(map[floor.Subject]struct{})
	}
	s.All = s.All || affected.All
	s.Links = append(s.Links, affected.Links...)
	for _, subject := range affected.Whole {
		s.Subjects[subject] = struct{}{}
	}
	for _, k := range affected.Keys {
		s.Subjects[k.Subject] = struct{}{}
	}
}

package floor

import "github.com/matchfloor/matchfloor/internal/hamt"

// derive finds again what follows from the stored parts of a state: it is called
// where those were set as a whole.
func (d *draft) derive() {
	s := &d.State
	s.derived = derived{doneAt: s.doneAt, staffAt: s.staffAt, recent: s.recent, peopleOf: d.derivePeople()}
	for m := range s.meetings.Values() {
		if m.seated() {
			d.sit(m.Place, m.ID)
		}
		s.between = s.between.With(d.edit, m.pairKey(), append(s.between.At(m.pairKey()), m.ID))
		for _, w := range m.people() {
			s.meetingsOf = s.meetingsOf.With(d.edit, w, append(s.meetingsOf.At(w), m.ID))
		}
	}
	for r := range s.requests.Values() {
		if r.State.Open() {
			s.open = s.open.With(d.edit, r.ID, struct{}{})
		}
	}
}

func (d *draft) derivePeople() (people hamt.Map[CompanyID, []AttendeeID]) {
	for a := range d.attendees.Values() {
		people = people.With(d.edit, a.Company, append(people.At(a.Company), a.ID))
	}
	return people
}

// pairKey names the two companies of a meeting, which are never others.
func (m Meeting) pairKey() string { return string(m.Host.Company) + "|" + string(m.Guest.Company) }

// people answers who takes part in a meeting: both sides' people and the
// assigned interpreter.
func (m Meeting) people() []ActorID {
	people := make([]ActorID, 0, len(m.Host.People)+len(m.Guest.People)+1)
	for _, a := range m.Host.People {
		people = append(people, NewActorID(RoleAttendee, a))
	}
	for _, a := range m.Guest.People {
		people = append(people, NewActorID(RoleAttendee, a))
	}
	if m.Interpreter != "" {
		people = append(people, NewActorID(RoleInterpreter, m.Interpreter))
	}
	return people
}

// openRequest answers the open request of a meeting.
func (s State) openRequest(id MeetingID) (Request, bool) {
	for r := range s.openRequests() {
		if r.Meeting == id {
			return r, true
		}
	}
	return Request{}, false
}

// openRequests yields the open requests in the order of their ids.
func (s State) openRequests() func(yield func(Request) bool) {
	open, requests := s.open, s.requests // a closure over s would put all of it on the heap
	return func(yield func(Request) bool) {
		for id := range open.All() {
			if !yield(requests.At(id)) {
				return
			}
		}
	}
}

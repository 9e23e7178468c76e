package floor

import "github.com/matchfloor/matchfloor/internal/hamt"

// buildIndexes computes the indexes from the stored parts of a state. It is called after those were
// set as a whole.
func (tx *transaction) buildIndexes() {
	s := &tx.State
	s.secondaryIndexes = secondaryIndexes{otherWindow: s.otherWindow, staffWindow: s.staffWindow, shown: s.shown, peopleOf: tx.peopleByCompany()}
	for m := range s.meetings.Values() {
		if m.seated() {
			tx.occupy(m.Place, m.ID)
		}
		s.meetingsBetween = s.meetingsBetween.With(tx.edit, m.companiesKey(), append(s.meetingsBetween.At(m.companiesKey()), m.ID))
		for _, w := range m.participants() {
			s.meetingsOf = s.meetingsOf.With(tx.edit, w, append(s.meetingsOf.At(w), m.ID))
		}
	}
	for r := range s.requests.Values() {
		if r.State.Open() {
			s.openRequestIDs = s.openRequestIDs.With(tx.edit, r.ID, struct{}{})
		}
	}
}

func (tx *transaction) peopleByCompany() (people hamt.Map[CompanyID, []AttendeeID]) {
	for a := range tx.attendees.Values() {
		people = people.With(tx.edit, a.Company, append(people.At(a.Company), a.ID))
	}
	return people
}

// companiesKey returns the key of a meeting's two companies, which never change.
func (m Meeting) companiesKey() string { return string(m.Host.Company) + "|" + string(m.Guest.Company) }

// participants returns the people of both sides and the assigned interpreter.
func (m Meeting) participants() []ActorID {
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

// openRequest returns the open request of a meeting.
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
	open, requests := s.openRequestIDs, s.requests // a closure over s would move all of s to the heap
	return func(yield func(Request) bool) {
		for id := range open.All() {
			if !yield(requests.At(id)) {
				return
			}
		}
	}
}

// endedRequests yields the ended requests of a round's meetings.
func (s State) endedRequests(round RoundID) func(yield func(Request) bool) {
	return func(yield func(Request) bool) {
		for r := range s.requests.Values() {
			if !r.State.Open() && s.meetings.At(r.Meeting).Place.Round == round && !yield(r) {
				return
			}
		}
	}
}

package floor

// derive finds again what follows from the stored parts of a state: it is called
// where those were set as a whole.
func (d *draft) derive() {
	s := &d.State
	s.derived = derived{doneAt: s.doneAt, staffAt: s.staffAt, recent: s.recent, peopleOf: s.derivePeople()}
	for m := range s.meetings.values() {
		if m.seated() {
			s.seats = s.seats.with(seatKey(m.Place), m.ID)
		}
		s.between = s.between.with(m.pairKey(), append(s.between.at(m.pairKey()), m.ID))
		for _, w := range m.people() {
			s.meetingsOf = s.meetingsOf.with(w, append(s.meetingsOf.at(w), m.ID))
		}
	}
	for r := range s.requests.values() {
		if r.State.Open() {
			s.open = s.open.with(r.ID, struct{}{})
		}
	}
}

func (s State) derivePeople() (people index[CompanyID, []AttendeeID]) {
	for a := range s.attendees.values() {
		people = people.with(a.Company, append(people.at(a.Company), a.ID))
	}
	return people
}

// pairKey names the two companies of a meeting, which are never others.
func (m Meeting) pairKey() string { return string(m.Host.Company) + "|" + string(m.Guest.Company) }

// people answers who takes part in a meeting: both sides' people and the
// assigned interpreter.
func (m Meeting) people() []Who {
	people := make([]Who, 0, len(m.Host.People)+len(m.Guest.People)+1)
	for _, a := range m.Host.People {
		people = append(people, NewWho(RoleAttendee, a))
	}
	for _, a := range m.Guest.People {
		people = append(people, NewWho(RoleAttendee, a))
	}
	if m.Interpreter != "" {
		people = append(people, NewWho(RoleInterpreter, m.Interpreter))
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

func (s State) openRequests() func(yield func(Request) bool) {
	return func(yield func(Request) bool) {
		for id := range s.open.all() {
			if !yield(s.requests.at(id)) {
				return
			}
		}
	}
}

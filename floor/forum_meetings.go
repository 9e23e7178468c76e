package floor

import "slices"

// meetings checks every meeting of a forum against the rules that Decide has for moves, by placing the
// meetings one after the other.
func (c *forumCheck) meetings() {
	booked := c.bookings()
	c.indexPeople()
	for i, m := range c.forum.Meetings {
		c.beginEntry("meeting", string(m.ID), i)
		c.checkRef("round", "round", string(m.Place.Round))
		c.checkRef("table", "table", string(m.Place.Table))
		if (m.Place.Round == "") != (m.Place.Table == "") {
			c.addFault("table", badValue("table"))
		}
		if m.Host.Company == m.Guest.Company || m.Host.Company == "" || m.Guest.Company == "" {
			c.addFault("guest", badValue("guest"))
		}
		m.Host.People = c.party("host", m.Host)
		m.Guest.People = c.party("guest", m.Guest)
		c.assignedInterpreter(m)
		if m.Place != (Place{}) {
			c.bookPlace(booked, m)
		}
	}
}

// party returns the people of one side: by default everyone of the company.
func (c *forumCheck) party(field string, p Party) []AttendeeID {
	c.checkRef(field, "company", string(p.Company))
	for _, a := range p.People {
		if !c.checkRef(field+"People", "attendee", string(a)) {
			continue
		}
		if c.companyOf[a] != p.Company {
			c.addFault(field+"People", newError(CodeNotYours, "of", attendeeRef(a).String()))
		}
	}
	if len(p.People) > 0 {
		return p.People
	}
	return c.peopleOf[p.Company]
}

// indexPeople maps people to companies and back, so that no meeting needs to search all attendees.
func (c *forumCheck) indexPeople() {
	c.companyOf, c.peopleOf = map[AttendeeID]CompanyID{}, map[CompanyID][]AttendeeID{}
	for _, a := range c.forum.Attendees {
		if _, twice := c.companyOf[a.ID]; !twice { // a second one is a fault that is found elsewhere
			c.companyOf[a.ID] = a.Company
		}
		c.peopleOf[a.Company] = append(c.peopleOf[a.Company], a.ID)
	}
}

// assignedInterpreter checks an assigned interpreter against the pair and their shifts.
func (c *forumCheck) assignedInterpreter(m Meeting) {
	if m.Pair != "" {
		c.pair("pair", m.Pair)
	}
	if m.Interpreter == "" || !c.checkRef("interpreter", "interpreter", string(m.Interpreter)) {
		return
	}
	at := slices.IndexFunc(c.forum.Interpreters, func(v Interpreter) bool { return v.ID == m.Interpreter })
	i, who := c.forum.Interpreters[at], string(NewActorID(RoleInterpreter, m.Interpreter))
	if !slices.Contains(i.Pairs, m.Pair) {
		c.addFault("interpreter", newError(CodeWrongPair, "who", who, "pair", string(m.Pair)))
	}
	round := slices.IndexFunc(c.forum.Rounds, func(r Round) bool { return r.ID == m.Place.Round })
	if round < 0 {
		return
	}
	plan := c.forum.Rounds[round].Plan
	if !onShift(i, plan.Start) || !onShift(i, plan.End-1) {
		c.addFault("interpreter", newError(CodeOffShift, "who", who))
	}
}

// bookings has who and what is taken in each round: "<round>|<what>" → the meeting.
type bookings struct {
	taken    map[string]MeetingID
	capacity map[TableID]int
	closed   map[TableID]bool
}

func (c *forumCheck) bookings() bookings {
	b := bookings{map[string]MeetingID{}, map[TableID]int{}, map[TableID]bool{}}
	for _, t := range c.forum.Tables {
		b.capacity[t.ID], b.closed[t.ID] = t.Capacity, t.Closed
	}
	return b
}

func (b bookings) take(round RoundID, what string, m MeetingID) (by MeetingID, ok bool) {
	key := string(round) + "|" + what
	if by, taken := b.taken[key]; taken {
		return by, false
	}
	b.taken[key] = m
	return m, true
}

func (c *forumCheck) bookPlace(b bookings, m Meeting) {
	table, round := m.Place.Table, m.Place.Round
	if by, ok := b.take(round, tableRef(table).String(), m.ID); !ok {
		c.addFault("table", newError(CodeTableTaken, "table", string(table), "round", string(round), "meeting", string(by)))
	}
	if b.closed[table] {
		c.addFault("table", newError(CodeTableClosed, "table", string(table)))
	}
	people := len(m.Host.People) + len(m.Guest.People)
	if limit, ok := b.capacity[table]; ok && people > limit {
		c.addFault("table", newError(CodeTableSmall, "table", string(table), "capacity", itoa(limit), "people", itoa(people)))
	}
	for _, w := range m.participants() {
		by, ok := b.take(round, string(w), m.ID)
		if ok {
			continue
		}
		field, code := "guest", CodePersonBusy
		switch {
		case w.Role() == RoleInterpreter:
			field, code = "interpreter", CodeInterpreterBusy
		case slices.Contains(m.Host.People, AttendeeID(w.ID())):
			field = "host"
		}
		c.addFault(field, newError(code, "who", string(w), "round", string(round), "meeting", string(by)))
	}
}

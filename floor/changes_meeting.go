package floor

// The changes of meetings, tables and presence.
type (
	// MeetingMoved gave a meeting another place. In another round nobody is at the table yet; Marks are
	// the sides' marks that this cleared.
	MeetingMoved struct {
		Meeting MeetingID `json:"meeting"`
		From    Place     `json:"from,omitzero"`
		To      Place     `json:"to,omitzero"`
		Marks   Marks     `json:"marks,omitzero"`
	}
	// MeetingsSwapped exchanged the places of two meetings: A went from FromA to FromB.
	MeetingsSwapped struct {
		A      MeetingID `json:"a"`
		B      MeetingID `json:"b"`
		FromA  Place     `json:"fromA"`
		FromB  Place     `json:"fromB"`
		MarksA Marks     `json:"marksA,omitzero"`
		MarksB Marks     `json:"marksB,omitzero"`
	}
	// Marks are a meeting's sides as they were marked before a move to another round.
	Marks struct {
		Host  Presence `json:"host,omitzero"`
		Guest Presence `json:"guest,omitzero"`
	}
	// MeetingCancelled took a meeting out of the schedule, or (as an undo) put it back.
	MeetingCancelled struct {
		Meeting   MeetingID `json:"meeting"`
		Cancelled bool      `json:"cancelled"`
		Reason    string    `json:"reason,omitzero"`
	}
	// MeetingLocked fixed a meeting to its place, or released it.
	MeetingLocked struct {
		Meeting MeetingID `json:"meeting"`
		Locked  bool      `json:"locked"`
	}
	// InterpreterAssigned gave a meeting another interpreter, or none.
	InterpreterAssigned struct {
		Meeting MeetingID     `json:"meeting"`
		From    InterpreterID `json:"from,omitzero"`
		To      InterpreterID `json:"to,omitzero"`
	}
	// TableClosed closed a table, or (Closed false) opened it again.
	TableClosed struct {
		Table  TableID `json:"table"`
		Closed bool    `json:"closed"`
		Reason string  `json:"reason,omitzero"`
	}
	// AttendeeCheckedIn says since when a person is at the event. An undo sets To to 0.
	AttendeeCheckedIn struct {
		Attendee AttendeeID `json:"attendee"`
		From     Instant    `json:"from,omitzero"`
		To       Instant    `json:"to,omitzero"`
	}
	// SideMarked says whether a side is at its table.
	SideMarked struct {
		Meeting MeetingID `json:"meeting"`
		Side    Side      `json:"side"`
		From    Presence  `json:"from"`
		To      Presence  `json:"to"`
	}
	// GraceEnded says that the grace period ended before a side was seen at its table.
	GraceEnded struct {
		Meeting MeetingID `json:"meeting"`
		Side    Side      `json:"side"`
	}
)

func (c MeetingMoved) apply(tx *transaction) {
	tx.setPlace(c.Meeting, c.To)
}

// setPlace moves a meeting. In another round nobody is at its table yet, so the marks are cleared.
func (tx *transaction) setPlace(id MeetingID, to Place) {
	m := tx.meetings.At(id)
	if m.Place.Round != to.Round {
		tx.resetSide(id, Host, &m.Host)
		tx.resetSide(id, Guest, &m.Guest)
	}
	if m.Place = to; tx.Released() {
		m.MovedAt = tx.now
	}
	tx.setMeeting(m)
	tx.markChanged(meetingRef(id))
}

// clearedMarks returns the marks of a meeting's sides that a move to another place would clear.
func (m Meeting) clearedMarks(to Place) (lost Marks) {
	if m.Place.Round == to.Round {
		return lost
	}
	if m.Host.Presence != Expected {
		lost.Host = m.Host.Presence
	}
	if m.Guest.Presence != Expected {
		lost.Guest = m.Guest.Presence
	}
	return lost
}

// resetSide makes a side expected again. The new revision prevents the undo of an earlier mark.
func (tx *transaction) resetSide(id MeetingID, side Side, p *Party) {
	if p.Presence == Expected && !p.GraceEnd {
		return
	}
	p.Presence, p.GraceEnd = Expected, false
	tx.markChanged(sideRef(id, side))
}

func (c MeetingsSwapped) apply(tx *transaction) {
	tx.vacate(c.FromA)
	tx.vacate(c.FromB)
	tx.setPlace(c.A, c.FromB)
	tx.setPlace(c.B, c.FromA)
}

func (c MeetingsSwapped) inverse() Change {
	return MeetingsSwapped{A: c.A, B: c.B, FromA: c.FromB, FromB: c.FromA}
}

func (c MeetingMoved) inverse() Change {
	return MeetingMoved{Meeting: c.Meeting, From: c.To, To: c.From}
}

func (c MeetingCancelled) apply(tx *transaction) {
	m := tx.meetings.At(c.Meeting)
	m.Cancelled, m.Reason = c.Cancelled, c.Reason
	if !c.Cancelled {
		m.Reason = ""
	}
	tx.setMeeting(m)
	tx.markChanged(meetingRef(c.Meeting))
}

func (c MeetingCancelled) inverse() Change {
	return MeetingCancelled{c.Meeting, !c.Cancelled, c.Reason}
}

func (c MeetingLocked) apply(tx *transaction) {
	m := tx.meetings.At(c.Meeting)
	m.Locked = c.Locked
	tx.setMeeting(m)
	tx.markChanged(meetingRef(c.Meeting))
}

func (c MeetingLocked) inverse() Change { return MeetingLocked{c.Meeting, !c.Locked} }

func (c InterpreterAssigned) apply(tx *transaction) {
	m := tx.meetings.At(c.Meeting)
	m.Interpreter = c.To
	tx.setMeeting(m)
	if c.From != "" {
		w := NewActorID(RoleInterpreter, c.From)
		tx.meetingsOf = tx.meetingsOf.With(tx.edit, w, withoutItem(tx.meetingsOf.At(w), c.Meeting))
	}
	if c.To != "" {
		w := NewActorID(RoleInterpreter, c.To)
		tx.meetingsOf = tx.meetingsOf.With(tx.edit, w, withItem(tx.meetingsOf.At(w), c.Meeting))
	}
	tx.markChanged(meetingRef(c.Meeting))
}

func (c InterpreterAssigned) inverse() Change { return InterpreterAssigned{c.Meeting, c.To, c.From} }

func (c TableClosed) apply(tx *transaction) {
	t := tx.tables.At(c.Table)
	t.Closed, t.Reason = c.Closed, c.Reason
	if !c.Closed {
		t.Reason = ""
	}
	tx.tables = tx.tables.With(tx.edit, c.Table, t)
	tx.markChanged(tableRef(c.Table))
}

func (c TableClosed) inverse() Change { return TableClosed{c.Table, !c.Closed, c.Reason} }

func (c AttendeeCheckedIn) apply(tx *transaction) {
	a := tx.attendees.At(c.Attendee)
	a.CheckedIn = c.To
	tx.attendees = tx.attendees.With(tx.edit, c.Attendee, a)
	tx.markChanged(attendeeRef(c.Attendee))
}

func (c AttendeeCheckedIn) inverse() Change { return AttendeeCheckedIn{c.Attendee, c.To, c.From} }

func (c SideMarked) apply(tx *transaction) {
	tx.markSide(c.Meeting, c.Side, func(p *Party) { p.Presence = c.To })
}

func (c SideMarked) inverse() Change { return SideMarked{c.Meeting, c.Side, c.To, c.From} }

func (c GraceEnded) apply(tx *transaction) {
	tx.markSide(c.Meeting, c.Side, func(p *Party) { p.GraceEnd = true })
}

// markSide changes one side. The side has a revision of its own, so that a mark makes no move of the
// meeting stale.
func (tx *transaction) markSide(id MeetingID, side Side, mark func(*Party)) {
	m := tx.meetings.At(id)
	if side == Guest {
		mark(&m.Guest)
	} else {
		mark(&m.Host)
	}
	tx.setMeeting(m)
	tx.markAffected(meetingRef(id))
	tx.markChanged(sideRef(id, side))
}

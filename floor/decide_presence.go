package floor

// MaxAcknowledged is the number of notices in one AcknowledgeNotices.
const MaxAcknowledged = 100

func (c CheckIn) decide(d *decision) *Error {
	a, ok := d.attendees.Get(c.Attendee)
	ref := attendeeRef(c.Attendee)
	if err := d.checkOwner(d.envelope.By == NewActorID(RoleAttendee, c.Attendee), ref); err != nil {
		return err
	}
	if !ok {
		return unknown(ref)
	}
	if a.CheckedIn != 0 {
		return newError(CodeAlready, "of", ref.String(), "state", "checkedIn")
	}
	d.emit(AttendeeCheckedIn{a.ID, 0, d.now})
	return nil
}

func (c MarkPresent) decide(d *decision) *Error {
	m, err := d.sideToMark(c.Meeting, c.Side)
	if err != nil {
		return err
	}
	if d.envelope.By.Role() == RoleAttendee {
		if side, ok := m.sideOf(AttendeeID(d.envelope.By.ID())); !ok || side != c.Side {
			return newError(CodeNotYours, "of", meetingRef(m.ID).String())
		}
	}
	return d.mark(m, c.Side, Present)
}

func (c MarkNoShow) decide(d *decision) *Error {
	m, err := d.sideToMark(c.Meeting, c.Side)
	if err != nil {
		return err
	}
	if err := d.checkBase(meetingRef(c.Meeting), sideRef(c.Meeting, c.Side)); err != nil {
		return err
	}
	return d.mark(m, c.Side, NoShow)
}

func (d *decision) sideToMark(id MeetingID, side Side) (Meeting, *Error) {
	if side != Host && side != Guest {
		return Meeting{}, badValue("side")
	}
	m, ok := d.meetings.Get(id)
	if !ok {
		return Meeting{}, unknown(meetingRef(id))
	}
	if err := d.checkMeetingRight(m); err != nil {
		return Meeting{}, err
	}
	if m.Cancelled {
		return Meeting{}, newError(CodeCancelled, "meeting", string(id))
	}
	if !m.seated() {
		return Meeting{}, newError(CodeNoPlace, "meeting", string(id))
	}
	return m, d.checkReleased()
}

func (d *decision) mark(m Meeting, side Side, to Presence) *Error {
	if from := m.Party(side).Presence; from != to {
		d.emit(SideMarked{m.ID, side, from, to})
		return nil
	}
	return newError(CodeAlready, "of", meetingRef(m.ID).String(), "state", string(to))
}

func (c AcknowledgeNotices) decide(d *decision) *Error {
	if len(c.Notices) == 0 || len(c.Notices) > MaxAcknowledged {
		return badValue("notices")
	}
	by := d.envelope.By
	if err := d.checkOwner(true, Ref{}); err != nil {
		return err
	}
	for _, id := range c.Notices {
		for _, p := range d.pending.At(by) {
			if p == id {
				d.emit(NoticeSeen{id, by})
			}
		}
	}
	return nil
}

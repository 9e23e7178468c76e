package floor

import "strconv"

// decide makes the changes that reverse those of an earlier command. They must follow the same hard
// rules as any other change, and nothing that the command changed may have changed again.
func (c Undo) decide(d *decision) *Error {
	e, ok := d.history.Get(c.Command)
	if !ok || len(e.Changes) == 0 {
		return newError(CodeNothingToUndo, "command", string(c.Command))
	}
	if err := d.checkOwner(e.By == d.envelope.By, doneRef(e.Seq)); err != nil {
		return err
	}
	if e.UndoneBy != "" {
		return newError(CodeUndone, "by", string(e.UndoneBy))
	}
	if err := d.checkNotChangedSince(e); err != nil {
		return err
	}
	if err := d.compensate(e); err != nil {
		return err
	}
	d.emit(CommandUndone(c))
	return nil
}

// checkNotChangedSince refuses if anything that the command changed was changed again.
func (d *decision) checkNotChangedSince(e historyEntry) *Error {
	for _, ref := range e.Changed {
		if r := d.before.revisions.at(ref); r.standsAsOf() > e.Seq {
			return newError(CodeUndoDepends, "of", ref.card().String(), "by", string(r.By), "seq", strconv.FormatUint(r.Seq, 10))
		}
	}
	return nil
}

// compensate makes the inverse changes, the last one first. Each is checked against the rules for the
// command that would make it.
func (d *decision) compensate(e historyEntry) *Error {
	for i := len(e.Changes) - 1; i >= 0; i-- {
		c := e.Changes[i].(reversible)
		if err := d.reverse(c); err != nil {
			return err
		}
	}
	return nil
}

func (d *decision) reverse(c reversible) *Error {
	switch c := c.(type) {
	case MeetingMoved:
		return d.reverseMoved(c)
	case MeetingsSwapped:
		return d.reverseSwapped(c)
	case MeetingCancelled:
		return d.reverseCancelled(c)
	case SlotExtended:
		return d.reverseExtended(c)
	case TableClosed:
		return d.reverseTableClosed(c)
	case AnnouncementWithdrawn:
		if d.announcements.Len() >= MaxAnnouncements {
			return newError(CodeTooMany, "of", "announcement", "limit", itoa(MaxAnnouncements))
		}
	}
	d.emit(c.inverse())
	if c, ok := c.(InterpreterAssigned); ok {
		return d.regainInterpreter(c)
	}
	return nil
}

// regainInterpreter checks that an interpreter who is given back to a meeting has taken on no other in
// the round, and withdraws the notice that they are not needed.
func (d *decision) regainInterpreter(c InterpreterAssigned) *Error {
	m := d.meetings.At(c.Meeting)
	if m.seated() && m.Interpreter != "" {
		if err := d.interpreterFree(m.Interpreter, m.ID, m.Place.Round); err != nil {
			return err
		}
	}
	d.withdrawMeetingNotices(c.Meeting, NoticeCancelled)
	return nil
}

// reverseTableClosed reverses the closing or opening of a table. A table is not closed again if
// meetings were put at it since.
func (d *decision) reverseTableClosed(c TableClosed) *Error {
	for m := range d.meetings.Values() {
		over := d.rounds.At(m.Place.Round).State == StateEnded
		if r := d.revisions.at(meetingRef(m.ID)); !c.Closed && m.seated() && m.Place.Table == c.Table && !over && r.Seq > d.revisions.at(tableRef(c.Table)).Seq {
			return newError(CodeUndoDepends, "of", meetingRef(m.ID).String(), "by", string(r.By), "seq", strconv.FormatUint(r.Seq, 10))
		}
	}
	d.emit(c.inverse())
	return nil
}

func (d *decision) reverseCancelled(c MeetingCancelled) *Error {
	m := d.meetings.At(c.Meeting)
	m.Cancelled = false
	if err := d.fits(m, m.Place); err != nil {
		return err
	}
	d.emit(c.inverse())
	d.withdrawMeetingNotices(c.Meeting, NoticeCancelled)
	d.issueNotice(Notice{Kind: NoticeMoved, Meeting: m.ID, To: m.Place, Undo: true}, m.participants())
	return nil
}

func (d *decision) reverseExtended(c SlotExtended) *Error {
	slot, _ := d.slot(c.SlotRef)
	if slot.State == StateEnded || slot.Now.Length()-c.By < Minute {
		return slotOrderError(c.SlotRef, slot.State)
	}
	d.emit(c.inverse())
	d.shiftFollowers(c.SlotRef)
	return nil
}

// reverseMoved returns a meeting to where it came from and restores its sides' marks.
func (d *decision) reverseMoved(c MeetingMoved) *Error {
	m := d.meetings.At(c.Meeting)
	if err := d.checkReturn(m, c.From); err != nil {
		return err
	}
	if err := d.fits(m, c.From); err != nil {
		return err
	}
	d.moveTo(m, c.From, true)
	d.restoreMarks(m.ID, c.Marks)
	return nil
}

func (d *decision) restoreMarks(id MeetingID, marks Marks) {
	m := d.meetings.At(id)
	if marks.Host != "" && marks.Host != m.Host.Presence {
		d.emit(SideMarked{id, Host, m.Host.Presence, marks.Host})
	}
	if marks.Guest != "" && marks.Guest != m.Guest.Presence {
		d.emit(SideMarked{id, Guest, m.Guest.Presence, marks.Guest})
	}
}

// reverseSwapped returns two meetings to each other's places.
func (d *decision) reverseSwapped(c MeetingsSwapped) *Error {
	a, b := d.meetings.At(c.A), d.meetings.At(c.B)
	for _, m := range []Meeting{a, b} {
		if err := d.checkReturn(m, m.Place); err != nil {
			return err
		}
	}
	if err := d.exchange(a, b, true); err != nil {
		return err
	}
	d.restoreMarks(a.ID, c.MarksA)
	d.restoreMarks(b.ID, c.MarksB)
	return nil
}

// checkReturn refuses what an undo may not move: a locked meeting, or a meeting of an ended round.
func (d *decision) checkReturn(m Meeting, to Place) *Error {
	if m.Locked {
		return newError(CodeLocked, "meeting", string(m.ID))
	}
	if err := d.checkRoundOpen(m.Place); err != nil {
		return err
	}
	return d.checkRoundOpen(to)
}

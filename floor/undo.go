package floor

import "strconv"

// decide makes the changes that compensate those of an earlier command. They are
// held against the same hard rules as any others, and against whatever has been
// built on the earlier ones since.
func (c Undo) decide(d *decision) *Error {
	e, ok := d.done.get(c.Command)
	if !ok || len(e.Changes) == 0 {
		return newError(CodeNothingToUndo, "command", string(c.Command))
	}
	if err := d.mayOwn(e.By == d.order.By, doneCardRef(e)); err != nil {
		return err
	}
	if e.UndoneBy != "" {
		return newError(CodeUndone, "by", string(e.UndoneBy))
	}
	if err := d.dependsOn(e); err != nil {
		return err
	}
	if err := d.compensate(e); err != nil {
		return err
	}
	d.do(CommandUndone(c))
	return nil
}

func doneCardRef(e doing) string { return "done/" + doneID(e.Seq) }

// dependsOn refuses if anything that the command changed was changed again since.
func (d *decision) dependsOn(e doing) *Error {
	for _, ref := range e.Of {
		if r := d.before.revs.at(ref); r.as() > e.Seq {
			return newError(CodeUndoDepends, "of", cardRefs([]string{ref})[0], "by", string(r.By), "seq", strconv.FormatUint(r.Seq, 10))
		}
	}
	return nil
}

// compensate makes the inverse changes. Moves come last and together: they are
// the ones that other people's moves may stand in the way of.
func (d *decision) compensate(e doing) *Error {
	moved := map[MeetingID]bool{}
	for i := len(e.Changes) - 1; i >= 0; i-- {
		c := e.Changes[i].(reversible)
		switch c := c.(type) {
		case MeetingMoved:
			moved[c.Meeting] = true
		case MeetingCancelled:
			if err := d.uncancel(c); err != nil {
				return err
			}
		case SlotExtended:
			if err := d.unextend(c); err != nil {
				return err
			}
		case InterpreterAssigned:
			d.do(c.inverse())
			d.withdrawNotices(func(n Notice) bool { return n.Kind == NoticeCancelled && n.Meeting == c.Meeting })
		default:
			d.do(c.inverse())
		}
	}
	return d.moveBack(e, moved)
}

func (d *decision) uncancel(c MeetingCancelled) *Error {
	m := d.meetings.at(c.Meeting)
	m.Cancelled = false
	if err := d.fits(m, m.Place); err != nil {
		return err
	}
	d.do(c.inverse())
	d.withdrawNotices(func(n Notice) bool { return n.Kind == NoticeCancelled && n.Meeting == c.Meeting })
	d.issue(Notice{Kind: NoticeMoved, Meeting: m.ID, To: m.Place, Undo: true}, m.people())
	return nil
}

func (d *decision) unextend(c SlotExtended) *Error {
	slot, _ := d.slot(c.SlotRef)
	if slot.State == StateEnded || slot.Now.Length()-c.By < Minute {
		return slotOrder(c.SlotRef, slot.State)
	}
	d.do(c.inverse())
	d.shiftFollowers(c.SlotRef)
	return nil
}

// moveBack returns each meeting to where the command first took it from.
func (d *decision) moveBack(e doing, moved map[MeetingID]bool) *Error {
	var origins []MeetingMoved
	for _, c := range e.Changes {
		if c, ok := c.(MeetingMoved); ok && moved[c.Meeting] {
			delete(moved, c.Meeting)
			origins = append(origins, MeetingMoved{c.Meeting, d.meetings.at(c.Meeting).Place, c.From})
		}
	}
	for _, o := range origins {
		m := d.meetings.at(o.Meeting)
		if err := d.mayReturn(m, o.To); err != nil {
			return err
		}
	}
	if len(origins) == 2 && origins[0].From == origins[1].To {
		return d.exchange(d.meetings.at(origins[0].Meeting), d.meetings.at(origins[1].Meeting), true)
	}
	for _, o := range origins {
		m := d.meetings.at(o.Meeting)
		if err := d.fits(m, o.To); err != nil {
			return err
		}
		d.relocate(m, o.To, true)
	}
	return nil
}

// mayReturn refuses what an undo may not move: a locked meeting, or one of a round that is over.
func (d *decision) mayReturn(m Meeting, to Place) *Error {
	if m.Locked {
		return newError(CodeLocked, "meeting", string(m.ID))
	}
	if err := d.leave(m.Place); err != nil {
		return err
	}
	return d.leave(to)
}

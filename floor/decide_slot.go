package floor

import "strconv"

func itoa(n int) string { return strconv.Itoa(n) }

// snap is how far from a slot's expected start a Start may come and still be
// taken as on time: people read minutes.
const snap = Minute

// The limits of an extension, in minutes.
const (
	minExtend = -30
	maxExtend = 120
)

// slotFor answers the slot that a command names, if it names one and it is not a
// matching session, whose rounds are called and started one by one.
func (d *decision) slotFor(r SlotRef) (Slot, *Error) {
	if (r.Round == "") == (r.Item == "") {
		return Slot{}, badValue("round")
	}
	slot, ok := d.slot(r)
	if !ok {
		return Slot{}, unknown(r.ref())
	}
	if r.Item != "" && d.items.At(r.Item).Kind == ItemMatching {
		return Slot{}, badValue("item")
	}
	if err := d.released(); err != nil {
		return Slot{}, err
	}
	return slot, d.fresh(r.ref())
}

func slotOrder(r SlotRef, s SlotState) *Error {
	return newError(CodeSlotOrder, "of", r.ref().String(), "state", string(s))
}

func (c CallSlot) decide(d *decision) *Error {
	slot, err := d.slotFor(c.SlotRef)
	if err != nil {
		return err
	}
	if slot.State != StatePlanned && (slot.State != StateCalled || !c.Last) {
		return slotOrder(c.SlotRef, slot.State)
	}
	d.do(SlotCalled(c))
	if c.Round != "" {
		d.callRound(c.Round, c.Last)
	}
	return nil
}

// callRound tells everyone who has a meeting in the round; the last call replaces
// the first, and tells only those whose side is not at its table yet.
func (d *decision) callRound(id RoundID, last bool) {
	d.withdrawNotices(func(n Notice) bool { return n.Kind == NoticeCall && n.Round == id })
	var who []ActorID
	for m := range d.meetings.Values() {
		if m.Place.Round != id || !m.seated() {
			continue
		}
		who = append(who, d.awaited(m, last)...)
	}
	d.issue(Notice{Kind: NoticeCall, Round: id, Last: last}, who)
}

// awaited answers the people of a meeting whom a call concerns.
func (d *decision) awaited(m Meeting, last bool) []ActorID {
	if !last {
		return m.people()
	}
	if m.Host.Presence == Present {
		m.Host.People = nil
	}
	if m.Guest.Presence == Present {
		m.Guest.People = nil
	}
	return m.people()
}

func (c StartSlot) decide(d *decision) *Error {
	slot, err := d.slotFor(c.SlotRef)
	if err != nil {
		return err
	}
	switch slot.State {
	case StateRunning, StateEnded:
		return slotOrder(c.SlotRef, slot.State)
	}
	if c.Round != "" {
		for r := range d.rounds.Values() {
			if r.State == StateRunning {
				return slotOrder(SlotRef{Round: r.ID}, r.State)
			}
		}
	}
	at := d.now
	if at-slot.Now.Start < snap && slot.Now.Start-at < snap {
		at = slot.Now.Start
	}
	d.do(SlotStarted{c.SlotRef, d.expect(c.SlotRef, slot, at)})
	d.shiftFollowers(c.SlotRef)
	return nil
}

func (c ExtendSlot) decide(d *decision) *Error {
	if c.Minutes < minExtend || c.Minutes > maxExtend || c.Minutes == 0 {
		return badValue("minutes")
	}
	slot, err := d.slotFor(c.SlotRef)
	if err != nil {
		return err
	}
	by := Instant(c.Minutes) * Minute
	if slot.State == StateEnded {
		return slotOrder(c.SlotRef, slot.State)
	}
	if slot.Now.Length()+by < Minute {
		return badValue("minutes")
	}
	d.do(SlotExtended{c.SlotRef, by})
	d.shiftFollowers(c.SlotRef)
	return nil
}

func (c EndSlot) decide(d *decision) *Error {
	slot, err := d.slotFor(c.SlotRef)
	if err != nil {
		return err
	}
	if slot.State != StateRunning {
		return slotOrder(c.SlotRef, slot.State)
	}
	at := d.now
	if at-slot.Now.End < snap && slot.Now.End-at < snap {
		at = slot.Now.End
	}
	d.do(SlotEnded{c.SlotRef, max(at, slot.Now.Start)})
	d.shiftFollowers(c.SlotRef)
	if c.Round != "" {
		d.closeRound(c.Round)
	}
	return nil
}

// closeRound ends what belonged to a round: its notices and its requests.
func (d *decision) closeRound(id RoundID) {
	d.withdrawNotices(func(n Notice) bool {
		return n.Round == id || n.Meeting != "" && d.meetings.At(n.Meeting).Place.Round == id
	})
	for r := range d.openRequests() {
		if d.meetings.At(r.Meeting).Place.Round == id {
			d.endRequest(r)
		}
	}
	for range d.ended(id) {
		d.do(RequestsFiled{id})
		break
	}
}

// endRequest ends a request that has lost its purpose.
func (d *decision) endRequest(r Request) {
	to := Cancelled
	if r.State == Arrived {
		to = Released
	}
	d.do(RequestProgressed{Request: r.ID, From: r.State, To: to, Interpreter: r.Interpreter})
}

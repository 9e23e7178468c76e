package floor

import "strconv"

func itoa(n int) string { return strconv.Itoa(n) }

// onTimeTolerance is how far from a slot's expected start or end a command may come and still count as
// on time: people read minutes, not seconds.
const onTimeTolerance = Minute

// The limits of an extension, in minutes.
const (
	minExtend = -30
	maxExtend = 120
)

// changeableSlot returns the slot that a command names. It refuses matching sessions: their rounds are
// called and started one by one.
func (d *decision) changeableSlot(r SlotRef) (Slot, *Error) {
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
	if err := d.checkReleased(); err != nil {
		return Slot{}, err
	}
	return slot, d.checkBase(r.ref())
}

func slotOrderError(r SlotRef, s SlotState) *Error {
	return newError(CodeSlotOrder, "of", r.ref().String(), "state", string(s))
}

func (c CallSlot) decide(d *decision) *Error {
	slot, err := d.changeableSlot(c.SlotRef)
	if err != nil {
		return err
	}
	if slot.State != StatePlanned && (slot.State != StateCalled || !c.Last) {
		return slotOrderError(c.SlotRef, slot.State)
	}
	d.emit(SlotCalled(c))
	if c.Round != "" {
		d.callRound(c.Round, c.Last)
	}
	return nil
}

// callRound notifies everyone who has a meeting in the round. The last call replaces the first, and
// notifies only those whose side is not at its table yet.
func (d *decision) callRound(id RoundID, last bool) {
	d.withdrawNotices(func(n Notice) bool { return n.Kind == NoticeCall && n.Round == id })
	var who []ActorID
	for m := range d.meetings.Values() {
		if m.Place.Round != id || !m.seated() {
			continue
		}
		who = append(who, m.calledPeople(last)...)
	}
	d.issueNotice(Notice{Kind: NoticeCall, Round: id, Last: last}, who)
}

// calledPeople returns the people of a meeting whom a call is for.
func (m Meeting) calledPeople(last bool) []ActorID {
	if !last {
		return m.participants()
	}
	if m.Host.Presence == Present {
		m.Host.People = nil
	}
	if m.Guest.Presence == Present {
		m.Guest.People = nil
	}
	return m.participants()
}

func (c StartSlot) decide(d *decision) *Error {
	slot, err := d.changeableSlot(c.SlotRef)
	if err != nil {
		return err
	}
	switch slot.State {
	case StateRunning, StateEnded:
		return slotOrderError(c.SlotRef, slot.State)
	}
	if c.Round != "" {
		for r := range d.rounds.Values() {
			if r.State == StateRunning {
				return slotOrderError(SlotRef{Round: r.ID}, r.State)
			}
		}
	}
	at := d.now
	if at-slot.Now.Start < onTimeTolerance && slot.Now.Start-at < onTimeTolerance {
		at = slot.Now.Start
	}
	d.emit(SlotStarted{c.SlotRef, d.expectedSpan(c.SlotRef, slot, at)})
	d.shiftFollowers(c.SlotRef)
	return nil
}

func (c ExtendSlot) decide(d *decision) *Error {
	if c.Minutes < minExtend || c.Minutes > maxExtend || c.Minutes == 0 {
		return badValue("minutes")
	}
	slot, err := d.changeableSlot(c.SlotRef)
	if err != nil {
		return err
	}
	by := Instant(c.Minutes) * Minute
	if slot.State == StateEnded {
		return slotOrderError(c.SlotRef, slot.State)
	}
	if slot.Now.Length()+by < Minute {
		return badValue("minutes")
	}
	d.emit(SlotExtended{c.SlotRef, by})
	d.shiftFollowers(c.SlotRef)
	return nil
}

func (c EndSlot) decide(d *decision) *Error {
	slot, err := d.changeableSlot(c.SlotRef)
	if err != nil {
		return err
	}
	if slot.State != StateRunning {
		return slotOrderError(c.SlotRef, slot.State)
	}
	at := d.now
	if at-slot.Now.End < onTimeTolerance && slot.Now.End-at < onTimeTolerance {
		at = slot.Now.End
	}
	d.emit(SlotEnded{c.SlotRef, max(at, slot.Now.Start)})
	d.shiftFollowers(c.SlotRef)
	if c.Round != "" {
		d.closeRound(c.Round)
	}
	return nil
}

// closeRound ends what belongs to a round: its notices and its requests.
func (d *decision) closeRound(id RoundID) {
	d.withdrawNotices(func(n Notice) bool {
		return n.Round == id || n.Meeting != "" && d.meetings.At(n.Meeting).Place.Round == id
	})
	for r := range d.openRequests() {
		if d.meetings.At(r.Meeting).Place.Round == id {
			d.endRequest(r)
		}
	}
	for range d.endedRequests(id) {
		d.emit(RequestsFiled{id})
		break
	}
}

// endRequest ends a request that no longer has a purpose.
func (d *decision) endRequest(r Request) {
	to := Cancelled
	if r.State == Arrived {
		to = Released
	}
	d.emit(RequestProgressed{Request: r.ID, From: r.State, To: to, Interpreter: r.Interpreter})
}

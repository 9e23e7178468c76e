package floor

// The changes of rounds and agenda items.
type (
	// SlotCalled asked people to come.
	SlotCalled struct {
		SlotRef
		Last bool `json:"last,omitzero"`
	}
	// SlotStarted began it; Now is how it is expected to run.
	SlotStarted struct {
		SlotRef
		Now Span `json:"now"`
	}
	// SlotExtended made it longer, or shorter.
	SlotExtended struct {
		SlotRef
		By Instant `json:"by"` // milliseconds
	}
	// SlotEnded closed it.
	SlotEnded struct {
		SlotRef
		At Instant `json:"at"`
	}
	// SlotsShifted moved slots that follow one that runs late, or no longer does.
	SlotsShifted struct {
		Slots []SlotShift `json:"slots"`
	}
	// SlotShift is one slot's new expectation.
	SlotShift struct {
		SlotRef
		Now Span `json:"now"`
	}
	// MinutesAnnounced says how many minutes of a round are left.
	MinutesAnnounced struct {
		Round RoundID `json:"round"`
		Left  int     `json:"left"`
	}
)

func (c SlotCalled) apply(d *draft) {
	slot, _ := d.slot(c.SlotRef)
	slot.State = StateCalled
	if c.Last {
		slot.State = StateCalledLast
	}
	d.setSlot(c.SlotRef, slot)
	d.change(c.ref())
}

func (c SlotStarted) apply(d *draft) {
	slot, _ := d.slot(c.SlotRef)
	slot.State, slot.Now = StateRunning, c.Now
	d.setSlot(c.SlotRef, slot)
	d.change(c.ref())
}

func (c SlotExtended) apply(d *draft) {
	slot, _ := d.slot(c.SlotRef)
	slot.Extra += c.By
	slot.Now.End += c.By
	d.setSlot(c.SlotRef, slot)
	if r, ok := d.rounds.Get(c.Round); ok {
		r.Left = announcedLeft(r.Now.End - d.now)
		d.rounds = d.rounds.With(d.edit, r.ID, r)
	}
	d.change(c.ref())
}

// announcedLeft answers which "minutes left" has been said when so much is left:
// none, five, or one.
func announcedLeft(left Instant) int {
	switch {
	case left >= 5*Minute:
		return 0
	case left >= Minute:
		return 5
	}
	return 1
}

func (c SlotExtended) inverse() Change { return SlotExtended{c.SlotRef, -c.By} }

func (c SlotEnded) apply(d *draft) {
	slot, _ := d.slot(c.SlotRef)
	slot.State, slot.Now.End = StateEnded, c.At
	d.setSlot(c.SlotRef, slot)
	d.change(c.ref())
}

// apply changes no revision: a shift follows from another slot, and must not
// make a command on this one stale.
func (c SlotsShifted) apply(d *draft) {
	for _, s := range c.Slots {
		slot, _ := d.slot(s.SlotRef)
		slot.Now = s.Now
		d.setSlot(s.SlotRef, slot)
		d.touch(s.ref())
	}
}

func (c MinutesAnnounced) apply(d *draft) {
	r := d.rounds.At(c.Round)
	r.Left = c.Left
	d.rounds = d.rounds.With(d.edit, c.Round, r)
	d.touch(roundRef(c.Round))
}

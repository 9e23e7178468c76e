package floor

// The changes of rounds and agenda items.
type (
	// SlotCalled asked people to come to a slot.
	SlotCalled struct {
		SlotRef
		Last bool `json:"last,omitzero"`
	}
	// SlotStarted started a slot; Now is how it is expected to run.
	SlotStarted struct {
		SlotRef
		Now Span `json:"now"`
	}
	// SlotExtended made a slot longer or shorter.
	SlotExtended struct {
		SlotRef
		By Instant `json:"by"` // milliseconds
	}
	// SlotEnded ended a slot.
	SlotEnded struct {
		SlotRef
		At Instant `json:"at"`
	}
	// SlotsShifted moved the slots after one that runs late, or no longer does.
	SlotsShifted struct {
		Slots []SlotShift `json:"slots"`
	}
	// SlotShift is the new expectation of one slot.
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

func (c SlotCalled) apply(tx *transaction) {
	slot, _ := tx.slot(c.SlotRef)
	slot.State = StateCalled
	if c.Last {
		slot.State = StateCalledLast
	}
	tx.setSlot(c.SlotRef, slot)
	tx.markChanged(c.ref())
}

func (c SlotStarted) apply(tx *transaction) {
	slot, _ := tx.slot(c.SlotRef)
	slot.State, slot.Now = StateRunning, c.Now
	tx.setSlot(c.SlotRef, slot)
	tx.markChanged(c.ref())
}

func (c SlotExtended) apply(tx *transaction) {
	slot, _ := tx.slot(c.SlotRef)
	slot.Extra += c.By
	slot.Now.End += c.By
	tx.setSlot(c.SlotRef, slot)
	if r, ok := tx.rounds.Get(c.Round); ok {
		r.Left = minutesAnnounced(r.Now.End - tx.now)
		tx.rounds = tx.rounds.With(tx.edit, r.ID, r)
	}
	tx.markChanged(c.ref())
}

// minutesAnnounced returns which "minutes left" was already announced when so much is left: none (0),
// five, or one.
func minutesAnnounced(left Instant) int {
	switch {
	case left >= 5*Minute:
		return 0
	case left >= Minute:
		return 5
	}
	return 1
}

func (c SlotExtended) inverse() Change { return SlotExtended{c.SlotRef, -c.By} }

func (c SlotEnded) apply(tx *transaction) {
	slot, _ := tx.slot(c.SlotRef)
	slot.State, slot.Now.End = StateEnded, c.At
	tx.setSlot(c.SlotRef, slot)
	tx.markChanged(c.ref())
}

// apply changes no revision: a shift follows from another slot, and must not make a command on this
// one stale.
func (c SlotsShifted) apply(tx *transaction) {
	for _, s := range c.Slots {
		slot, _ := tx.slot(s.SlotRef)
		slot.Now = s.Now
		tx.setSlot(s.SlotRef, slot)
		tx.markAffected(s.ref())
	}
}

func (c MinutesAnnounced) apply(tx *transaction) {
	r := tx.rounds.At(c.Round)
	r.Left = c.Left
	tx.rounds = tx.rounds.With(tx.edit, c.Round, r)
	tx.markAffected(roundRef(c.Round))
}

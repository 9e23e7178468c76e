package floor

import "slices"

// The limits of one command: MaxDelivered is the number of people in a MarkDelivered, summed over its
// notices; MaxTold that in a MarkTold.
const (
	MaxDelivered = 10_000
	MaxTold      = 100
)

// MaxNamedRecipients is the most people that a DeliveryCard names. If there are more, it has only
// their count.
const MaxNamedRecipients = 500

// The commands about delivery. A notice is sent when it is issued, delivered when a screen of its
// reader has acknowledged a view that has it, and seen when the reader acknowledges it ("Got it").
// Independently of these, somebody may tell the reader in person.
type (
	// MarkDelivered says to whose screens notices were delivered. Nodes give it, as the clock. What the
	// state has already is skipped.
	MarkDelivered struct {
		Notices []Delivery `json:"notices"`
	}
	// Delivery is one notice and the people to whose screens it was delivered.
	Delivery struct {
		Notice NoticeID  `json:"notice"`
		To     []ActorID `json:"to"`
	}
	// MarkTold says that people were told in person what a notice says. The notice still waits for them to
	// acknowledge it.
	MarkTold struct {
		Notice NoticeID  `json:"notice"`
		Who    []ActorID `json:"who"`
	}
)

// The changes about delivery. None of them changes a revision: the delivery of a notice makes no
// command about its meeting stale, and prevents no undo.
type (
	// NoticeDelivered says that a notice was delivered to people's screens.
	NoticeDelivered struct {
		Notice NoticeID  `json:"notice"`
		To     []ActorID `json:"to"` // sorted
	}
	// NoticeTold says that the sender of the command told a person in person.
	NoticeTold struct {
		Notice NoticeID `json:"notice"`
		Who    ActorID  `json:"who"`
	}
)

// noticeStatus is a notice and who has received it.
type noticeStatus struct {
	Notice
	Seen        int
	Issued      uint64         // sequence number of the record that issued it
	Undelivered []ActorID      // those of For to whose screens it was not delivered; sorted
	InPerson    []toldInPerson // who was told in person, in order
}

// toldInPerson is a person and who told them.
type toldInPerson struct {
	Who ActorID `json:"who"`
	By  ActorID `json:"by"`
}

// toldBy returns who told a person in person, or "".
func (n noticeStatus) toldBy(w ActorID) ActorID {
	for _, t := range n.InPerson {
		if t.Who == w {
			return t.By
		}
	}
	return ""
}

// Undelivered returns the notices of w that were issued up to the sequence number upTo and not
// delivered to a screen of w. It allocates nothing if there are none.
func (s *State) Undelivered(w ActorID, upTo uint64) (ids []NoticeID) { // called at each acknowledgement: a pointer avoids copying the state
	for _, id := range s.pending.At(w) {
		if n := s.notices.Find(id); n != nil && n.Issued <= upTo && n.undeliveredTo(w) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (n *noticeStatus) undeliveredTo(w ActorID) bool {
	_, waits := slices.BinarySearch(n.Undelivered, w)
	return waits
}

// PendingReaders yields everyone who has a notice to acknowledge, in the order of their ids.
func (s State) PendingReaders() func(yield func(ActorID) bool) {
	return func(yield func(ActorID) bool) {
		for w := range s.pending.All() {
			if !yield(w) {
				return
			}
		}
	}
}

func (c MarkDelivered) decide(d *decision) *Error {
	people := 0
	for _, of := range c.Notices {
		people += len(of.To)
	}
	if people == 0 || people > MaxDelivered {
		return badValue("notices")
	}
	for _, of := range c.Notices {
		n := d.notices.At(of.Notice)
		to := slices.DeleteFunc(slices.Clone(of.To), func(w ActorID) bool { return !n.undeliveredTo(w) })
		slices.Sort(to)
		if to = slices.Compact(to); len(to) > 0 {
			d.emit(NoticeDelivered{of.Notice, to})
		}
	}
	return nil
}

func (c MarkTold) decide(d *decision) *Error {
	if len(c.Who) == 0 || len(c.Who) > MaxTold {
		return badValue("who")
	}
	n, ok := d.notices.Get(c.Notice)
	if !ok {
		return unknown(noticeRef(c.Notice))
	}
	for _, w := range c.Who {
		if slices.Contains(d.pending.At(w), n.ID) && d.notices.At(n.ID).toldBy(w) == "" {
			d.emit(NoticeTold{n.ID, w})
		}
	}
	return nil
}

func (c NoticeDelivered) apply(tx *transaction) {
	if n, ok := tx.notices.Get(c.Notice); ok {
		tx.setUndelivered(n, slices.DeleteFunc(slices.Clone(n.Undelivered), func(w ActorID) bool {
			_, has := slices.BinarySearch(c.To, w)
			return has
		}))
	}
}

// setUndelivered sets to whom a notice was not delivered.
func (tx *transaction) setUndelivered(n noticeStatus, waiting []ActorID) {
	if len(waiting) != len(n.Undelivered) {
		tx.markAffected(sentRef(n.ID))
	}
	n.Undelivered = waiting
	tx.notices = tx.notices.With(tx.edit, n.ID, n)
}

func (c NoticeTold) apply(tx *transaction) {
	n, ok := tx.notices.Get(c.Notice)
	if !ok {
		return
	}
	n.InPerson = append(slices.Clip(n.InPerson), toldInPerson{c.Who, tx.record.By})
	tx.notices = tx.notices.With(tx.edit, n.ID, n)
	tx.markAffected(unseenRef(n.ID, c.Who))
}

func (s State) deliveryCard(id NoticeID) (Card, bool) {
	waiting := s.notices.At(id).Undelivered
	c := DeliveryCard{Count: len(waiting)}
	if c.Count <= MaxNamedRecipients {
		c.Who = waiting
	}
	return c, c.Count > 0
}

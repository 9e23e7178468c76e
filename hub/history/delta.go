package history

import (
	"reflect"
	"slices"
	"strings"

	"github.com/matchfloor/matchfloor/floor"
)

// Delta is the difference between the view that a client holds and the newest
// one. It is a value; From and To stay valid after the history has moved on.
type Delta struct {
	Lineage int

	// LastPermissionChange is the last record, up to To, that changed who may see
	// what, or that closed a link.
	LastPermissionChange uint64

	Since    uint64          // one frame leads from every view in [Since, To) to To
	From     *Version        // at Since, or a later version in which the view is the same
	To       *Version        // the newest version
	Subjects []floor.Subject // those of the client that were changed; none: its view is up to date

	// NeedsSnapshot is set if no patch leads to To.
	NeedsSnapshot bool
}

// HeadDelta returns the delta of a client that is up to date.
func (h *History) HeadDelta() Delta {
	h.mu.RLock()
	defer h.mu.RUnlock()
	head := h.head()
	return Delta{
		Lineage: h.lineage, LastPermissionChange: h.changes.lastPermissionChange,
		Since: head.At.Seq, From: head, To: head,
	}
}

// Delta returns what a client that watches subjects, and holds the view at the
// record seq of a lineage, has not been sent. seq may be older than the oldest
// version: if nothing changed the subjects in between, their view is still that
// version's.
func (h *History) Delta(lineage int, seq uint64, subjects []floor.Subject) Delta {
	h.mu.RLock()
	defer h.mu.RUnlock()
	c, oldest, head := &h.changes, h.versions[0], h.head()
	d := Delta{Lineage: h.lineage, LastPermissionChange: c.lastPermissionChange, Since: seq, From: head, To: head}
	if seq >= head.At.Seq && lineage == h.lineage {
		return d
	}
	if lineage != h.lineage || seq < c.since || c.lastAll > seq {
		d.NeedsSnapshot = true
		return d
	}
	since := max(c.since, c.lastAll)
	for _, s := range subjects {
		list := c.bySubject[s]
		i := firstAfter(list, seq)
		if i == len(list) {
			continue
		}
		d.Subjects = append(d.Subjects, s)
		d.NeedsSnapshot = d.NeedsSnapshot || list[i].seq <= oldest.At.Seq ||
			slices.ContainsFunc(list[i:], func(c cardChange) bool { return c.all })
		if i > 0 {
			since = max(since, list[i-1].seq)
		}
	}
	if len(d.Subjects) > 0 {
		d.Since = since
	}
	d.From, _ = h.find(max(d.Since, oldest.At.Seq))
	return d
}

// AffectedCards returns the cards that were changed after d.From, up to d.To, each
// once and in the order of their keys. ok is false if the versions between are not
// held any more, or the history was replaced.
func (h *History) AffectedCards(d Delta) (cards []floor.CardRef, ok bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if d.Lineage != h.lineage || d.From.At.Seq < h.versions[0].At.Seq {
		return nil, false
	}
	for _, s := range d.Subjects {
		list := h.changes.bySubject[s]
		for _, c := range list[firstAfter(list, d.From.At.Seq):firstAfter(list, d.To.At.Seq)] {
			cards = slices.Grow(cards, len(c.keys))
			for _, key := range c.keys {
				cards = append(cards, floor.CardRef{Subject: s, Key: key})
			}
		}
	}
	slices.SortFunc(cards, func(a, b floor.CardRef) int { return strings.Compare(string(a.Key), string(b.Key)) })
	return slices.Compact(cards), true
}

// Card returns a card as it is at d.To, nil if there is none, and reports whether
// it differs from d.From. Cards are compared before they are encoded. Two that
// differ may encode to the same bytes, as a nil list and an empty one do; the
// client is then sent a card that changes nothing.
func (d Delta) Card(ref floor.CardRef) (card floor.Card, differs bool) {
	card, exists := d.To.State.Card(ref.Subject, ref.Key)
	if exists && d.To.State.MeetingPlaceChanged(&d.From.State, ref.Key) {
		return card, true // without the cost of making the other card
	}
	before, existed := d.From.State.Card(ref.Subject, ref.Key)
	if !exists {
		return nil, existed
	}
	return card, !existed || !reflect.DeepEqual(before, card)
}

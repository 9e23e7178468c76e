package hub

import (
	"errors"
	"slices"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// startOver deals with a log whose history is not the one held. Where the log was
// only cut, it is given back what it lost, and nobody notices. Otherwise the log
// wins: it is folded anew, and what it has lost for good is to be named in it.
// Screens keep what they have until that has worked; the next check of the head
// tries again where it has not.
func (f *fold) startOver(cause error) {
	f.hub.log.Error("the log's history is another than the one held", "log", f.log, "at", f.history.Head().At, "err", cause)
	whole, err := f.giveBack()
	if err == nil && !whole {
		err = f.foldAnew()
	}
	switch {
	case err == nil:
		f.back()
		f.readOn()
	case errors.Is(err, journal.ErrDiverged): // changed again meanwhile
		f.lost(err)
	default:
		f.judge(err)
	}
}

// giveBack appends what the log has lost, if it stands where this node was before:
// the same bytes, under the same numbers. Nodes that do so at once do each other no
// harm. It answers whether the log now holds this node's history.
func (f *fold) giveBack() (whole bool, err error) {
	for before := (journal.Position{}); ; {
		head, err := f.readHead()
		if err != nil {
			return false, err
		}
		lost, ok := f.recent.After(head)
		switch {
		case !ok:
			return f.contained()
		case len(lost) == 0:
			return true, nil
		case head == before: // it knows the keys, and has not the records
			return false, nil
		}
		if err := f.appendAgain(head, lost[:history.BatchLen(lost)]); err != nil {
			return false, err
		}
		before = head
	}
}

func (f *fold) readHead() (journal.Position, error) {
	ctx, cancel := f.call()
	defer cancel()
	page, err := f.hub.journal.Read(ctx, f.log, 0, 0)
	return page.Head, err
}

func (f *fold) appendAgain(head journal.Position, lost []journal.Record) error {
	ctx, cancel := f.call()
	defer cancel()
	result, err := f.hub.journal.Append(ctx, f.log, head, lost)
	if err == nil && result.Outcome == journal.Appended {
		f.hub.counters.givenBack.Add(uint64(len(lost)))
		f.hub.log.Warn("the log had lost records; they were appended again", "log", f.log, "after", head, "records", len(lost))
	}
	return err
}

// contained answers whether this node's position is one of the log's after all:
// another node has given back the tail, and more has been written since.
func (f *fold) contained() (bool, error) {
	ctx, cancel := f.call()
	defer cancel()
	_, _, err := journal.NewCursor(f.log, f.history.Head().At).ReadOn(ctx, f.hub.journal)
	if errors.Is(err, journal.ErrDiverged) {
		return false, nil
	}
	return err == nil, err
}

// foldAnew makes the log's history the fold's, and finds out what was lost by it.
func (f *fold) foldAnew() error {
	t, err := f.readFrom(history.Version{}, journal.NewCursor(f.log, journal.Position{}))
	if err != nil {
		return err
	}
	losses, err := f.lossesTo(t)
	if err != nil {
		return err
	}
	f.hub.counters.lineages.Add(1)
	f.hub.counters.lost.Add(uint64(len(losses)))
	f.hub.log.Error("the log has diverged; it was folded anew", "log", f.log, "at", t.cursor.At(), "commands lost", len(losses))
	f.losses = append(f.losses, losses...)
	f.take(t)
	for _, s := range f.audience.everyone() {
		s.look()
	}
	if f.log == journal.InstanceLog {
		f.hub.lookAt(nil)
	}
	return nil
}

// loss is a command that is to be named as lost, under the key that every node
// which held its record makes for it.
type loss struct {
	key     floor.CommandKey
	command floor.ReportLost
}

// lossesTo answers the commands that the log no longer holds. A log that was emptied
// in another epoch was meant to be: nothing is named in it.
func (f *fold) lossesTo(t *tail) (losses []loss, err error) {
	now := t.cursor.At()
	if now.Epoch != f.recent.Epoch() && now.Seq == 0 {
		return nil, nil
	}
	for rest := f.recent.SinceCommon(t.history()); len(rest) > 0; {
		n := history.BatchLen(rest)
		known, err := f.known(rest[:n])
		if err != nil {
			return nil, err
		}
		for _, r := range rest[:n] {
			if l, ok := f.lossOf(r); ok && known[r.Key].Seq == 0 {
				losses = append(losses, l)
			}
		}
		rest = rest[n:]
	}
	return losses, nil
}

// history answers the positions of a tail, oldest first.
func (t *tail) history() []journal.Position {
	all := []journal.Position{t.base.At}
	for _, s := range t.steps {
		all = append(all, s.Version.At)
	}
	return all
}

// lossOf answers how the loss of a record is named; ok is false where it is not.
func (f *fold) lossOf(r journal.Record) (l loss, ok bool) {
	record, err := floor.DecodeRecord(r.Body)
	if err != nil {
		return loss{}, false // it was folded in, so this cannot be
	}
	if command, again := record.NamesLost(); again {
		return loss{record.Key, command}, true
	}
	m, _ := f.history.Find(r.Seq)
	command, ok := m.State.Lost(record)
	return loss{floor.CommandKey("clock/lost-" + r.Hash.String()[:32]), command}, ok
}

// lossOrders answers orders that name what is still to be named. Every node that
// held the tail makes the same.
func (f *fold) lossOrders(most int) (orders []*pending) {
	if len(f.losses) == 0 || !f.history.Head().State.Writes("commandLost") {
		return nil
	}
	for _, l := range f.losses[:min(len(f.losses), most)] {
		orders = append(orders, &pending{
			order:  floor.Envelope{Key: l.key, By: floor.Clock, Unconditional: true, Command: l.command},
			digest: wire.PayloadDigest(l.command),
			answer: func(v verdict) {
				if v.refused == nil || !wire.Retry(v.refused.Code) {
					f.named(l.key)
				}
			},
		})
	}
	return orders
}

// owes reports whether the fold has yet to name or to settle something, so that it
// must not be closed.
func (f *fold) owes() bool {
	return f.unsettled != nil || len(f.losses) > 0 && f.history.Head().State.Writes("commandLost")
}

// named strikes off a loss that the log tells of, or that is none any more.
func (f *fold) named(key floor.CommandKey) {
	f.losses = slices.DeleteFunc(f.losses, func(l loss) bool { return l.key == key })
}

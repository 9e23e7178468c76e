package hub

import (
	"errors"
	"slices"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// errUnsettled says that nobody knows yet whether an append was stored.
var errUnsettled = errors.New("hub: no answer to an append in time")

// commit appends an attempt and answers its orders. What is left has to be decided
// again, on another state. ok is false where the journal does not answer: what is
// left is then to be told so.
func (f *fold) commit(a *attempt) (left []*pending, ok bool) {
	if len(a.records) == 0 {
		return f.refuse(a, f.confirm)
	}
	result, err := f.append(a)
	if err != nil {
		if errors.Is(err, errUnsettled) {
			f.unsettled = a
		}
		f.lost(err)
		return a.open(), false
	}
	switch result.Outcome {
	case journal.Appended:
		a.answer(f, a.endsItsGiver)
		f.publish(a.steps)
		f.advance(a.records)
		a.answer(f, func(i int) bool { return !a.orders[i].done })
		// The log stood where the batch was decided, and took what stands before
		// each refusal: nothing else has to confirm them. To decide one again would
		// put it behind later commands of its sender.
		return f.refuse(a, func() error { return nil })
	case journal.AlreadyKnown:
		f.answerKnown(a, result.Duplicates)
		return a.open(), f.catchUp(result)
	default:
		f.hub.counters.conflicts.Add(1)
		return a.open(), f.catchUp(result)
	}
}

// answer tells some of an attempt's orders, which are in the log, that they are.
func (a *attempt) answer(f *fold, which func(i int) bool) {
	for i, p := range a.orders {
		if which(i) {
			f.hub.counters.accepted.Add(1)
			p.settle(verdict{Result: Result{Seq: a.records[i].Seq, Notes: a.notes[i]}})
		}
	}
}

// endsItsGiver reports whether an order rotates the link that it was given with: once
// that is published their session is over, and there is nobody left to answer.
func (a *attempt) endsItsGiver(i int) bool {
	who := a.orders[i].who
	return who != nil && slices.Contains(a.steps[i].Affected.Links, who.Link)
}

// append sends an attempt until the journal says what became of it: the same
// bytes with the same expectation, for as long as a command may take.
func (f *fold) append(a *attempt) (journal.Result, error) {
	begun, pause, unknown := time.Now(), retryPause, false
	for {
		result, err := f.appendOnce(a)
		switch {
		case err == nil:
			return result, nil
		case errors.Is(err, journal.ErrMalformed), errors.Is(err, journal.ErrCorrupt):
			f.breakDown(err)
			return result, err
		case errors.Is(err, journal.ErrUnavailable) && !errors.Is(err, journal.ErrUnknown) && !unknown:
			return result, err
		}
		unknown = true
		f.hub.counters.unknowns.Add(1)
		if time.Since(begun) > commandTime {
			return result, errUnsettled
		}
		select {
		case <-f.hub.ctx.Done():
			return result, errUnsettled
		case <-time.After(pause):
		}
		pause = min(2*pause, retryMost)
	}
}

func (f *fold) appendOnce(a *attempt) (journal.Result, error) {
	ctx, cancel := f.call()
	defer cancel()
	begun := time.Now()
	result, err := f.hub.journal.Append(ctx, f.log, a.expect, a.records)
	f.hub.counters.appended(time.Since(begun))
	if err == nil {
		f.setClock(result.Clock, begun)
	}
	return result, err
}

// answerKnown gives those orders of an attempt that are in the log already their
// original result. The journal's answer is as durable as an append.
func (f *fold) answerKnown(a *attempt, known []journal.Duplicate) {
	byKey := make(map[journal.CommandKey]journal.Duplicate, len(known))
	for _, k := range known {
		byKey[k.Key] = k
	}
	for i, p := range a.orders {
		k, ok := byKey[journal.CommandKey(p.order.Key)]
		switch {
		case !ok:
		case k.Seq == a.records[i].Seq && k.Digest == p.digest:
			// Very likely these very bytes, stored while the answer was lost.
			p.settle(verdict{Result: Result{Seq: k.Seq, Notes: a.notes[i]}})
		default:
			p.settle(f.original(p, k))
		}
	}
}

// original is the verdict on an order whose key the log holds.
func (f *fold) original(p *pending, k journal.Duplicate) verdict {
	if k.Digest != p.digest {
		f.hub.counters.countRefusal(wire.CodeIDReused)
		return refusal(wire.CodeIDReused)
	}
	f.hub.counters.repeated.Add(1)
	return verdict{Result: Result{Seq: k.Seq}}
}

// refuse answers the refused orders of an attempt whose accepted ones are durable.
// Those that the log holds get their original answer; for the others it is
// confirmed first that the log stood where they were decided, so that nobody is
// refused on a state that was already past.
func (f *fold) refuse(a *attempt, confirm func() error) (left []*pending, ok bool) {
	a.quiet()
	if len(a.refused) == 0 {
		return nil, true
	}
	known, err := f.probe(a.refused)
	if err == nil {
		a.refused = f.answerRepeats(a, known)
		if len(a.refused) == 0 {
			return nil, true
		}
		err = confirm()
	}
	switch {
	case errors.Is(err, journal.ErrPositionMismatch):
		f.hub.counters.conflicts.Add(1)
		return a.open(), f.checkHead()
	case err != nil:
		f.lost(err)
		return a.open(), false
	}
	for _, r := range a.refused {
		f.hub.counters.countRefusal(r.problem.Code)
		r.settle(verdict{refused: r.problem})
	}
	return nil, true
}

// quiet drops the clock's refused orders: what is not due any more needs no
// answer, and no journal to confirm it.
func (a *attempt) quiet() {
	var keep []refused
	for _, r := range a.refused {
		if r.isClock() {
			r.settle(verdict{refused: r.problem})
			continue
		}
		keep = append(keep, r)
	}
	a.refused = keep
}

// answerRepeats answers those refused orders that the log holds; the others are
// left.
func (f *fold) answerRepeats(a *attempt, known map[journal.CommandKey]journal.Duplicate) (left []refused) {
	for _, r := range a.refused {
		if k, ok := known[journal.CommandKey(r.order.Key)]; ok {
			r.settle(f.original(r.pending, k))
			continue
		}
		left = append(left, r)
	}
	return left
}

// confirm answers nil if the log stands durably where the fold does.
func (f *fold) confirm() error {
	ctx, cancel := f.call()
	defer cancel()
	begun := time.Now()
	clock, err := f.hub.journal.CheckHead(ctx, f.log, f.history.Head().At)
	if err == nil {
		f.setClock(clock, begun)
	}
	return err
}

// settle finds out what became of an append that was never answered.
func (f *fold) settle() {
	if f.unsettled == nil || f.broken.Load() != nil {
		return
	}
	result, err := f.appendOnce(f.unsettled)
	switch {
	case errors.Is(err, journal.ErrMalformed), errors.Is(err, journal.ErrCorrupt):
		f.breakDown(err)
		return
	case err != nil:
		return
	}
	a := f.unsettled
	f.unsettled = nil
	// Its senders were told to send it again; they will be answered as known.
	if result.Outcome == journal.Appended && f.history.Head().At == a.expect {
		f.publish(a.steps)
		f.advance(a.records)
	}
}

package replica

import (
	"errors"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// errUnresolved means that an append has an unknown outcome.
var errUnresolved = errors.New("replica: no result of an append in time")

// committer appends proposals and completes their commands.
type committer struct {
	*core
	follower   *follower
	unresolved *proposal // an append with an unknown outcome; nothing is decided until it is known
}

// commit appends a proposal and completes its commands. What is left must be decided
// again, on a newer state. ok is false if the journal does not answer: what is left
// must then be refused as unavailable.
func (m *committer) commit(p *proposal) (left []*Command, ok bool) {
	if len(p.records) == 0 {
		return m.completeRefused(p, m.checkHead)
	}
	p.notAfter = p.earliestDeadline(&m.clock)
	result, err := m.append(p)
	switch {
	case m.corrupt.Load() != nil:
		return p.uncompleted(), false
	case errors.Is(err, errUnresolved):
		m.unresolved = p
		m.markUnavailable(err)
		return p.uncompleted(), false
	case err != nil:
		m.markRefused(err)
		return p.uncompleted(), false
	}
	switch result.Outcome {
	case journal.Appended:
		m.markTaken()
		m.completeAccepted(p, p.endsItsSession)
		m.follower.publishOwn(p.steps, p.records)
		m.completeAccepted(p, func(i int) bool { return !p.commands[i].completed })
		// The log stood where the batch was decided, and took what comes before each
		// refusal, so nothing else has to confirm them. To decide a refused command
		// again would put it behind later commands of its sender.
		return m.completeRefused(p, func() error { return nil })
	case journal.AlreadyKnown:
		m.completeKnown(p, result.Duplicates)
		return p.uncompleted(), m.follower.catchUp(result)
	case journal.Expired:
		m.refuseLate(p)
		return p.uncompleted(), true
	default:
		m.Counters.Conflicts.Add(1)
		return p.uncompleted(), m.follower.catchUp(result)
	}
}

// completeAccepted completes some of a proposal's commands, which are in the log.
func (m *committer) completeAccepted(p *proposal, which func(i int) bool) {
	for i, c := range p.commands {
		if which(i) {
			m.Counters.Accepted.Add(1)
			c.complete(Verdict{Seq: p.records[i].Seq, Notes: p.notes[i]})
		}
	}
}

// refuseLate refuses the commands of an expired proposal whose deadlines have passed. The
// others, if any, were kept from the log by those, or by a deadline that was converted with an
// older measurement of the journal's clock; the result has brought a new one. The journal has
// found that none of them is in the log, and the log where they were decided, so nothing else
// has to confirm a refusal.
func (m *committer) refuseLate(p *proposal) {
	now := m.Clock.now()
	for _, c := range p.commands {
		if !c.notAfter.IsZero() && c.notAfter.Before(now) {
			m.countRefusal(wire.Code(floor.CodeTooLate))
			c.complete(refusal(wire.Code(floor.CodeTooLate)))
		}
	}
}

// append appends a proposal. After a call with an unknown outcome it repeats the same
// bytes with the same expectation and deadline, up to CommandTimeout; then it returns
// errUnresolved.
func (m *committer) append(p *proposal) (journal.Result, error) {
	begun, delay, unknown := time.Now(), retryDelay, false
	for {
		result, err := m.appendOnce(p)
		switch {
		case err == nil:
			return result, nil
		case errors.Is(err, journal.ErrMalformed), errors.Is(err, journal.ErrCorrupt):
			m.markCorrupt(err)
			return result, err
		case errors.Is(err, journal.ErrUnavailable) && !errors.Is(err, journal.ErrUnknown) && !unknown:
			return result, err
		}
		unknown = true
		m.Counters.Unknowns.Add(1)
		if time.Since(begun) > CommandTimeout {
			return result, errUnresolved
		}
		select {
		case <-m.Context.Done():
			return result, errUnresolved
		case <-time.After(delay):
		}
		delay = min(2*delay, maxRetryDelay)
	}
}

func (m *committer) appendOnce(p *proposal) (journal.Result, error) {
	ctx, cancel := m.callContext()
	defer cancel()
	begun := time.Now()
	result, err := m.Journal.Append(ctx, m.log, p.expect, p.records, p.notAfter)
	m.Counters.appended(time.Since(begun))
	if err == nil {
		m.clock.measure(result.Clock, begun, time.Now())
	}
	return result, err
}

// resolveUnknownAppend repeats an append with an unknown outcome until the outcome is
// known.
func (m *committer) resolveUnknownAppend() {
	if m.unresolved == nil || m.corrupt.Load() != nil {
		return
	}
	p := m.unresolved
	result, err := m.appendOnce(p)
	switch {
	case errors.Is(err, journal.ErrMalformed), errors.Is(err, journal.ErrCorrupt):
		m.markCorrupt(err)
		return
	case err != nil:
		return
	}
	m.unresolved = nil
	// Its senders were refused for now, and will send it again: the journal will know the
	// keys, or their time is over.
	if result.Outcome == journal.Appended && m.history.Head().At == p.expect {
		m.follower.publishOwn(p.steps, p.records)
	}
}

// completeKnown completes those commands of a proposal that are in the log already,
// with their original result. The journal's result is as durable as an append.
func (m *committer) completeKnown(p *proposal, duplicates []journal.Duplicate) {
	byKey := make(map[journal.CommandKey]journal.Duplicate, len(duplicates))
	for _, d := range duplicates {
		byKey[d.Key] = d
	}
	for i, c := range p.commands {
		d, ok := byKey[journal.CommandKey(c.Envelope.Key)]
		switch {
		case !ok:
		case d.Seq == p.records[i].Seq && d.Digest == c.digest:
			// Very likely these very bytes, stored while the result was lost.
			c.complete(Verdict{Seq: d.Seq, Notes: p.notes[i]})
		default:
			c.complete(m.duplicateResult(c, d))
		}
	}
}

// completeRefused completes the refused commands of a proposal, once its accepted ones are durable.
// A command that is in the log already gets its original result. The others are refused only after
// confirm has returned nil: the log's head is where they were decided, so their state was not
// outdated.
func (m *committer) completeRefused(p *proposal, confirm func() error) (left []*Command, ok bool) {
	p.completeRefusedByClock()
	if len(p.refused) == 0 {
		return nil, true
	}
	duplicates, err := m.lookupCommands(p.refused)
	if err == nil {
		p.refused = m.completeDuplicates(p.refused, duplicates)
		if len(p.refused) == 0 {
			return nil, true
		}
		err = confirm()
	}
	switch {
	case errors.Is(err, journal.ErrPositionMismatch):
		m.Counters.Conflicts.Add(1)
		return p.uncompleted(), m.follower.readToHead()
	case err != nil:
		m.markUnavailable(err)
		return p.uncompleted(), false
	}
	for _, r := range p.refused {
		m.countRefusal(r.problem.Code)
		r.complete(Verdict{Refused: r.problem})
	}
	return nil, true
}

// completeDuplicates completes those refused commands that are in the log, and returns
// the others.
func (m *committer) completeDuplicates(refused []refusedCommand, known map[journal.CommandKey]journal.Duplicate) (left []refusedCommand) {
	for _, r := range refused {
		if d, ok := known[journal.CommandKey(r.Envelope.Key)]; ok {
			r.complete(m.duplicateResult(r.Command, d))
			continue
		}
		left = append(left, r)
	}
	return left
}

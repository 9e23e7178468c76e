package replica

import (
	"slices"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// proposal is a batch of commands as decided on one state: what is to be appended,
// and which verdict each command has afterwards.
type proposal struct {
	batch    []*Command // in order of arrival
	expect   journal.Position
	notAfter time.Time // by the journal's clock, for every attempt to append it; zero: no deadline
	records  []journal.Record
	steps    []history.Step   // of each record
	commands []*Command       // of each record
	notes    [][]*floor.Error // of each record
	refused  []refusedCommand // each on the state after the records before it
	bytes    int
	state    floor.State // after the last record
}

// refusedCommand is a command that floor refused, or that is in the log already.
type refusedCommand struct {
	*Command
	problem *wire.Problem
}

// uncompleted returns the commands that have no verdict yet.
func (p *proposal) uncompleted() (left []*Command) {
	for _, c := range p.batch {
		if !c.completed {
			left = append(left, c)
		}
	}
	return left
}

// earliestDeadline returns the deadline of the accepted commands that is first, by the
// journal's clock, or the zero time if none has one.
func (p *proposal) earliestDeadline(clock *journalClock) time.Time {
	var first time.Time
	for _, c := range p.commands {
		if !c.notAfter.IsZero() && (first.IsZero() || c.notAfter.Before(first)) {
			first = c.notAfter
		}
	}
	if first.IsZero() {
		return first
	}
	return clock.deadline(first, clock.node.now())
}

// completeRefusedByClock completes refused commands that the clock gave, and drops
// them: what is not due any more needs no confirmation by the journal.
func (p *proposal) completeRefusedByClock() {
	var keep []refusedCommand
	for _, r := range p.refused {
		if r.byClock() {
			r.complete(Verdict{Refused: r.problem})
			continue
		}
		keep = append(keep, r)
	}
	p.refused = keep
}

// endsItsSession reports whether the ith accepted command closes the link of the session
// that it came from. Once that is published, a verdict would not be sent.
func (p *proposal) endsItsSession(i int) bool {
	c := p.commands[i]
	return c.ToSession && slices.Contains(p.steps[i].Affected.Links, c.Link)
}

// decider makes proposals.
type decider struct{ *core }

// decide makes a proposal of a batch, each command on the state that the ones before
// it lead to. rest is what does not fit into one append.
func (d *decider) decide(batch []*Command) (p *proposal, rest []*Command) {
	head := d.history.Head()
	p = &proposal{batch: batch, expect: head.At, state: head.State}
	at, wall := head.At, instant(d.now())
	for i, c := range batch {
		decision, problem := d.decideOne(&p.state, c, wall)
		if problem != nil {
			p.refused = append(p.refused, refusedCommand{c, problem})
			continue
		}
		body, err := floor.EncodeRecord(decision.Record())
		if err != nil || len(body) > journal.MaxRecord {
			d.Logger.Error("a decided command cannot be logged", "log", d.log, "kind", floor.KindOf(c.Envelope.Command), "bytes", len(body), "err", err)
			p.refused = append(p.refused, refusedCommand{c, &wire.Problem{Code: wire.CodeTooLarge}})
			continue
		}
		if p.bytes+len(body) > journal.MaxBatchBytes {
			p.batch = batch[:i]
			return p, batch[i:]
		}
		at = d.appendDecision(p, at, c, decision, body)
	}
	return p, nil
}

// decideOne decides one command. A refused one may still turn out to be a repetition
// of a command that is in the log; see committer.completeRefused.
func (d *decider) decideOne(on *floor.State, c *Command, wall floor.Instant) (floor.Decision, *wire.Problem) {
	e := c.Envelope
	e.ReceivedAt = wall
	if !c.notAfter.IsZero() {
		e.NotAfter = instant(d.clock.wall(c.notAfter))
	}
	if c.CheckLink && !d.linkValid(e.By, c.Link, c.Generation, on) {
		return floor.Decision{}, &wire.Problem{Code: wire.CodeSignedOut}
	}
	if _, done := on.CommandSeq(e.Key); done { // in the log, or earlier in this batch
		return floor.Decision{}, &wire.Problem{Code: wire.CodeIDReused}
	}
	if !e.Unconditional && e.BaseSeq+journal.Window < on.Seq() {
		return floor.Decision{}, &wire.Problem{Code: wire.Code(floor.CodeTooOld)}
	}
	if on.Seq() == 0 && listed(d.core) { // the log is lost: nothing begins it again
		return floor.Decision{}, &wire.Problem{Code: wire.CodeUnavailable}
	}
	if on.Seq() == 0 && e.Version == 0 {
		e.Version = d.firstVersion()
	}
	decision, refused := floor.Decide(*on, e)
	if refused != nil {
		problem := wire.ProblemOf(refused)
		return floor.Decision{}, &problem
	}
	return decision, nil
}

// firstVersion returns the version at which a new event's log begins: that of the
// instance, because no node may be older than that.
func (d *decider) firstVersion() int {
	instance := d.InstanceHistory()
	if d.log == journal.InstanceLog || instance == nil {
		return floor.FormatVersion
	}
	if head, _ := instance.HeadAndLineage(); head.State.Seq() > 0 {
		return head.State.Version()
	}
	return floor.FormatVersion
}

// appendDecision adds an accepted command to a proposal, and returns the position of
// its record. The state is the one that every node makes of the encoded record.
func (d *decider) appendDecision(p *proposal, at journal.Position, c *Command, decision floor.Decision, body []byte) journal.Position {
	record := journal.Record{Key: journal.CommandKey(c.Envelope.Key), Digest: c.digest, Body: body}
	next := at.Next(record)
	record.Seq, record.Hash = next.Seq, next.Hash
	state, affected, err := applyDecision(p.state, decision, body)
	if err != nil {
		d.Logger.Error("a decided command cannot be read back", "log", d.log, "kind", floor.KindOf(c.Envelope.Command), "err", err)
		p.refused = append(p.refused, refusedCommand{c, &wire.Problem{Code: wire.CodeInternal}})
		return at
	}
	p.state = state
	p.records = append(p.records, record)
	p.steps = append(p.steps, history.Step{Version: history.Version{At: next, State: state}, Affected: affected, Record: record})
	p.commands = append(p.commands, c)
	p.notes = append(p.notes, decision.Notes)
	p.bytes += len(body)
	return next
}

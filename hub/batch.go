package hub

import (
	"crypto/sha256"
	"errors"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// attempt is one batch as decided on one state: what is to be appended, and who
// is to be told what afterwards.
type attempt struct {
	batch   []*pending // in the order that they came in
	expect  journal.Position
	records []journal.Record
	steps   []history.Step // of each record
	orders  []*pending     // of each record
	notes   [][]*floor.Error
	refused []refused // on the state after the records before them
	bytes   int
	fork    floor.State
}

// refused is an order that Decide would not have, or that is in the log already.
type refused struct {
	*pending
	problem *wire.Problem
}

// serve decides, appends and answers what waits, batch by batch.
func (f *fold) serve() {
	for f.unsettled == nil && f.away.Load() == 0 && f.broken.Load() == nil {
		f.busy.Store(true) // before the queue is emptied: whoever drains looks at both
		f.gather()
		batch := f.dueOrders()
		batch = append(batch, f.lossOrders(maxDue)...)
		batch = append(batch, f.queue.take(journal.MaxBatch-2*maxDue)...)
		f.serveBatch(batch)
		f.busy.Store(false)
		f.hub.signal()
		if len(batch) == 0 {
			return
		}
	}
}

// gatherTime is how far apart batches begin while several commands come with each.
const gatherTime = 8 * time.Millisecond

// gatherFor is how many clients of a node make that worth a wait.
const gatherFor = 100

// gather lets more commands come along where the batch before was of several and
// has only just begun: each batch costs an append, and a frame to every console.
// Whoever is alone, or waits for each answer, does not wait here, and a node with
// few clients has no need to.
func (f *fold) gather() {
	wait := gatherTime - time.Since(f.gathered)
	if wait <= 0 || f.queue.len() == 0 || f.hub.sessions.Load() < gatherFor {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.hub.ctx.Done():
	}
}

// crowded reports whether a batch, or it and the one just before, is of several
// commands that did not wait for each other.
func (f *fold) crowded(batch []*pending, begun time.Time) bool {
	return len(batch) > 1 || batch[0].order.By != f.by && begun.Sub(f.begun) < gatherTime
}

// serveBatch answers every command of batch, deciding again for as long as the
// log moves under it.
func (f *fold) serveBatch(batch []*pending) {
	if len(batch) == 0 {
		return
	}
	f.hub.counters.batches.Add(1)
	begun := time.Now()
	if f.crowded(batch, begun) {
		f.gathered = begun
	}
	f.begun, f.by = begun, batch[0].order.By
	for _, p := range batch {
		if p.begun.IsZero() {
			p.begun = begun
		}
	}
	for len(batch) > 0 {
		if batch = f.tooLong(batch); len(batch) == 0 {
			return
		}
		a, rest := f.decide(batch)
		left, ok := f.commit(a)
		if !ok {
			answerAll(append(left, rest...), unavailable)
			return
		}
		batch = append(left, rest...)
	}
}

// tooLong answers busy to those whose time has passed, and keeps the others.
func (f *fold) tooLong(batch []*pending) (keep []*pending) {
	for _, p := range batch {
		if time.Since(p.begun) > commandTime {
			p.settle(refusal(wire.CodeBusy))
			continue
		}
		keep = append(keep, p)
	}
	return keep
}

func answerAll(batch []*pending, v verdict) {
	for _, p := range batch {
		p.settle(v)
	}
}

// decide makes an attempt of a batch, each order on the fork that the ones before
// it left. rest is what does not fit into one append.
func (f *fold) decide(batch []*pending) (a *attempt, rest []*pending) {
	head := f.history.Head()
	a = &attempt{batch: batch, expect: head.At, fork: head.State}
	at, wall := head.At, instant(f.now())
	for i, p := range batch {
		decision, problem := f.decideOne(a.fork, p, wall)
		if problem != nil {
			a.refused = append(a.refused, refused{p, problem})
			continue
		}
		body, err := floor.EncodeRecord(decision.Record())
		if err != nil || len(body) > journal.MaxRecord {
			f.hub.log.Error("a decided command cannot be logged", "log", f.log, "kind", floor.KindOf(p.order.Command), "bytes", len(body), "err", err)
			a.refused = append(a.refused, refused{p, &wire.Problem{Code: wire.CodeTooLarge}})
			continue
		}
		if a.bytes+len(body) > journal.MaxBatchBytes {
			a.batch = batch[:i]
			return a, batch[i:]
		}
		at = f.extend(a, at, p, decision, body)
	}
	return a, nil
}

// decideOne decides one order. A refusal may still turn out to be a repeat of a
// command that is in the log: see refuse.
func (f *fold) decideOne(on floor.State, p *pending, wall floor.Instant) (floor.Decision, *wire.Problem) {
	o := p.order
	o.ReceivedAt = wall
	if p.who != nil && !f.good(*p.who, on) {
		return floor.Decision{}, &wire.Problem{Code: wire.CodeSignedOut}
	}
	if _, done := on.Done(o.Key); done { // in the log, or earlier in this batch
		return floor.Decision{}, &wire.Problem{Code: wire.CodeIDReused}
	}
	if !o.Unconditional && o.BaseSeq+journal.Window < on.Seq() {
		return floor.Decision{}, &wire.Problem{Code: wire.Code(floor.CodeTooOld)}
	}
	if on.Seq() == 0 && o.Version == 0 {
		o.Version = f.beginsAt()
	}
	decision, refusal := floor.Decide(on, o)
	if refusal != nil {
		problem := wire.ProblemOf(refusal)
		return floor.Decision{}, &problem
	}
	return decision, nil
}

// beginsAt is the version at which a new event's log begins: that of the instance,
// because no node may be older than that.
func (f *fold) beginsAt() int {
	instance := f.hub.instance.Load()
	if f.log == journal.InstanceLog || instance == nil {
		return floor.FormatVersion
	}
	if state := instance.history.Head().State; state.Seq() > 0 {
		return state.Version()
	}
	return floor.FormatVersion
}

// extend adds an accepted order to an attempt. It folds in what the log will hold,
// as every other node does from the bytes.
func (f *fold) extend(a *attempt, at journal.Position, p *pending, decision floor.Decision, body []byte) journal.Position {
	record := journal.Record{Key: journal.CommandKey(p.order.Key), Digest: p.digest, Body: body}
	next := at.Next(record)
	record.Seq, record.Hash = next.Seq, next.Hash
	state, touched, err := folded(a.fork, decision, body)
	if err != nil {
		f.hub.log.Error("a decided command cannot be read back", "log", f.log, "kind", floor.KindOf(p.order.Command), "err", err)
		a.refused = append(a.refused, refused{p, &wire.Problem{Code: wire.CodeInternal}})
		return at
	}
	a.fork = state
	a.records = append(a.records, record)
	a.steps = append(a.steps, history.Step{Version: history.Version{At: next, State: state}, Affected: touched, Record: record})
	a.orders = append(a.orders, p)
	a.notes = append(a.notes, decision.Notes)
	a.bytes += len(body)
	return next
}

// readBack is from how many bytes on a record is folded in as it is read back, so that
// the state does not hold on to what a command came in, such as a workbook.
const readBack = 64 << 10

// folded answers the state after a decision, of which body is the record. It is what
// its bytes make of the state on: deciding has come to the same already, unless they
// read otherwise.
func folded(on floor.State, decision floor.Decision, body []byte) (floor.State, floor.Affected, error) {
	if len(body) < readBack && floor.RoundTrips(body) {
		state, touched := decision.Next()
		return state, touched, nil
	}
	record, err := floor.DecodeRecord(body)
	if err != nil {
		return on, floor.Affected{}, err
	}
	state, touched := on.Apply(record)
	return state, touched, nil
}

// open answers the orders of an attempt that have no answer yet.
func (a *attempt) open() (open []*pending) {
	for _, p := range a.batch {
		if !p.done {
			open = append(open, p)
		}
	}
	return open
}

// probe asks the journal which of the given orders are in the log, whatever state
// they were refused on.
func (f *fold) probe(orders []refused) (map[journal.CommandKey]journal.Duplicate, error) {
	var batch []journal.Record
	asked := make(map[journal.CommandKey]bool)
	for _, r := range orders {
		key := journal.CommandKey(r.order.Key)
		if !asked[key] {
			asked[key] = true
			batch = append(batch, journal.Record{Key: key, Digest: r.digest})
		}
	}
	return f.known(batch)
}

// known asks the journal which keys of at most MaxBatch records are in the log. A
// batch that follows from a position the log cannot stand at is never stored: it
// answers only what is known.
func (f *fold) known(records []journal.Record) (map[journal.CommandKey]journal.Duplicate, error) {
	nowhere := f.history.Head().At
	nowhere.Hash = journal.Hash(sha256.Sum256(append([]byte("nowhere"), nowhere.Hash[:]...)))
	batch := make([]journal.Record, len(records))
	for i, r := range records {
		batch[i] = journal.Record{Key: r.Key, Digest: r.Digest}
	}
	journal.Chain(nowhere, batch)
	ctx, cancel := f.call()
	defer cancel()
	result, err := f.hub.journal.Append(ctx, f.log, nowhere, batch)
	if err != nil {
		return nil, err
	}
	if result.Outcome == journal.Appended {
		return nil, errors.New("hub: the journal stored a batch that follows from nowhere")
	}
	known := make(map[journal.CommandKey]journal.Duplicate, len(result.Duplicates))
	for _, k := range result.Duplicates {
		known[k.Key] = k
	}
	return known, nil
}

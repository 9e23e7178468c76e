// Package faultyjournal wraps a journal and makes it fail as a store in a network fails: an
// append is stored but its answer is lost, an append is lost, an append reaches the store long
// after its caller has given up, the store is unreachable, and hints are lost, doubled, late
// or out of order. Faults come from a script, or at random from a seed; the same seed and the
// same calls on a log give the same faults on that log, independently of other logs.
//
// The wrapper keeps the contract of package journal, and so passes its suite: a result is
// correct, or the error wraps ErrUnknown or ErrUnavailable. It uses no clock but
// time.AfterFunc, so it works in testing/synctest.
//
// Locks: Journal.mu guards odds, script and counts; each watch has a lock of its own, and
// calls hint with it held. The two are never held together.
package faultyjournal

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/internal/backend"
)

// Fault is what happens to one call.
type Fault uint8

// The faults of calls.
const (
	None        Fault = iota // the call is passed on
	Persisted                // written, but the error is ErrUnknown
	Lost                     // not written, and the error is ErrUnknown
	Unavailable              // not written, and the error is ErrUnavailable
	Delayed                  // the error is ErrUnknown at once; written WriteDelay later, if the log still allows it
)

// Odds are the probabilities of faults, each from 0 (never) to 1 (always). Those of one group
// exclude each other; if their sum exceeds 1, the later ones are less likely than they say.
type Odds struct {
	// Of an Append or Replace.
	Persisted, Lost, Unavailable, Delayed float64
	// WriteDelay is how late a delayed write is; 0 means 10 ms.
	WriteDelay time.Duration
	// Of a CheckHead or Read to fail with ErrUnavailable.
	CheckHeadFails, ReadFails float64
	// Of a hint: never delivered, delivered twice, delivered HintDelay later, or
	// after the next one.
	HintLost, HintDoubled, HintLate, HintSwapped float64
	// HintDelay is how late a late hint is; 0 means 10 ms.
	HintDelay time.Duration
}

// Counts is how often each fault has happened.
type Counts struct {
	Persisted, Lost, Unavailable, Delayed        int
	CheckHeadFailed, ReadFailed                  int
	HintLost, HintDoubled, HintLate, HintSwapped int
}

// Journal is a journal with faults. All methods are safe for concurrent use.
type Journal struct {
	inner   journal.Journal
	seed    uint64
	delayed sync.WaitGroup // delayed writes that are not finished

	mu          sync.Mutex // guards the fields below
	odds        Odds
	unreachable bool // see SetUnreachable
	script      map[journal.LogID][]Fault
	random      map[string]*rand.Rand // by log and method, so that logs do not affect each other
	counts      Counts
}

var _ journal.Journal = (*Journal)(nil)

// Wrap returns inner with faults by odds, drawn from seed. With zero Odds nothing fails until
// Script, SetOdds or SetUnreachable is called.
func Wrap(inner journal.Journal, seed uint64, odds Odds) *Journal {
	return &Journal{
		inner:  inner,
		seed:   seed,
		odds:   odds,
		script: make(map[journal.LogID][]Fault),
		random: make(map[string]*rand.Rand),
	}
}

// Script adds faults for the next Append and Replace calls on log, one for each call in order;
// None passes a call on. After the last one the odds apply again.
func (j *Journal) Script(log journal.LogID, faults ...Fault) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.script[log] = append(j.script[log], faults...)
}

// SetOdds replaces the odds, for calls and hints from now on.
func (j *Journal) SetOdds(odds Odds) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.odds = odds
}

// SetUnreachable makes the journal unreachable, or reachable again. While it is unreachable every call
// fails with ErrUnavailable and every hint is lost. Watches continue, and are not notified
// when the journal is reachable again.
func (j *Journal) SetUnreachable(away bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.unreachable = away
}

// Counts returns the faults so far.
func (j *Journal) Counts() Counts {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.counts
}

// Append implements journal.Journal.
func (j *Journal) Append(ctx context.Context, log journal.LogID, expect journal.Position, batch []journal.Record, notAfter time.Time) (journal.Result, error) {
	if err := backend.CheckContext(ctx); err != nil {
		return journal.Result{}, err
	}
	switch fault := j.nextFault(log, "append"); fault {
	case Persisted:
		// The caller does not get the outcome.
		_, err := j.inner.Append(ctx, log, expect, batch, notAfter)
		return journal.Result{}, hideOutcome(err)
	case None:
		return j.inner.Append(ctx, log, expect, batch, notAfter)
	case Delayed:
		if err := journal.CheckBatch(log, expect, batch); err != nil {
			return journal.Result{}, err
		}
		batch = cloneRecords(batch)
		j.later(func() {
			// The result is dropped. If a repeat was stored meanwhile, it is AlreadyKnown.
			_, _ = j.inner.Append(context.WithoutCancel(ctx), log, expect, batch, notAfter)
		})
		return journal.Result{}, injected(fault)
	default:
		return journal.Result{}, injected(fault)
	}
}

// Replace implements journal.Journal.
func (j *Journal) Replace(ctx context.Context, log journal.LogID, expect journal.Position, records []journal.Record) (journal.Position, error) {
	if err := backend.CheckContext(ctx); err != nil {
		return journal.Position{}, err
	}
	switch fault := j.nextFault(log, "replace"); fault {
	case Persisted:
		_, err := j.inner.Replace(ctx, log, expect, records)
		return journal.Position{}, hideOutcome(err)
	case None:
		return j.inner.Replace(ctx, log, expect, records)
	case Delayed:
		if _, _, err := journal.Rechain(log, expect, records); err != nil {
			return journal.Position{}, err
		}
		records = cloneRecords(records)
		j.later(func() {
			// The result is dropped, also if the log has another head by now.
			_, _ = j.inner.Replace(context.WithoutCancel(ctx), log, expect, records)
		})
		return journal.Position{}, injected(fault)
	default:
		return journal.Position{}, injected(fault)
	}
}

// later calls write after the delay.
func (j *Journal) later(write func()) {
	j.mu.Lock()
	delay := j.odds.WriteDelay
	j.mu.Unlock()
	if delay == 0 {
		delay = 10 * time.Millisecond
	}
	j.delayed.Add(1)
	time.AfterFunc(delay, func() { defer j.delayed.Done(); write() })
}

// Settle blocks until all delayed writes have ended. It must be called before the inner journal
// is closed.
func (j *Journal) Settle() { j.delayed.Wait() }

// cloneRecords copies records that their caller may change after the call.
func cloneRecords(records []journal.Record) []journal.Record {
	records = append([]journal.Record(nil), records...)
	for i := range records {
		records[i].Body = append([]byte(nil), records[i].Body...)
	}
	return records
}

// Read implements journal.Journal.
func (j *Journal) Read(ctx context.Context, log journal.LogID, after uint64, limit int) (journal.Page, error) {
	if j.injectFailure(log, "read", func(o Odds) float64 { return o.ReadFails }, &j.counts.ReadFailed) {
		return journal.Page{}, injected(Unavailable)
	}
	return j.inner.Read(ctx, log, after, limit)
}

// CheckHead implements journal.Journal.
func (j *Journal) CheckHead(ctx context.Context, log journal.LogID, at journal.Position) (time.Time, error) {
	if j.injectFailure(log, "confirm", func(o Odds) float64 { return o.CheckHeadFails }, &j.counts.CheckHeadFailed) {
		return time.Time{}, injected(Unavailable)
	}
	return j.inner.CheckHead(ctx, log, at)
}

// nextFault returns the fault of one Append or Replace, and counts it.
func (j *Journal) nextFault(log journal.LogID, call string) (fault Fault) {
	j.mu.Lock()
	defer j.mu.Unlock()
	script := j.script[log]
	switch {
	case j.unreachable:
		fault = Unavailable
	case len(script) > 0:
		fault, j.script[log] = script[0], script[1:]
	default:
		fault = [...]Fault{None, Persisted, Lost, Unavailable, Delayed}[j.draw(log, call, j.odds.Persisted, j.odds.Lost, j.odds.Unavailable, j.odds.Delayed)]
	}
	switch fault {
	case Persisted:
		j.counts.Persisted++
	case Lost:
		j.counts.Lost++
	case Unavailable:
		j.counts.Unavailable++
	case Delayed:
		j.counts.Delayed++
	}
	return fault
}

// injectFailure reports whether a Read or CheckHead fails, and counts it.
func (j *Journal) injectFailure(log journal.LogID, call string, odds func(Odds) float64, count *int) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.unreachable && j.draw(log, call, odds(j.odds)) == 0 {
		return false
	}
	*count++
	return true
}

// draw returns 0 for no fault, or n for the nth of odds. The caller must hold mu. Each call
// draws once, so that a change of the odds does not shift the later draws.
func (j *Journal) draw(log journal.LogID, call string, odds ...float64) int {
	name := string(log) + "/" + call
	random, ok := j.random[name]
	if !ok {
		h := fnv.New64a()
		h.Write([]byte(name))
		random = rand.New(rand.NewPCG(j.seed, h.Sum64()))
		j.random[name] = random
	}
	drawn := random.Float64()
	for i, p := range odds {
		if drawn < p {
			return i + 1
		}
		drawn -= p
	}
	return 0
}

// injected returns the error of a fault.
func injected(fault Fault) error {
	if fault == Unavailable {
		return fmt.Errorf("%w (injected)", journal.ErrUnavailable)
	}
	return fmt.Errorf("%w (injected)", journal.ErrUnknown)
}

// hideOutcome returns ErrUnknown for a write that the inner journal has answered. It keeps an
// error of the inner journal: a malformed batch is refused before it leaves the node.
func hideOutcome(err error) error {
	if err != nil {
		return err
	}
	return injected(Persisted)
}

// Package faultyjournal wraps a journal and makes it fail as stores in a network
// do: an append that is stored though its answer is lost, one that is lost itself,
// one that comes to the store when its caller has long given it up, a store that is
// away, and watches whose hints are lost, doubled, late or out of
// order. Faults come by script or by odds from a seed; the same seed and the same
// calls on a log give the same faults on it, whatever other logs do.
//
// It keeps the contract of package journal, and so passes the suite: what it
// answers is the truth, ErrUnknown, or ErrUnavailable, and a late hint is still a
// hint. It reads no clock but through time.AfterFunc, so it works in testing/synctest.
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
	None        Fault = iota // the call goes through
	Persisted                // written, but the answer is ErrUnknown
	Lost                     // not written, and the answer is ErrUnknown
	Unavailable              // not written, and the answer says so: ErrUnavailable
	Delayed                  // the answer is ErrUnknown at once; written WriteDelay later, where it still may be
)

// Odds are the likelihoods of faults, each from 0 (never) to 1 (always). Those of
// one group exclude each other; where their sum exceeds 1 the later ones lose.
type Odds struct {
	// Of an Append or Replace.
	Persisted, Lost, Unavailable, Delayed float64
	// WriteDelay is how late a delayed write is; 0 means 10 ms.
	WriteDelay time.Duration
	// Of a Confirm or Read to answer ErrUnavailable.
	ConfirmFails, ReadFails float64
	// Of a hint: never delivered, delivered twice, delivered HintDelay later, or
	// after the next one.
	HintLost, HintDoubled, HintLate, HintSwapped float64
	// HintDelay is how late a late hint is; 0 means 10 ms.
	HintDelay time.Duration
}

// Counts says how often each fault has happened.
type Counts struct {
	Persisted, Lost, Unavailable, Delayed        int
	ConfirmFailed, ReadFailed                    int
	HintLost, HintDoubled, HintLate, HintSwapped int
}

// Journal is a journal with faults. All methods are safe for concurrent use.
type Journal struct {
	inner   journal.Journal
	seed    uint64
	delayed sync.WaitGroup // writes that are under way

	mu     sync.Mutex // guards what follows
	odds   Odds
	away   bool
	script map[journal.LogID][]Fault
	random map[string]*rand.Rand // by log and kind of call, so that logs don't disturb each other
	counts Counts
}

var _ journal.Journal = (*Journal)(nil)

// Wrap answers inner with faults by odds, drawn from seed. The zero Odds fail
// nothing until Script, SetOdds or SetAway is called.
func Wrap(inner journal.Journal, seed uint64, odds Odds) *Journal {
	return &Journal{
		inner:  inner,
		seed:   seed,
		odds:   odds,
		script: make(map[journal.LogID][]Fault),
		random: make(map[string]*rand.Rand),
	}
}

// Script appends to the faults of the next Append and Replace calls on log, one
// each in order; None lets a call through. Once they are used up, odds hold again.
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

// SetAway makes the journal unreachable, or reachable again: meanwhile every call
// answers ErrUnavailable and every hint is lost. Watches stay, and are not told
// when it is back.
func (j *Journal) SetAway(away bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.away = away
}

// Counts answers what has happened so far.
func (j *Journal) Counts() Counts {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.counts
}

// Append implements journal.Journal.
func (j *Journal) Append(ctx context.Context, log journal.LogID, expect journal.Position, batch []journal.Record) (journal.Result, error) {
	if err := backend.CheckContext(ctx); err != nil {
		return journal.Result{}, err
	}
	switch fault := j.write(log, "append"); fault {
	case Persisted:
		// Whatever the inner journal says, the caller never hears it.
		_, err := j.inner.Append(ctx, log, expect, batch)
		return journal.Result{}, unheard(err)
	case None:
		return j.inner.Append(ctx, log, expect, batch)
	case Delayed:
		if err := journal.CheckBatch(log, expect, batch); err != nil {
			return journal.Result{}, err
		}
		batch = cloned(batch)
		j.later(func() {
			// Nobody hears of it. A repeat may have been stored meanwhile: then this is known.
			_, _ = j.inner.Append(context.WithoutCancel(ctx), log, expect, batch)
		})
		return journal.Result{}, failed(fault)
	default:
		return journal.Result{}, failed(fault)
	}
}

// Replace implements journal.Journal.
func (j *Journal) Replace(ctx context.Context, log journal.LogID, expect journal.Position, records []journal.Record) (journal.Position, error) {
	if err := backend.CheckContext(ctx); err != nil {
		return journal.Position{}, err
	}
	switch fault := j.write(log, "replace"); fault {
	case Persisted:
		_, err := j.inner.Replace(ctx, log, expect, records)
		return journal.Position{}, unheard(err)
	case None:
		return j.inner.Replace(ctx, log, expect, records)
	case Delayed:
		if _, _, err := journal.Rechain(log, expect, records); err != nil {
			return journal.Position{}, err
		}
		records = cloned(records)
		j.later(func() {
			// Nobody hears of it, nor that the log has moved meanwhile.
			_, _ = j.inner.Replace(context.WithoutCancel(ctx), log, expect, records)
		})
		return journal.Position{}, failed(fault)
	default:
		return journal.Position{}, failed(fault)
	}
}

// later does a write after the delay.
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

// Settle blocks until no delayed write is under way any more: call it before the
// inner journal is closed.
func (j *Journal) Settle() { j.delayed.Wait() }

// cloned keeps what its caller may change once it has its answer.
func cloned(records []journal.Record) []journal.Record {
	records = append([]journal.Record(nil), records...)
	for i := range records {
		records[i].Body = append([]byte(nil), records[i].Body...)
	}
	return records
}

// Read implements journal.Journal.
func (j *Journal) Read(ctx context.Context, log journal.LogID, after uint64, limit int) (journal.Page, error) {
	if j.fails(log, "read", func(o Odds) float64 { return o.ReadFails }, &j.counts.ReadFailed) {
		return journal.Page{}, failed(Unavailable)
	}
	return j.inner.Read(ctx, log, after, limit)
}

// CheckHead implements journal.Journal.
func (j *Journal) CheckHead(ctx context.Context, log journal.LogID, at journal.Position) (time.Time, error) {
	if j.fails(log, "confirm", func(o Odds) float64 { return o.ConfirmFails }, &j.counts.ConfirmFailed) {
		return time.Time{}, failed(Unavailable)
	}
	return j.inner.CheckHead(ctx, log, at)
}

// write decides the fault of one Append or Replace.
func (j *Journal) write(log journal.LogID, call string) (fault Fault) {
	j.mu.Lock()
	defer j.mu.Unlock()
	script := j.script[log]
	switch {
	case j.away:
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

// fails decides whether a Read or Confirm fails, and counts it.
func (j *Journal) fails(log journal.LogID, call string, odds func(Odds) float64, count *int) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.away && j.draw(log, call, odds(j.odds)) == 0 {
		return false
	}
	*count++
	return true
}

// draw answers 0 for no fault, or n for the nth of odds. It is called with mu
// held. Each call draws once, so odds can be changed without shifting the rest.
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

func failed(fault Fault) error {
	if fault == Unavailable {
		return fmt.Errorf("%w (injected)", journal.ErrUnavailable)
	}
	return fmt.Errorf("%w (injected)", journal.ErrUnknown)
}

// unheard hides the outcome of a write, but for what the inner journal knows
// without writing: a malformed batch is refused before it leaves the node.
func unheard(err error) error {
	if err != nil {
		return err
	}
	return failed(Persisted)
}

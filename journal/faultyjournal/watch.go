package faultyjournal

import (
	"context"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// Watch implements journal.Journal. With the faults too, hints come one at a time, and none
// after Watch has returned.
func (j *Journal) Watch(ctx context.Context, log journal.LogID, hint func([]journal.Record)) error {
	d := &delivery{journal: j, log: log, hint: hint, late: make(map[*time.Timer]struct{})}
	defer d.end()
	return j.inner.Watch(ctx, log, d.take)
}

// delivery passes on the hints of one watch, with faults.
type delivery struct {
	journal *Journal
	log     journal.LogID

	mu    sync.Mutex // guards the fields below, and is held during a call of hint
	hint  func([]journal.Record)
	held  [][]journal.Record // swapped hints: delivered after the next one
	late  map[*time.Timer]struct{}
	ended bool
}

// hintFault is what happens to one hint.
type hintFault uint8

const (
	hintPasses hintFault = iota
	hintLost
	hintDoubled
	hintLate
	hintSwapped
)

// take passes one hint on, or drops, repeats or defers it.
func (d *delivery) take(records []journal.Record) {
	fault, delay := d.journal.nextHintFault(d.log)
	d.mu.Lock()
	defer d.mu.Unlock()
	switch fault {
	case hintLost:
		return
	case hintLate:
		d.deliverLater(records, delay)
		return
	case hintSwapped:
		d.held = append(d.held, records)
		if len(d.held) < 16 {
			return
		}
	case hintDoubled:
		d.hint(records)
		d.hint(records)
	case hintPasses:
		d.hint(records)
	}
	for _, held := range d.held {
		d.hint(held)
	}
	d.held = nil
}

// deliverLater delivers records after delay. The caller must hold mu.
func (d *delivery) deliverLater(records []journal.Record, delay time.Duration) {
	var timer *time.Timer
	timer = time.AfterFunc(delay, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.late, timer)
		if !d.ended {
			d.hint(records)
		}
	})
	d.late[timer] = struct{}{}
}

// end stops the late hints.
func (d *delivery) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = true
	for timer := range d.late {
		timer.Stop()
	}
}

// nextHintFault returns the fault of one hint, and counts it.
func (j *Journal) nextHintFault(log journal.LogID) (fault hintFault, delay time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.unreachable {
		j.counts.HintLost++
		return hintLost, 0
	}
	o := j.odds
	fault = hintFault(j.draw(log, "hint", o.HintLost, o.HintDoubled, o.HintLate, o.HintSwapped))
	switch fault {
	case hintLost:
		j.counts.HintLost++
	case hintDoubled:
		j.counts.HintDoubled++
	case hintLate:
		j.counts.HintLate++
	case hintSwapped:
		j.counts.HintSwapped++
	}
	if delay = o.HintDelay; delay == 0 {
		delay = 10 * time.Millisecond
	}
	return fault, delay
}

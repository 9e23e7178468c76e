package hub

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/journal"
)

// errUnreadable says that a record is none of floor's.
var errUnreadable = errors.New("hub: a record cannot be read")

// mailbox is where hints lie until the fold looks: bounded, never blocking.
type mailbox struct {
	mu      sync.Mutex // guards what follows
	records []journal.Record
	look    bool // read the log: a hint was empty, or there were too many
}

func (m *mailbox) put(records []journal.Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(records) == 0 || len(m.records)+len(records) > journal.MaxPage {
		m.records, m.look = nil, true
	}
	if !m.look {
		m.records = append(m.records, records...)
	}
}

func (m *mailbox) take() (records []journal.Record, look bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	records, look = m.records, m.look
	m.records, m.look = nil, false
	return records, look
}

// checks counts the readings of the log's head, so that it can be told whether
// one that began after some moment has come to its end.
type checks struct{ begun, done atomic.Uint64 }

// next is the number of the first check that begins from now on.
func (c *checks) next() uint64 { return c.begun.Load() + 1 }

// watch passes the journal's hints to the loop until ctx ends, and stands up again
// when a watch breaks.
func (f *fold) watch(ctx context.Context) {
	pause := retryPause
	for {
		begun := time.Now()
		err := f.hub.journal.Watch(ctx, f.log, func(records []journal.Record) {
			f.hints.put(records)
			f.nudge()
		})
		if ctx.Err() != nil {
			return
		}
		f.hub.log.Warn("a watch of the journal broke; the head check goes on", "log", f.log, "err", err)
		if pause = min(2*pause, 2*time.Second); time.Since(begun) > time.Minute {
			pause = retryPause
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// takeHints folds in what hints bring; where they don't join, it reads the log.
func (f *fold) takeHints() {
	records, look := f.hints.take()
	if f.broken.Load() != nil {
		return
	}
	if len(records) > 0 {
		taken, err := f.cursor.Take(records)
		if !f.foldIn(taken) {
			return
		}
		look = look || err != nil
	}
	if look {
		f.checkHead()
	}
}

// checkHead reads the log up to its head and folds in what was missed. It answers
// whether the fold now stands there.
func (f *fold) checkHead() bool {
	if f.broken.Load() != nil {
		return false
	}
	number := f.checks.begun.Add(1)
	for {
		ctx, cancel := f.call()
		records, head, err := f.cursor.ReadOn(ctx, f.hub.journal)
		cancel()
		if !f.foldIn(records) {
			return false
		}
		if err != nil {
			f.judge(err)
			return f.away.Load() == 0 && f.broken.Load() == nil
		}
		if f.cursor.At() == head {
			break
		}
	}
	f.back()
	f.checks.done.Store(number)
	for _, s := range f.audience.seeking() {
		s.look()
	}
	return true
}

// catchUp folds in what an append's answer says was missed.
func (f *fold) catchUp(result journal.Result) bool {
	if result.Diverged {
		f.startOver(journal.ErrDiverged)
		return f.away.Load() == 0 && f.broken.Load() == nil
	}
	if len(result.Missed) > 0 {
		// Whatever does not join is read from the log.
		taken, _ := f.cursor.Take(result.Missed)
		if !f.foldIn(taken) {
			return false
		}
	}
	if f.cursor.At() == result.Head {
		return true
	}
	return f.checkHead()
}

// advance moves the cursor over one's own records.
func (f *fold) advance(own []journal.Record) {
	if _, err := f.cursor.Take(own); err != nil {
		f.checkHead()
	}
}

// foldIn folds records in and publishes what they make. It answers false, and the
// fold is broken, where one cannot be read.
func (f *fold) foldIn(records []journal.Record) bool {
	steps, err := f.foldOn(f.history.Head(), records)
	f.publish(steps)
	if err != nil {
		f.breakDown(err)
		return false
	}
	return true
}

// foldOn applies records that follow from m, up to the first that cannot be read.
func (f *fold) foldOn(m history.Version, records []journal.Record) (steps []history.Step, err error) {
	for _, r := range records {
		record, err := f.hub.decode(r.Body)
		if err != nil {
			return steps, fmt.Errorf("%w: record %d: %w", errUnreadable, r.Seq, err)
		}
		state, touched := m.State.Apply(record)
		m = history.Version{At: journal.Position{Epoch: m.At.Epoch, Seq: r.Seq, Hash: r.Hash}, State: state}
		steps = append(steps, history.Step{Version: m, Affected: touched, Record: r})
	}
	return steps, nil
}

// publish makes new moments visible and marks the sessions that they touch. It
// never blocks on one.
func (f *fold) publish(steps []history.Step) {
	if len(steps) == 0 {
		return
	}
	var m history.Scope
	for _, s := range steps {
		f.history.Append(s.Version, s.Affected)
		f.recent.Append(s.Record)
		f.stored.since += len(s.Record.Body)
		m.Add(s.Affected)
	}
	f.hub.counters.records.Add(uint64(len(steps)))
	for _, s := range f.audience.marked(m) {
		s.look()
	}
	if f.log == journal.InstanceLog && len(m.Links) > 0 {
		f.hub.lookAt(m.Links)
	}
	f.putNowAndThen()
}

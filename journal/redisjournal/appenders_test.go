package redisjournal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/journaltest"
)

// newRand returns a random source. It logs the seed, which MATCHFLOOR_SEED can set again.
func newRand(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if given := os.Getenv("MATCHFLOOR_SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("MATCHFLOOR_SEED: %v", err)
		}
	}
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

const (
	appenderCount   = 4
	appendInterval  = 25 * time.Millisecond // between two appends of one appender
	callTimeout     = 2 * time.Second       // of one call, as in the nodes
	recoveryTimeout = 3 * time.Minute       // within which appends must continue after a fault
)

// appenders append concurrently to one log and record what was acknowledged. They behave as nodes
// do: they send the same bytes again while the outcome is unknown, and append at the new head
// after a conflict.
type appenders struct {
	t       *testing.T
	started time.Time
	ctx     context.Context
	stop    context.CancelFunc
	all     sync.WaitGroup

	mu        sync.Mutex                    // guards the fields below
	acked     map[journal.CommandKey]uint64 // the sequence number of each acknowledged key
	confirmed map[uint64]journal.Hash       // by sequence number
	counts    struct{ appends, unknown, unavailable, conflicts, diverged, resolved int }
	longest   time.Duration // between two acknowledgements
	last      time.Time     // of an acknowledgement
	refusal   error         // the last that the outcome unavailable came with
	errs      []error
}

// startAppenders starts one appender on each journal; they end with the test at the latest.
func startAppenders(t *testing.T, journals ...journal.Journal) *appenders {
	c := &appenders{
		t: t, started: time.Now(), last: time.Now(),
		acked: make(map[journal.CommandKey]uint64), confirmed: make(map[uint64]journal.Hash),
	}
	c.ctx, c.stop = context.WithCancel(t.Context())
	for i, j := range journals {
		c.all.Go(func() { (&appender{appenders: c, journal: j, id: i}).work() })
	}
	t.Cleanup(func() { c.stop(); c.all.Wait() })
	return c
}

// startAppendersAt is startAppenders with appenderCount journals at one URL, each wrapped by wrap
// unless that is nil.
func startAppendersAt(t *testing.T, url string, options Options, wrap func(journal.Journal, int) journal.Journal) *appenders {
	t.Helper()
	var journals []journal.Journal
	for i := range appenderCount {
		var j journal.Journal = openTest(t, url, options)
		if wrap != nil {
			j = wrap(j, i)
		}
		journals = append(journals, j)
	}
	return startAppenders(t, journals...)
}

// acknowledged returns how many records were acknowledged.
func (c *appenders) acknowledged() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.acked)
}

// sent returns how many appends were sent.
func (c *appenders) sent() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts.appends
}

// waitAcknowledged waits until n more records are acknowledged, and returns how long that took.
func (c *appenders) waitAcknowledged(n int) time.Duration {
	c.t.Helper()
	start, want := time.Now(), c.acknowledged()+n
	c.waitFor(fmt.Sprintf("%d more acknowledged records", n), func() bool { return c.acknowledged() >= want })
	return time.Since(start)
}

// waitAppends waits until n more appends were sent, with any outcome.
func (c *appenders) waitAppends(n int) {
	c.t.Helper()
	want := c.sent() + n
	c.waitFor(fmt.Sprintf("%d more appends", n), func() bool { return c.sent() >= want })
}

func (c *appenders) waitFor(what string, done func() bool) {
	c.t.Helper()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	deadline := time.After(recoveryTimeout)
	for !done() {
		select {
		case <-again.C:
		case <-deadline:
			acknowledged := c.acknowledged()
			c.count(func() {
				c.t.Fatalf("waited %v for %s; %d are acknowledged, %+v, %v; the last refusal: %v", recoveryTimeout, what, acknowledged, c.counts, c.errs, c.refusal)
			})
		}
	}
}

// stopAndCheck stops the appenders and compares the log, as j reads it, with what was
// acknowledged: every acknowledged record is stored once, at its sequence number; no record is
// stored twice; at most the last batch of each appender is stored without an acknowledgement;
// and every confirmed position is in the log.
func (c *appenders) stopAndCheck(j journal.Journal) {
	c.t.Helper()
	c.stop()
	c.all.Wait()
	for _, err := range c.errs {
		c.t.Error(err)
	}
	all, err := journal.NewCursor(theLog, journal.Genesis(theLog, 1)).CatchUp(c.t.Context(), j)
	if err != nil {
		c.t.Fatalf("reading the log: %v", err)
	}
	at := make(map[journal.CommandKey]uint64)
	twice := 0
	for _, r := range all {
		if at[r.Key] != 0 {
			twice++
			c.t.Errorf("%q is stored as %d and as %d", r.Key, at[r.Key], r.Seq)
		}
		at[r.Key] = r.Seq
	}
	lost := 0
	for key, seq := range c.acked {
		if at[key] != seq {
			lost++
			c.t.Errorf("%q was acknowledged as %d, and is stored as %d (0: lost)", key, seq, at[key])
		}
	}
	for seq, hash := range c.confirmed {
		if seq > uint64(len(all)) || seq > 0 && all[seq-1].Hash != hash {
			c.t.Errorf("the head %d was confirmed, and is not in the log", seq)
		}
	}
	if extra := len(all) - len(c.acked); extra > appenderCount*maxAppenderBatch {
		c.t.Errorf("%d records are stored without an acknowledgement", extra)
	}
	n := c.counts
	c.t.Logf("%d records, %d acknowledged, %d lost, %d twice, %d heads confirmed; %d appends sent in %v: %d unknown (%d of them stored), %d refused, %d conflicts, %d diverged; longest pause %v",
		len(all), len(c.acked), lost, twice, len(c.confirmed), n.appends, time.Since(c.started).Round(time.Millisecond),
		n.unknown, n.resolved, n.unavailable, n.conflicts, n.diverged, c.longest.Round(time.Millisecond))
}

// maxAppenderBatch is the largest number of records in one append.
const maxAppenderBatch = 3

// appender is one of the appenders.
type appender struct {
	*appenders
	journal journal.Journal
	id      int
	cursor  *journal.Cursor
}

// work appends until the appenders are stopped or an error is not transient.
func (a *appender) work() {
	ticker := time.NewTicker(appendInterval)
	defer ticker.Stop()
	if !a.readFromStart() {
		return
	}
	for n := 0; ; n++ {
		batch := make([]journal.Record, 1+n%maxAppenderBatch)
		for i := range batch {
			body := fmt.Appendf(nil, "appender %d, batch %d, record %d", a.id, n, i)
			batch[i] = journal.Record{Key: journal.CommandKey(fmt.Sprintf("%d-%d-%d", a.id, n, i)), Body: body}
		}
		if !a.append(batch) {
			return
		}
		if n%5 == 0 {
			a.checkHead()
		}
		select {
		case <-a.ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// readFromStart reads the log from its start. It returns false if the appender must end.
func (a *appender) readFromStart() bool {
	a.cursor = journal.NewCursor(theLog, journal.Genesis(theLog, 1))
	return a.catchUp()
}

// catchUp reads up to the head, again after transient errors, and from the start if the log has
// diverged. It returns false if the appender must end.
func (a *appender) catchUp() bool {
	for {
		ctx, cancel := context.WithTimeout(a.ctx, callTimeout)
		_, err := a.cursor.CatchUp(ctx, a.journal)
		cancel()
		switch {
		case err == nil:
			return true
		case errors.Is(err, journal.ErrDiverged):
			a.cursor = journal.NewCursor(theLog, journal.Genesis(theLog, 1))
		case !errors.Is(err, journal.ErrUnavailable):
			a.fail(fmt.Errorf("reading: %w", err))
			return false
		}
		if !a.pause() {
			return false
		}
	}
}

// pause waits between a failure and the next attempt. It returns false if the appender must end.
func (a *appender) pause() bool {
	select {
	case <-a.ctx.Done():
		return false
	case <-time.After(10 * time.Millisecond):
		return true
	}
}

// fail records an error that is not transient.
func (a *appender) fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.errs = append(a.errs, fmt.Errorf("appender %d: %w", a.id, err))
}

// append appends a batch, after as many conflicts as there are. It returns false if the appender
// must end.
func (a *appender) append(batch []journal.Record) bool {
	for {
		expect := a.cursor.At()
		journal.Chain(expect, batch)
		result, ok := a.appendUntilKnown(expect, batch)
		switch {
		case !ok:
			return false
		case result.Outcome == journal.Appended:
			a.acknowledge(batch)
			_, err := a.cursor.Take(batch)
			return err == nil || a.catchUp()
		case result.Outcome == journal.AlreadyKnown:
			return a.acknowledgeDuplicates(batch, result.Duplicates) && a.catchUp()
		}
		a.count(func() { a.counts.conflicts++ })
		if result.Diverged {
			a.count(func() { a.counts.diverged++ })
			if !a.readFromStart() {
				return false
			}
			continue
		}
		if _, err := a.cursor.Take(result.Missed); err != nil || a.cursor.At() != result.Head {
			if !a.catchUp() {
				return false
			}
		}
	}
}

// count calls how under the lock.
func (c *appenders) count(how func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	how()
}

// appendUntilKnown sends the same bytes until the outcome is known.
func (a *appender) appendUntilKnown(expect journal.Position, batch []journal.Record) (journal.Result, bool) {
	unknown := false
	for {
		a.count(func() { a.counts.appends++ })
		ctx, cancel := context.WithTimeout(a.ctx, callTimeout)
		result, err := a.journal.Append(ctx, theLog, expect, batch, time.Time{})
		cancel()
		switch {
		case err == nil:
			if unknown && result.Outcome == journal.AlreadyKnown {
				a.count(func() { a.counts.resolved++ })
			}
			return result, true
		case errors.Is(err, journal.ErrUnknown):
			unknown = true
			a.count(func() { a.counts.unknown++ })
		case errors.Is(err, journal.ErrUnavailable):
			a.count(func() { a.counts.unavailable++; a.refusal = err })
		default:
			a.fail(fmt.Errorf("appending at %v: %w", expect, err))
			return result, false
		}
		if !a.pause() {
			return journal.Result{}, false
		}
	}
}

// acknowledge records an acknowledged batch.
func (a *appender) acknowledge(batch []journal.Record) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range batch {
		a.acked[r.Key] = r.Seq
	}
	a.longest = max(a.longest, time.Since(a.last))
	a.last = time.Now()
}

// acknowledgeDuplicates records a batch that is in the log already. All of it must be.
func (a *appender) acknowledgeDuplicates(batch []journal.Record, duplicates []journal.Duplicate) bool {
	if len(duplicates) != len(batch) {
		a.fail(fmt.Errorf("of a batch of %d records %d are known", len(batch), len(duplicates)))
		return false
	}
	stored := make([]journal.Record, len(batch))
	for i, d := range duplicates {
		stored[i] = journal.Record{Key: d.Key, Seq: d.Seq}
	}
	a.acknowledge(stored)
	return true
}

func (a *appender) checkHead() {
	at := a.cursor.At()
	ctx, cancel := context.WithTimeout(a.ctx, callTimeout)
	defer cancel()
	if _, err := a.journal.CheckHead(ctx, theLog, at); err == nil {
		a.count(func() { a.confirmed[at.Seq] = at.Hash })
	}
}

// checkHistory reads the whole log into a history and checks it.
func checkHistory(t *testing.T, h *journaltest.History, j journal.Journal) {
	t.Helper()
	all, err := journal.NewCursor(theLog, journal.Genesis(theLog, 1)).CatchUp(t.Context(), h.Wrap(j, appenderCount))
	if err != nil {
		t.Fatal(err)
	}
	h.DropUnstored(all)
	h.Check(t, 2*time.Minute)
}

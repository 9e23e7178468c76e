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

// seeded answers a source of chance whose seed is printed, and can be given again
// in the environment.
func seeded(t *testing.T) *rand.Rand {
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
	crewSize  = 4
	crewPace  = 25 * time.Millisecond // between two appends of one
	callTime  = 2 * time.Second       // for one call, as the nodes have it
	recovered = 3 * time.Minute       // within which appends have to go on after a fault
)

// crew is several appenders on one log, who keep what they were promised. They
// behave as the nodes' fold loops do: the same bytes again while the outcome is
// unknown, on the new head after a conflict.
type crew struct {
	t     *testing.T
	begun time.Time
	ctx   context.Context
	stop  context.CancelFunc
	all   sync.WaitGroup

	mu        sync.Mutex                    // guards what follows
	promised  map[journal.CommandKey]uint64 // acknowledged, at this number
	confirmed map[uint64]journal.Hash
	counts    struct{ appends, unknown, unavailable, conflicts, lineages, resolved int }
	longest   time.Duration // between two promises
	last      time.Time
	errs      []error
}

// muster starts one appender on each journal; they end with the test at the latest.
func muster(t *testing.T, journals ...journal.Journal) *crew {
	c := &crew{
		t: t, begun: time.Now(), last: time.Now(),
		promised: make(map[journal.CommandKey]uint64), confirmed: make(map[uint64]journal.Hash),
	}
	c.ctx, c.stop = context.WithCancel(t.Context())
	for i, j := range journals {
		c.all.Go(func() { (&appender{crew: c, journal: j, id: i}).work() })
	}
	t.Cleanup(func() { c.stop(); c.all.Wait() })
	return c
}

// musterAt is muster with crewSize journals at one URL, whose calls h keeps by the
// given means; nil for none.
func musterAt(t *testing.T, url string, options Options, record func(journal.Journal, int) journal.Journal) *crew {
	t.Helper()
	var journals []journal.Journal
	for i := range crewSize {
		var j journal.Journal = openTest(t, url, options)
		if record != nil {
			j = record(j, i)
		}
		journals = append(journals, j)
	}
	return muster(t, journals...)
}

// promises answers how many records were acknowledged.
func (c *crew) promises() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.promised)
}

// calls answers how many appends were sent.
func (c *crew) calls() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts.appends
}

// more waits until n more records are acknowledged, and answers how long that took.
func (c *crew) more(n int) time.Duration {
	c.t.Helper()
	began, want := time.Now(), c.promises()+n
	c.until(fmt.Sprintf("%d more acknowledged records", n), func() bool { return c.promises() >= want })
	return time.Since(began)
}

// tries waits until n more appends were sent, with whatever outcome.
func (c *crew) tries(n int) {
	c.t.Helper()
	want := c.calls() + n
	c.until(fmt.Sprintf("%d more tries", n), func() bool { return c.calls() >= want })
}

func (c *crew) until(what string, done func() bool) {
	c.t.Helper()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	deadline := time.After(recovered)
	for !done() {
		select {
		case <-again.C:
		case <-deadline:
			c.t.Fatalf("waited %v for %s; %d are acknowledged, %+v, %v", recovered, what, c.promises(), c.counts, c.errs)
		}
	}
}

// rest stops the appenders and holds the log, as j reads it, to all they were
// promised: every acknowledged record there, at its number, once; nothing there
// twice; nothing there that nobody sent; every confirmed position on the way.
func (c *crew) rest(j journal.Journal) {
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
			c.t.Errorf("%q is there as %d and as %d", r.Key, at[r.Key], r.Seq)
		}
		at[r.Key] = r.Seq
	}
	lost := 0
	for key, seq := range c.promised {
		if at[key] != seq {
			lost++
			c.t.Errorf("%q was acknowledged as %d, and is there as %d (0: lost)", key, seq, at[key])
		}
	}
	for seq, hash := range c.confirmed {
		if seq > uint64(len(all)) || seq > 0 && all[seq-1].Hash != hash {
			c.t.Errorf("position %d was confirmed, and is not in the log", seq)
		}
	}
	if beyond := len(all) - len(c.promised); beyond > crewSize*maxCrewBatch {
		c.t.Errorf("%d records are there that nobody was promised", beyond)
	}
	n := c.counts
	c.t.Logf("%d records, %d acknowledged, %d lost, %d twice, %d positions confirmed; %d appends sent in %v: %d unknown (%d of them found stored), %d refused, %d conflicts, %d on another lineage; longest pause %v",
		len(all), len(c.promised), lost, twice, len(c.confirmed), n.appends, time.Since(c.begun).Round(time.Millisecond),
		n.unknown, n.resolved, n.unavailable, n.conflicts, n.lineages, c.longest.Round(time.Millisecond))
}

// maxCrewBatch is the most records that an appender sends at once.
const maxCrewBatch = 3

// appender is one of a crew.
type appender struct {
	*crew
	journal journal.Journal
	id      int
	cursor  *journal.Cursor
}

func (a *appender) work() {
	pace := time.NewTicker(crewPace)
	defer pace.Stop()
	if !a.begin() {
		return
	}
	for n := 0; ; n++ {
		batch := make([]journal.Record, 1+n%maxCrewBatch)
		for i := range batch {
			body := fmt.Appendf(nil, "appender %d, batch %d, record %d", a.id, n, i)
			batch[i] = journal.Record{Key: journal.CommandKey(fmt.Sprintf("%d-%d-%d", a.id, n, i)), Body: body}
		}
		if !a.append(batch) {
			return
		}
		if n%5 == 0 {
			a.confirm()
		}
		select {
		case <-a.ctx.Done():
			return
		case <-pace.C:
		}
	}
}

// begin reads the log from its start; false where the work is over.
func (a *appender) begin() bool {
	a.cursor = journal.NewCursor(theLog, journal.Genesis(theLog, 1))
	return a.catchUp()
}

// catchUp reads on to the head, however often that fails; what does not follow
// from what was read before is read anew.
func (a *appender) catchUp() bool {
	for {
		ctx, cancel := context.WithTimeout(a.ctx, callTime)
		_, err := a.cursor.CatchUp(ctx, a.journal)
		cancel()
		switch {
		case err == nil:
			return true
		case errors.Is(err, journal.ErrDiverged):
			a.cursor = journal.NewCursor(theLog, journal.Genesis(theLog, 1))
		case !errors.Is(err, journal.ErrUnavailable):
			a.failed(fmt.Errorf("reading: %w", err))
			return false
		}
		if !a.pause() {
			return false
		}
	}
}

// pause is what lies between a failure and the next try.
func (a *appender) pause() bool {
	select {
	case <-a.ctx.Done():
		return false
	case <-time.After(10 * time.Millisecond):
		return true
	}
}

func (a *appender) failed(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.errs = append(a.errs, fmt.Errorf("appender %d: %w", a.id, err))
}

// append brings a batch into the log; false where the work is over.
func (a *appender) append(batch []journal.Record) bool {
	for {
		expect := a.cursor.At()
		journal.Chain(expect, batch)
		result, ok := a.settle(expect, batch)
		switch {
		case !ok:
			return false
		case result.Outcome == journal.Appended:
			a.promise(batch)
			_, err := a.cursor.Take(batch)
			return err == nil || a.catchUp()
		case result.Outcome == journal.AlreadyKnown:
			return a.known(batch, result.Duplicates) && a.catchUp()
		}
		a.count(func() { a.counts.conflicts++ })
		if result.Diverged {
			a.count(func() { a.counts.lineages++ })
			if !a.begin() {
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

func (a *appender) count(how func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	how()
}

// settle sends the same bytes until the journal says what became of them.
func (a *appender) settle(expect journal.Position, batch []journal.Record) (journal.Result, bool) {
	unknown := false
	for {
		a.count(func() { a.counts.appends++ })
		ctx, cancel := context.WithTimeout(a.ctx, callTime)
		result, err := a.journal.Append(ctx, theLog, expect, batch)
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
			a.count(func() { a.counts.unavailable++ })
		default:
			a.failed(fmt.Errorf("appending at %v: %w", expect, err))
			return result, false
		}
		if !a.pause() {
			return journal.Result{}, false
		}
	}
}

// promise notes what was acknowledged.
func (a *appender) promise(batch []journal.Record) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range batch {
		a.promised[r.Key] = r.Seq
	}
	a.longest = max(a.longest, time.Since(a.last))
	a.last = time.Now()
}

// known takes the answer that the batch is in the log already, which it has to be
// as a whole.
func (a *appender) known(batch []journal.Record, known []journal.Duplicate) bool {
	if len(known) != len(batch) {
		a.failed(fmt.Errorf("of %d records sent as one, %d are known", len(batch), len(known)))
		return false
	}
	stored := make([]journal.Record, len(batch))
	for i, k := range known {
		stored[i] = journal.Record{Key: k.Key, Seq: k.Seq}
	}
	a.promise(stored)
	return true
}

func (a *appender) confirm() {
	at := a.cursor.At()
	ctx, cancel := context.WithTimeout(a.ctx, callTime)
	defer cancel()
	if _, err := a.journal.CheckHead(ctx, theLog, at); err == nil {
		a.count(func() { a.confirmed[at.Seq] = at.Hash })
	}
}

// checkHistory reads the whole log into a history and checks it.
func checkHistory(t *testing.T, h *journaltest.History, j journal.Journal) {
	t.Helper()
	all, err := journal.NewCursor(theLog, journal.Genesis(theLog, 1)).CatchUp(t.Context(), h.Wrap(j, crewSize))
	if err != nil {
		t.Fatal(err)
	}
	h.DropUnstored(all)
	h.Check(t, 2*time.Minute)
}

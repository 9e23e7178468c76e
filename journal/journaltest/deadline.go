package journaltest

import (
	"errors"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// hour is longer than any case lasts, so that a deadline one hour off the journal's clock is
// certain to have passed, or not.
const hour = time.Hour

// clock returns the journal's clock, which may differ from the test's by any amount.
func (f *fixture) clock(log journal.LogID, at journal.Position) time.Time {
	f.Helper()
	clock, err := f.checkHead(log, at)
	if err != nil || clock.IsZero() {
		f.Fatalf("CheckHead(%q, %v): %v, %v, want the clock", log, at, clock, err)
	}
	return clock
}

// appendBefore is appendTo on the first handle with a deadline.
func (f *fixture) appendBefore(log journal.LogID, expect journal.Position, notAfter time.Time, batch ...journal.Record) journal.Result {
	f.Helper()
	return f.appendWith(f.Journal, log, expect, batch, notAfter)
}

// wantExpired fails the test unless result is that of an append at the head at that came after
// notAfter.
func (f *fixture) wantExpired(result journal.Result, at journal.Position, notAfter time.Time) {
	f.Helper()
	if result.Outcome != journal.Expired || result.Head != at || result.Diverged || len(result.Missed)+len(result.Duplicates) > 0 {
		f.Fatalf("an append after its deadline: %+v, want it expired at %v", result, at)
	}
	if !result.Clock.After(notAfter) {
		f.Fatalf("expired at %v, which is not after %v", result.Clock, notAfter)
	}
}

// deadlines appends before and after deadlines of the journal's clock. What has expired is not
// stored, and may be appended again under another deadline.
func deadlines(f *fixture) {
	genesis := journal.Genesis(theLog, 1)
	late := f.clock(theLog, genesis).Add(-hour)
	f.wantExpired(f.appendBefore(theLog, genesis, late, numbered("first", 3)...), genesis, late)
	f.wantLog(theLog, genesis, nil)

	first := numbered("first", 3)
	if result := f.appendBefore(theLog, genesis, f.clock(theLog, genesis).Add(hour), first...); result.Outcome != journal.Appended {
		f.Fatalf("an append before its deadline: %+v, want it appended", result)
	}
	at := journal.Chain(genesis, first)
	for _, notAfter := range []time.Time{
		f.clock(theLog, at).Add(-hour),
		f.clock(theLog, at).Add(-time.Microsecond),
		time.UnixMicro(1),
		time.UnixMicro(-1),
		time.Date(1, 2, 3, 4, 5, 6, 7, time.UTC),
	} {
		f.wantExpired(f.appendBefore(theLog, at, notAfter, numbered("second", 2)...), at, notAfter)
	}
	f.wantLog(theLog, at, first)
	if _, err := f.checkHead(theLog, at); err != nil {
		f.Errorf("CheckHead after an expired append: %v", err)
	}
	second := numbered("second", 2)
	if result := f.appendBefore(theLog, at, f.clock(theLog, at).Add(200*365*24*hour), second...); result.Outcome != journal.Appended {
		f.Fatalf("the same again with another deadline: %+v, want it appended", result)
	}
	f.wantLog(theLog, journal.Chain(at, second), append(first, second...))
}

// deadlineIsCheckedLast appends after the deadline what is in the log already, and what expects
// another position: neither is called expired.
func deadlineIsCheckedLast(f *fixture) {
	all, at := f.fill(theLog, "first", 4)
	genesis := journal.Genesis(theLog, 1)
	late := f.clock(theLog, at).Add(-hour)
	for name, expect := range map[string]journal.Position{"at the head": at, "behind": genesis, "foreign": journal.Genesis(theLog, 7)} {
		result := f.appendBefore(theLog, expect, late, record("new"), record("first-1"))
		if result.Outcome != journal.AlreadyKnown || len(result.Duplicates) != 1 || result.Duplicates[0].Seq != 2 {
			f.Errorf("a duplicate key after the deadline, expecting a position %s: %+v, want record 2 named", name, result)
		}
	}
	behind := f.appendBefore(theLog, journal.Chain(genesis, all[:2]), late, record("new"))
	if behind.Outcome != journal.Conflict || behind.Diverged {
		f.Errorf("behind the head, after the deadline: %+v, want a conflict", behind)
	}
	wantRecords(f, behind.Missed, all[2:])
	if foreign := f.appendBefore(theLog, journal.Genesis(theLog, 7), late, record("new")); foreign.Outcome != journal.Conflict || !foreign.Diverged {
		f.Errorf("at a foreign position, after the deadline: %+v, want a diverged conflict", foreign)
	}
	malformed := chained(at, record("new"))
	malformed[0].Hash[0] ^= 1
	var err error
	for range attempts {
		if _, err = f.Journal.Append(f.Context(), theLog, at, malformed, late); !f.isTransient(err) {
			break
		}
	}
	if !errors.Is(err, journal.ErrMalformed) {
		f.Errorf("a malformed batch after the deadline: %v, want ErrMalformed", err)
	}
	f.wantLog(theLog, at, all)
}

// storedIsNotExpired stores a batch in time and sends the same bytes again after the deadline, as
// a caller does that lost the result.
func storedIsNotExpired(f *fixture) {
	genesis := journal.Genesis(theLog, 1)
	batch := numbered("first", 3)
	var notAfter time.Time
	result := journal.Result{Outcome: journal.Expired}
	for within := 20 * time.Millisecond; result.Outcome == journal.Expired && within < timeout; within *= 2 {
		notAfter = f.clock(theLog, genesis).Add(within)
		result = f.appendBefore(theLog, genesis, notAfter, batch...)
	}
	if result.Outcome != journal.Appended {
		f.Fatalf("an append with a deadline in time: %+v, want it appended", result)
	}
	at := journal.Chain(genesis, batch)
	for given := afterTimeout(); !f.clock(theLog, at).After(notAfter); {
		select {
		case <-given:
			f.Fatalf("the journal's clock has not passed %v", notAfter)
		default:
		}
	}
	again, err := f.Journal.Append(f.Context(), theLog, genesis, batch, notAfter)
	for f.isTransient(err) {
		again, err = f.Journal.Append(f.Context(), theLog, genesis, batch, notAfter)
	}
	if err != nil || !allDuplicates(again, batch) {
		f.Errorf("the same again after the deadline: %+v, %v, want all three known", again, err)
	}
	f.wantLog(theLog, at, batch)
}

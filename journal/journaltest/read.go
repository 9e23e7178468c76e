package journaltest

import (
	"context"
	"errors"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

func readAnywhere(f *fixture) {
	all, at := f.fill(theLog, "first", 12)
	for after := range 15 {
		for _, limit := range []int{-1, 0, 1, 2, 11, 12, 13, journal.MaxPage, journal.MaxPage + 1} {
			page := f.read(f.Journal, theLog, uint64(after), limit)
			if page.Head != at {
				f.Fatalf("Read(%d, %d): head %v, want %v", after, limit, page.Head, at)
			}
			rest := all[min(after, len(all)):]
			wantRecords(f, page.Records, rest[:min(len(rest), max(limit, 0))])
		}
	}
	far := f.read(f.Journal, theLog, 1<<62, 5)
	if len(far.Records) > 0 || far.Head != at {
		f.Fatalf("far after the head: %+v, want only the head", far)
	}
}

func boundedPages(f *fixture) {
	all, at := f.fill(theLog, "small", journal.MaxPage+3)
	wantRecords(f, f.read(f.Journal, theLog, 1, 1<<30).Records, all[1:1+journal.MaxPage])
	big := largest("large", 4)
	at = f.mustAppend(theLog, at, big...)
	start := uint64(len(all))
	page := f.read(f.Journal, theLog, start, journal.MaxPage)
	if want := journal.MaxPageBytes/journal.MaxRecord + 1; len(page.Records) != want {
		f.Fatalf("a page of %d large records, want %d of %d", len(page.Records), want, len(big))
	}
	f.wantLog(theLog, at, append(all, big...))
}

func checkHead(f *fixture) {
	all, at := f.fill(theLog, "first", 3)
	result := f.appendTo(f.Journal, theLog, at, numbered("second", 1))
	clock, err := f.checkHead(theLog, result.Head)
	if err != nil {
		f.Fatalf("CheckHead of the head: %v", err)
	}
	if clock.Before(result.Clock) || clock.Sub(result.Clock) > timeout {
		f.Errorf("the clock was at %v, then at %v", result.Clock, clock)
	}
	otherEpoch, otherHash := result.Head, result.Head
	otherEpoch.Epoch++
	otherHash.Hash[3] ^= 1
	for name, wrong := range map[string]journal.Position{
		"a past position": at,
		"the genesis":     journal.Genesis(theLog, 1),
		"another epoch":   otherEpoch,
		"another hash":    otherHash,
		"nothing":         {},
		"a position ahead": journal.Chain(result.Head,
			numbered("third", 1)),
	} {
		if _, err := f.checkHead(theLog, wrong); !errors.Is(err, journal.ErrPositionMismatch) {
			f.Errorf("CheckHead of %s: %v, want ErrPositionMismatch", name, err)
		}
	}
	f.wantLog(theLog, result.Head, append(all, f.readAll(f.Journal, theLog)[3:]...))
}

func endedContext(f *fixture) {
	_, at := f.fill(theLog, "first", 1)
	ended, cancel := context.WithCancel(f.Context())
	cancel()
	batch := numbered("second", 1)
	journal.Chain(at, batch)
	errs := make(map[string]error)
	_, errs["Append"] = f.Journal.Append(ended, theLog, at, batch, time.Time{})
	_, errs["Read"] = f.Journal.Read(ended, theLog, 0, 1)
	_, errs["CheckHead"] = f.Journal.CheckHead(ended, theLog, at)
	_, errs["Replace"] = f.Journal.Replace(ended, theLog, at, nil)
	for call, err := range errs {
		if !errors.Is(err, journal.ErrUnavailable) {
			f.Errorf("%s with an ended context: %v, want ErrUnavailable: nothing was written", call, err)
		}
		if !f.Faulty && !errors.Is(err, context.Canceled) {
			f.Errorf("%s with an ended context: %v, want it to wrap the error of the context", call, err)
		}
	}
	f.mustAppend(theLog, at, numbered("third", 1)...)
}

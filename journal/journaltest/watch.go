package journaltest

import (
	"context"
	"errors"

	"github.com/matchfloor/matchfloor/journal"
)

func watchBegins(f *fixture) {
	if f.Faulty {
		f.Log("does not apply: hints may be lost")
		return
	}
	f.fill(theLog, "first", 3)
	ctx, cancel := f.withTimeout()
	defer cancel()
	first := make(chan []journal.Record, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- f.Journal.Watch(ctx, theLog, func(records []journal.Record) {
			select {
			case first <- records:
			default:
			}
		})
	}()
	select {
	case records := <-first:
		if len(records) > 0 {
			f.Errorf("the first hint has %d records, want an empty one", len(records))
		}
	case <-ctx.Done():
		f.Error("no hint came")
	}
	cancel()
	<-ended
}

func watchFollows(f *fixture) {
	all, at := f.fill(theLog, "before", 7)
	early := f.follow(f.Journal, theLog, journal.Genesis(theLog, 1))
	later := f.follow(f.Journal, theLog, at)
	for _, n := range []int{1, 2, 1, 30, 1, journal.MaxBatch, 1} {
		batch := numbered(at.String(), n)
		at = f.mustAppend(theLog, at, batch...)
		all = append(all, batch...)
		f.mustAppend("autumn-forum", f.read(f.Journal, "autumn-forum", 0, 0).Head, record(at.String()))
	}
	wantRecords(f, early.wait(f, len(all)), all)
	wantRecords(f, later.wait(f, len(all)-7), all[7:])
	big := largest("large", 3)
	f.mustAppend(theLog, at, big...)
	wantRecords(f, early.wait(f, len(all)+3), append(all, big...))
	for _, fo := range []*follower{early, later} {
		if err := fo.stop(); err != nil {
			f.Errorf("following: %v", err)
		}
	}
}

func watchFollowsOther(f *fixture) {
	if f.Other == nil {
		f.Log("does not apply: one handle only")
		return
	}
	all, at := f.fill(theLog, "before", 2)
	fo := f.follow(f.Other, theLog, journal.Genesis(theLog, 1))
	fo.wait(f, 2)
	for range 3 {
		batch := numbered(at.String(), 2)
		at = f.mustAppend(theLog, at, batch...)
		all = append(all, batch...)
		wantRecords(f, fo.wait(f, len(all)), all)
	}
	if err := fo.stop(); err != nil {
		f.Errorf("following: %v", err)
	}
}

func watchEnds(f *fixture) {
	ctx, cancel := context.WithCancel(f.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Journal.Watch(ctx, theLog, func([]journal.Record) {}) }()
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			f.Errorf("Watch ended with %v, want its context's error", err)
		}
	case <-afterTimeout():
		f.Fatal("Watch did not end")
	}
}

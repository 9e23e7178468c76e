package journaltest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// follower follows a log as a node does: a watch whose hints are only taken
// where they follow, and a cursor that reads the rest from the log.
type follower struct {
	fixture *fixture
	journal journal.Journal
	cursor  *journal.Cursor
	hints   chan []journal.Record // bounded: what does not fit becomes a look
	ended   chan struct{}         // closed when run has returned
	err     error                 // why it has; read only after ended
	stop    func() error          // ends the follower and answers err

	mu      sync.Mutex // guards what follows
	records []journal.Record
	moved   chan struct{} // closed and renewed when records grow
}

// follow starts a follower of log on j; it ends with the test at the latest.
func (f *fixture) follow(j journal.Journal, log journal.LogID, at journal.Position) *follower {
	ctx, cancel := context.WithCancel(f.Context())
	fo := &follower{
		fixture: f,
		journal: j,
		cursor:  journal.NewCursor(log, at),
		hints:   make(chan []journal.Record, 16),
		ended:   make(chan struct{}),
		moved:   make(chan struct{}),
	}
	watching := make(chan error, 1)
	go func() { watching <- j.Watch(ctx, log, fo.hint) }()
	go func() {
		defer close(fo.ended)
		fo.err = fo.run(ctx)
	}()
	fo.stop = sync.OnceValue(func() error {
		cancel()
		if err := <-watching; !errors.Is(err, context.Canceled) {
			f.Errorf("Watch ended with %v, want its context's error", err)
		}
		<-fo.ended
		return fo.err
	})
	f.Cleanup(func() { fo.stop() })
	return fo
}

// hint never blocks: a full queue loses the hint but leaves 16 to look by.
func (fo *follower) hint(records []journal.Record) {
	select {
	case fo.hints <- records:
	default:
	}
}

func (fo *follower) run(ctx context.Context) error {
	var tick <-chan time.Time
	if fo.fixture.Faulty {
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		var hint []journal.Record
		select {
		case <-ctx.Done():
			return nil
		case hint = <-fo.hints:
		case <-tick:
		}
		taken, err := fo.cursor.Take(hint)
		fo.add(taken)
		if !errors.Is(err, journal.ErrGap) {
			continue
		}
		read, err := fo.fixture.catchUp(fo.cursor, fo.journal)
		fo.add(read)
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
}

func (fo *follower) add(records []journal.Record) {
	if len(records) == 0 {
		return
	}
	fo.mu.Lock()
	defer fo.mu.Unlock()
	fo.records = append(fo.records, records...)
	close(fo.moved)
	fo.moved = make(chan struct{})
}

// wait answers everything followed, once it is n records.
func (fo *follower) wait(t testing.TB, n int) []journal.Record {
	t.Helper()
	timeout := soon()
	for {
		fo.mu.Lock()
		records, moved := fo.records, fo.moved
		fo.mu.Unlock()
		if len(records) >= n {
			return records
		}
		select {
		case <-moved:
		case <-timeout:
			t.Fatalf("%d records followed after %v, want %d", len(records), patience, n)
		}
	}
}

func watchBegins(f *fixture) {
	if f.Faulty {
		f.Log("does not apply: the watch may lose hints")
		return
	}
	f.fill(theLog, "first", 3)
	ctx, cancel := f.bounded()
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
		at = f.append(theLog, at, batch...)
		all = append(all, batch...)
		f.append("autumn-forum", f.read(f.Journal, "autumn-forum", 0, 0).Head, record(at.String()))
	}
	wantRecords(f, early.wait(f, len(all)), all)
	wantRecords(f, later.wait(f, len(all)-7), all[7:])
	big := large("large", 3)
	f.append(theLog, at, big...)
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
		at = f.append(theLog, at, batch...)
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
	case <-soon():
		f.Fatal("Watch did not end")
	}
}

package journaltest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// follower follows a log as a node does: it takes the hints of a watch that follow its
// position, and reads the rest from the log with a cursor.
type follower struct {
	fixture *fixture
	journal journal.Journal
	cursor  *journal.Cursor
	hints   chan []journal.Record // a hint that does not fit is dropped
	ended   chan struct{}         // closed when run has returned
	err     error                 // the reason; read only after ended is closed
	stop    func() error          // ends the follower and returns err

	mu      sync.Mutex // guards the fields below
	records []journal.Record
	grown   chan struct{} // closed and replaced when records grow
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
		grown:   make(chan struct{}),
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

// hint never blocks. A full queue drops the hint, and the 16 before it still cause a read.
func (fo *follower) hint(records []journal.Record) {
	select {
	case fo.hints <- records:
	default:
	}
}

// run follows the log until ctx ends. If hints may be lost it reads the log every 20 ms.
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
	close(fo.grown)
	fo.grown = make(chan struct{})
}

// wait returns all records that were followed, once there are n.
func (fo *follower) wait(t testing.TB, n int) []journal.Record {
	t.Helper()
	expired := afterTimeout()
	for {
		fo.mu.Lock()
		records, grown := fo.records, fo.grown
		fo.mu.Unlock()
		if len(records) >= n {
			return records
		}
		select {
		case <-grown:
		case <-expired:
			t.Fatalf("%d records followed after %v, want %d", len(records), timeout, n)
		}
	}
}

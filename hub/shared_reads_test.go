package hub_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
)

// countedReads is a journal that counts the readings of the instance's log, and gives no
// hints. Each reading takes a millisecond.
type countedReads struct {
	journal.Journal
	reads atomic.Int64
}

func (c *countedReads) Read(ctx context.Context, log journal.LogID, after uint64, limit int) (journal.Page, error) {
	if log == journal.InstanceLog {
		c.reads.Add(1)
		time.Sleep(time.Millisecond)
	}
	return c.Journal.Read(ctx, log, after, limit)
}

func (c *countedReads) Watch(ctx context.Context, log journal.LogID, _ func([]journal.Record)) error {
	return c.Journal.Watch(ctx, log, func([]journal.Record) {})
}

// Every caller learns what another process had stored before its call, and 2,000 calls in
// two seconds cost some twenty readings, not 2,000.
func TestLinearizableState_CallersShareReadings(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		j := &countedReads{Journal: m}
		h, other := newHub(t, j, m), newHub(t, m, m)
		if _, _, err := h.LinearizableState(t.Context(), journal.InstanceLog); err != nil {
			t.Fatal(err)
		}
		before := j.reads.Load()
		var callers sync.WaitGroup
		for i := range 2000 {
			if i%100 == 0 {
				id := floor.EventID(fmt.Sprintf("e%d", i))
				mustSubmit(t, other, journal.InstanceLog, floor.Operator, "add-"+string(id), floor.RegisterEvent{Event: id})
			}
			want := i/100 + 1
			callers.Go(func() {
				state, _, err := h.LinearizableState(t.Context(), journal.InstanceLog)
				events := 0
				for range state.Events() {
					events++
				}
				if err != nil || events < want {
					t.Errorf("call %d: %d events of %d, %v", i, events, want, err)
				}
			})
			time.Sleep(time.Millisecond)
		}
		callers.Wait()
		// Each shared reading is two of the journal: of the head, and of the records. The
		// replica's own is one each second.
		if reads := j.reads.Load() - before; reads > 2*21+3 {
			t.Errorf("2,000 calls in 2 s made %d readings", reads)
		}
	})
}

// A caller that gives up does not end the reading of the others, and none waits for a hub
// that is closed.
func TestLinearizableState_EndsWithItsCallerAndTheHub(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, &countedReads{Journal: m}, m)
		impatient, stop := context.WithCancel(t.Context())
		results := make(chan error, 2)
		if _, _, err := h.State(t.Context(), journal.InstanceLog); err != nil {
			t.Fatal(err)
		}
		for _, ctx := range []context.Context{impatient, t.Context()} {
			go func() {
				_, _, err := h.LinearizableState(ctx, journal.InstanceLog)
				results <- err
			}()
		}
		synctest.Wait()
		stop()
		synctest.Wait()
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Errorf("the caller that gave up: %v", err)
		}
		if err := <-results; err != nil {
			t.Errorf("the other caller: %v", err)
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.LinearizableState(t.Context(), journal.InstanceLog); !errors.Is(err, hub.ErrDraining) {
			t.Errorf("after the close: %v", err)
		}
	})
}

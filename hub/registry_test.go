package hub_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
)

func TestHub_UnknownEventKeepsNothingOpen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, _, _ := setup(t, func(o *hub.Options) { o.MaxEvents = 3 })
		for i := range 20 {
			if _, _, err := h.State(t.Context(), journal.LogID(fmt.Sprint("none", i))); err != hub.ErrNoEvent {
				t.Errorf("%d: %v", i, err)
			}
			synctest.Wait()
		}
		if got := h.Stats().Events; got != 2 { // the event's and the instance's
			t.Errorf("%d logs are open", got)
		}
		if _, _, err := h.State(t.Context(), "../x"); err != hub.ErrNoEvent {
			t.Error(err)
		}
	})
}

func TestHub_IdleEventIsClosedAndReopened(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, m := setup(t)
		p := dial(t, h, o, "attendee:c0a")
		time.Sleep(time.Minute)
		p.sync()
		p.session.Detach()
		time.Sleep(6 * time.Minute)
		synctest.Wait()
		if got := h.Stats().Events; got != 1 { // the instance's
			t.Errorf("%d logs are open", got)
		}
		if at, _, ok, err := m.Snapshot(t.Context(), demo); err != nil || !ok || at.Seq != 2 {
			t.Errorf("the stored snapshot: %v, %t, %v", at, ok, err)
		}
		p.connect(h)
		if got := p.kinds(); got != "hello patch live" {
			t.Errorf("after that it was sent %s", got)
		}
	})
}

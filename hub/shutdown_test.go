package hub_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/wire"
)

func TestDrain_ClosesSessionsAndWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		p, stalled := dial(t, h, o, "moderator:lead"), dial(t, h, o, "attendee:c0a")
		stalled.stall = make(chan struct{})
		p.send("last", announce("before the end"))
		start := time.Now()
		if err := h.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
		if accepted, _, n := p.verdict("last"); accepted == nil || n != 1 {
			t.Errorf("the command under way: %v, %d verdicts", accepted, n)
		}
		if p.closeCode() != wire.CloseRestart {
			t.Errorf("closed with %d", p.closeCode())
		}
		if _, err := submit(h, demo, "moderator:lead", "late", announce("too late")); codeOf(err) != wire.CodeDraining {
			t.Errorf("a new command: %v", err)
		}
		if _, err := h.Attach(t.Context(), demo, credential("attendee:c1a"), p); err != hub.ErrDraining {
			t.Errorf("a new session: %v", err)
		}
		if h.Ready() == nil || h.Stats().Sessions != 0 {
			t.Errorf("ready %v, %d sessions", h.Ready(), h.Stats().Sessions)
		}
	})
}

// Commands under way are completed first. Those that come meanwhile are refused for now.
func TestDrain_CompletesCommandsUnderWay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		slow := &switchedJournal{Journal: m}
		h := newHub(t, slow, m)
		open(t, h)
		p := dial(t, h, &oracle{mem: m}, "moderator:lead")
		slow.holdAppends(true)
		p.send("before", announce("before the end"))
		synctest.Wait()
		drained := make(chan error, 1)
		go func() { drained <- h.Drain(t.Context()) }()
		synctest.Wait()
		p.send("late", announce("too late"))
		synctest.Wait()
		if _, rejected, _ := p.verdict("late"); rejected == nil || rejected.Code != wire.CodeDraining || p.closeCode() != 0 {
			t.Errorf("meanwhile: %+v, closed with %d", rejected, p.closeCode())
		}
		slow.holdAppends(false)
		if err := <-drained; err != nil {
			t.Error(err)
		}
		if accepted, _, n := p.verdict("before"); accepted == nil || n != 1 || p.closeCode() != wire.CloseRestart {
			t.Errorf("before: %+v, %d verdicts, closed with %d", accepted, n, p.closeCode())
		}
	})
}

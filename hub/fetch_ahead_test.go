package hub_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// A view that was fetched from a node that is ahead is trusted as soon as the log has been
// read up to it, and patches lead on from there.
func TestResume_TrustsAFetchFromANodeAheadOnceTheLogIsRead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		lazy := &switchedJournal{Journal: m}
		a, b := newHub(t, m, m), newHub(t, lazy, m)
		mustSubmit(t, a, demo, "operator:cli", "import", floor.ImportForum{Forum: bigForum(800)})
		p := newPhone(t, b, &oracle{mem: m}, "moderator:lead")
		stalled := &gatedPhone{phone: p, from: "snapshot", open: make(chan struct{})}
		p.connectVia(b, stalled)
		lazy.setUnreachable(true)
		mustSubmit(t, a, demo, "moderator:lead", "x", announce("one"))
		seq := mustSubmit(t, a, demo, "moderator:lead", "y", announce("two"))
		p.hub = a // which the balancer asks for the view
		close(stalled.open)
		time.Sleep(3 * time.Second) // b cannot read the log: nothing more is sent
		if p.position().Seq != seq || strings.Count(p.kinds(), "snapshot") != 1 || strings.Contains(p.kinds(), "patch") {
			t.Fatalf("it stands at %v and was sent %s", p.position(), p.kinds())
		}
		lazy.setUnreachable(false)
		time.Sleep(1500 * time.Millisecond)
		seq = mustSubmit(t, a, demo, "moderator:lead", "z", announce("three"))
		synctest.Wait()
		if strings.Count(p.kinds(), "snapshot") != 1 || p.position().Seq != seq {
			t.Errorf("it stands at %v and was sent %s", p.position(), p.kinds())
		}
	})
}

// A sequence number that the log does not reach is not trusted: the view is sent again.
func TestResume_SendsTheViewAgainForAnUnknownPosition(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		mustSubmit(t, h, demo, "operator:cli", "import", floor.ImportForum{Forum: bigForum(800)})
		p := newPhone(t, h, &oracle{mem: m}, "moderator:lead")
		p.mute = true
		p.connect(h)
		p.setMute(false)
		p.session.Handle(wire.ClientFrame{Ack: &wire.Ack{Seq: 1 << 40}})
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if strings.Count(p.kinds(), "snapshot") != 2 {
			t.Fatalf("it was sent %s", p.kinds())
		}
		seq := mustSubmit(t, h, demo, "moderator:lead", "x", announce("one"))
		synctest.Wait()
		if p.position().Seq != seq {
			t.Errorf("it stands at %v, not %d", p.position(), seq)
		}
	})
}

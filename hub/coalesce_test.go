package hub_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

// On a node with many clients, batches begin at least 8 ms apart if commands of several people
// come faster and a batch takes long: one by one, each would cost an append, and a frame to
// every console. While batches are quick nobody waits, nor does a single sender, nor anybody
// on a node with few clients.
func TestReplica_CoalescesCommandsOfSeveralSendersWhileBatchesAreSlow(t *testing.T) {
	for _, c := range []struct {
		clients       int
		append, waits time.Duration
	}{
		{100, 3 * time.Millisecond, 5 * time.Millisecond},
		{100, time.Millisecond, 0},
		{100, 0, 0},
		{99, 3 * time.Millisecond, 0},
	} {
		bubble(t, func(t *testing.T) {
			m := newMemory()
			slow := &slowJournal{Journal: m}
			h := newHub(t, slow, m)
			open(t, h)
			o := &oracle{mem: m}
			one, other := dial(t, h, o, "moderator:lead"), dial(t, h, o, "moderator:mod")
			for i := range c.clients - 2 {
				dial(t, h, o, floor.ActorID(fmt.Sprintf("attendee:c%da", i%6)))
			}
			n := 0
			// waited returns how long a command of p takes, without the append.
			waited := func(p *phone) time.Duration {
				t.Helper()
				n++
				id, given := fmt.Sprint("n", n), time.Now()
				p.send(id, announce(id))
				for synctest.Wait(); time.Since(given) < time.Second; synctest.Wait() {
					if accepted, _, _ := p.verdict(id); accepted != nil {
						return time.Since(given) - c.append
					}
					time.Sleep(time.Millisecond)
				}
				t.Fatalf("%s was not answered in a second", id)
				return 0
			}
			time.Sleep(time.Minute)
			slow.setDelay(c.append)
			for range 5 {
				if d := waited(one); d != 0 {
					t.Errorf("%+v, one sender: a command waited %v", c, d)
				}
			}
			if d := waited(other); d != 0 {
				t.Errorf("%+v: the first command of another waited %v", c, d)
			}
			if d := waited(one); d != c.waits {
				t.Errorf("%+v: the next waited %v", c, d)
			}
			time.Sleep(time.Minute)
			if d := waited(other); d != 0 {
				t.Errorf("%+v, a minute later: a command waited %v", c, d)
			}
		})
	}
}

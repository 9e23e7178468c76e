package hub_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

// On a node with many clients, batches begin at least 8 ms apart once commands of several
// people come faster: one by one, each would cost an append, and a frame to every console. A
// single sender does not wait, and nobody waits on a node with few clients.
func TestReplica_CoalescesCommandsOfSeveralSenders(t *testing.T) {
	for _, c := range []struct {
		clients int
		waits   time.Duration
	}{{100, 8 * time.Millisecond}, {99, 0}} {
		bubble(t, func(t *testing.T) {
			h, o, _ := setup(t)
			one, other := dial(t, h, o, "moderator:lead"), dial(t, h, o, "moderator:mod")
			for i := range c.clients - 2 {
				dial(t, h, o, floor.ActorID(fmt.Sprintf("attendee:c%da", i%6)))
			}
			n := 0
			// took returns how long a command of p takes.
			took := func(p *phone) time.Duration {
				t.Helper()
				n++
				id, given := fmt.Sprint("n", n), time.Now()
				p.send(id, announce(id))
				for synctest.Wait(); time.Since(given) < time.Second; synctest.Wait() {
					if accepted, _, _ := p.verdict(id); accepted != nil {
						return time.Since(given)
					}
					time.Sleep(time.Millisecond)
				}
				t.Fatalf("%s was not answered in a second", id)
				return 0
			}
			time.Sleep(time.Minute)
			for range 5 {
				if d := took(one); d != 0 {
					t.Errorf("%d clients, one sender: a command took %v", c.clients, d)
				}
			}
			if d := took(other); d != 0 {
				t.Errorf("%d clients: the first command of another took %v", c.clients, d)
			}
			if d := took(one); d != c.waits {
				t.Errorf("%d clients: the next took %v, want %v", c.clients, d, c.waits)
			}
			time.Sleep(time.Minute)
			if d := took(other); d != 0 {
				t.Errorf("%d clients, a minute later: a command took %v", c.clients, d)
			}
		})
	}
}

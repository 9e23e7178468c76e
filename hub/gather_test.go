package hub_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

// On a node with many clients, batches begin 8 ms apart once several people's commands
// come in less: one by one they would each cost an append, and a frame to every
// console. Whoever is alone does not wait, and nor does anybody with few clients.
func TestCommandsOfSeveralAreGathered(t *testing.T) {
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
			// took answers how long one's command was under way.
			took := func(p *phone) time.Duration {
				t.Helper()
				n++
				id, given := fmt.Sprint("n", n), time.Now()
				p.do(id, announce(id))
				for synctest.Wait(); time.Since(given) < time.Second; synctest.Wait() {
					if accepted, _, _ := p.answer(id); accepted != nil {
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

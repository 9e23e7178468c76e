package hub_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

func TestStatus_SaysWhatEachClientMaySee(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, _ := setup(t)
		staff := dial(t, h, o, "moderator:lead")
		guest := dial(t, h, o, "attendee:c0a")
		away := dial(t, h, o, "attendee:c1a")
		away.session.Handle(wire.ClientFrame{Ping: &wire.Ping{Hidden: true, Ack: away.position().Seq}})
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		if got := fmt.Sprint(staff.lastFrame("live").Live.Here); got != "map[asleep:1 live:1]" {
			t.Errorf("the moderator is shown %s", got)
		}
		away.session.Detach()
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		if got := fmt.Sprint(staff.lastFrame("live").Live.Here); got != "map[gone:1 live:1]" {
			t.Errorf("the moderator is shown %s", got)
		}
		if guest.lastFrame("live").Live.Here != nil {
			t.Error("an attendee is shown who is there")
		}
	})
}

// However often the status changes, a session is sent one status frame a second at most.
func TestStatus_IsSentAtMostOnceASecond(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		j := &switchedJournal{Journal: m}
		h := newHub(t, j, m)
		open(t, h)
		p := dial(t, h, &oracle{mem: m}, "attendee:c0a")
		for i := range 50 {
			j.setUnreachable(i%2 == 0)
			p.send(fmt.Sprint("n", i), floor.CheckIn{Attendee: "c0a"})
			time.Sleep(330 * time.Millisecond)
			p.sync()
		}
		var last time.Time
		shown := 0
		for i, f := range p.frames {
			if f.Live == nil {
				continue
			}
			if gap := p.times[i].Sub(last); gap < time.Second {
				t.Errorf("two live frames within %v", gap)
			}
			last = p.times[i]
			shown++
		}
		if shown < 3 {
			t.Errorf("only %d live frames in 16 s of a journal that comes and goes", shown)
		}
	})
}

package hub_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// The journal's clock is set back by an hour, and forward again after a while. Records keep
// their order, and what counts down ends when it should.
func TestClock_JumpOfTheJournalKeepsOrderAndDeadlines(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var off atomic.Int64
		m := journal.NewMemory(func() time.Time { return time.Now().Add(time.Duration(off.Load())) })
		h := newHub(t, m, m)
		open(t, h)
		p := dial(t, h, &oracle{mem: m}, "moderator:lead")
		pass := func(d time.Duration) {
			for ; d > 0; d -= 10 * time.Second {
				time.Sleep(10 * time.Second)
				synctest.Wait()
				p.sync() // otherwise it is closed as silent
			}
		}
		lock := func(id string, locked bool) uint64 {
			return mustSubmit(t, h, demo, "moderator:lead", id, floor.LockMeeting{Meeting: "m0", Locked: locked})
		}
		tea := floor.Announce{Text: floor.Text{En: "tea"}, Minutes: 10}
		mustSubmit(t, h, demo, "moderator:lead", "tea", tea)
		before := lock("before", true)
		off.Store(int64(-time.Hour))
		during := lock("during", false)
		pass(5 * time.Minute)
		off.Store(0)
		after := lock("after", true)
		if during != before+1 || after != during+1 {
			t.Errorf("the commands stand at %d, %d and %d", before, during, after)
		}
		lock("stamped again", false) // the result of the one before has corrected the clock
		pass(5*time.Minute - 10*time.Second)
		if all := records(t, m); all[len(all)-1].By == floor.Clock {
			t.Error("the announcement ended too early")
		}
		pass(20 * time.Second)
		all := records(t, m)
		if last := all[len(all)-1]; last.By != floor.Clock {
			t.Errorf("ten minutes later the log ends with %s by %s", last.Kind, last.By)
		}
		if p.position().Seq != uint64(len(all)) {
			t.Errorf("the console stands at %v, the log at %d", p.position(), len(all))
		}
		if first, last := all[before-1].Wall, all[after-1].Wall; first-last < 50*floor.Minute {
			t.Errorf("the stamps did not jump: %v, %v", first, last)
		}
	})
}

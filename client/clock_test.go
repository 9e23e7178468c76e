package client

import (
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

func TestClock_TrustsTheShortestRoundTrip(t *testing.T) {
	start := time.Now()
	k := clock{start: start}
	later := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	if got := k.wall(later(7)); got != floor.Instant(later(7).UnixMilli()) {
		t.Errorf("before any answer: %d", got)
	}
	const base = 1_800_000_000_000                // the server's time at start
	k.add(later(0), later(900), base+800)         // the way back was short: wrong by 350 ms
	k.add(later(1000), later(1020), base+1010)    // right
	k.add(later(2000), later(3000), base+2000+90) // the way there was short
	if got := k.wall(later(5000)); got != base+5000 {
		t.Errorf("%d ms wrong", got-base-5000)
	}
	// The server's clock is set an hour ahead: earlier round trips no longer count.
	const hour = 3_600_000
	k.add(later(6000), later(7000), base+6500+hour)
	if got := k.wall(later(8000)); got != base+8000+hour {
		t.Errorf("%d ms wrong after a jump", got-base-8000-hour)
	}
	for i := range 3 * samples {
		k.add(later(9000+i), later(9010+i), floor.Instant(base+9005+i+hour))
	}
	if got := k.wall(later(9500)); got != base+9500+hour {
		t.Errorf("%d ms wrong after many", got-base-9500-hour)
	}
}

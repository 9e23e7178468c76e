package replica

import (
	"testing"
	"time"
	"unsafe"
)

// withClockSet returns a moment as time.Now would have returned it if the machine's clock
// had been set by d before: the wall clock's reading differs, the monotonic one does not.
func withClockSet(moment time.Time, d time.Duration) time.Time {
	const secondsShift = 30 // package time: the low bits of the first word are nanoseconds
	*(*uint64)(unsafe.Pointer(&moment)) += uint64(d/time.Second) << secondsShift
	return moment
}

func TestClock_IgnoresSettingOfTheMachinesClock(t *testing.T) {
	s := NewClock()
	now := time.Now()
	for _, jump := range []time.Duration{time.Hour, -time.Hour} {
		jumped := withClockSet(now, jump)
		if jumped.Round(0).Sub(now.Round(0)) != jump || jumped.Sub(now) != 0 {
			t.Fatalf("the clock was not set: %v, %v", now, jumped)
		}
		if off := s.at(jumped).Round(0).Sub(now.Round(0)); off.Abs() > time.Millisecond {
			t.Errorf("a clock set by %v puts the node's clock off by %v", jump, off)
		}
	}
	if off := time.Since(s.now()); off.Abs() > time.Second {
		t.Errorf("the node's clock is off by %v", off)
	}
}

package replica

import (
	"math/rand/v2"
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

// The journal's clock is read at a random moment of each call; the two clocks drift, and the
// journal's is set now and then. A deadline is never converted to later than it is, and at most
// by the uncertainty of the measurement to earlier.
func TestJournalClock_ConvertsDeadlinesToNoLaterThanTheyAre(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		ms := func(n int64) time.Duration { return time.Duration(rng.Int64N(n * int64(time.Millisecond))) }
		clock := journalClock{node: NewClock()}
		at := clock.node.began // the test's time, on the node's clock
		offset := time.Hour * time.Duration(rng.IntN(3)-1)
		if got := clock.deadline(at.Add(time.Hour), at); !got.Before(at.Add(-2 * time.Hour)) {
			t.Fatalf("seed %d: before any measurement the deadline is %v", seed, got)
		}
		for n := range 100 {
			waited := ms(20_000)
			at = at.Add(waited)
			offset += time.Duration((rng.Float64()*2 - 1) * waited.Seconds() * float64(maxDrift))
			if rng.IntN(20) == 0 {
				offset += time.Minute * time.Duration(rng.IntN(120)-60)
			}
			there, back := ms(30), ms(30)
			read := at.Add(there).Add(offset)
			clock.measure(read, at, at.Add(there+back))
			at = at.Add(there + back)
			moment := at.Add(ms(5_000))
			waited = ms(2_000)
			at = at.Add(waited)
			early := moment.Add(offset).Sub(clock.deadline(moment, at))
			if most := there + back + 2*clock.drift(at); early < 0 || early > most {
				t.Fatalf("seed %d, call %d: the deadline is %v too early, not 0 to %v", seed, n, early, most)
			}
		}
	}
}

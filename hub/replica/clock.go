package replica

import (
	"sync/atomic"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

// Clock is the wall clock of a node, read once and advanced by the monotonic clock
// since. Setting the machine's clock does not change it: corrections come from the
// journal. Otherwise a jump by an hour would make all that falls due within that
// hour happen at once, and log it.
type Clock struct{ began time.Time }

// NewClock returns a clock that shows the machine's wall time now.
func NewClock() Clock { return Clock{time.Now()} }

// at returns the clock's time at a moment that time.Now returned in this process.
func (c Clock) at(moment time.Time) time.Time { return c.began.Add(moment.Sub(c.began)) }

// now returns the clock's time.
func (c Clock) now() time.Time { return c.at(time.Now()) }

// maxDrift is by how much the clocks of two machines may drift apart, per second: each of
// them may be slewed by NTP by at most 500 parts per million.
const maxDrift = time.Millisecond

// journalClock is a node's clock, corrected by that of the journal. Its methods are safe for
// concurrent use, but for measure and deadline, which belong to the replica's goroutine.
type journalClock struct {
	node   Clock
	offset atomic.Int64 // of the journal's clock to the node's, in ns: the estimate that stamps use

	// The offset lies between low and high, as it was measured at a moment of the node's
	// clock; the zero moment means never. Only measure and deadline use these.
	low, high time.Duration
	measured  time.Time
}

// now returns the wall time, corrected by the journal's clock.
func (j *journalClock) now() time.Time { return j.node.now().Add(time.Duration(j.offset.Load())) }

// moment returns when, on the node's clock, the corrected wall time is at. Later corrections
// do not change a moment: who named the wall time has read the clock as it is corrected now.
func (j *journalClock) moment(at floor.Instant) time.Time {
	now := j.node.now()
	return now.Add(time.UnixMilli(int64(at)).Sub(j.wall(now)))
}

// wall returns the corrected wall time at a moment of the node's clock.
func (j *journalClock) wall(moment time.Time) time.Time {
	return moment.Add(time.Duration(j.offset.Load()))
}

// measure takes the time that the journal returned from a call that lasted from begun until
// ended, two results of time.Now. The journal read its clock somewhere in between, which
// bounds the offset. Bounds that agree with the earlier ones narrow them. If they do not, the
// journal's clock was set, and they replace them; a clock that was set by less than the bounds
// are wide is noticed only by a later, shorter call. The estimate that stamps use is corrected
// only by more than the call's own uncertainty, so that stamps do not wander.
func (j *journalClock) measure(clock, begun, ended time.Time) {
	if clock.IsZero() {
		return
	}
	low, high := clock.Sub(j.node.at(ended)), clock.Sub(j.node.at(begun))
	trip := high - low
	offset := low + trip/2
	if wrong := offset - time.Duration(j.offset.Load()); wrong.Abs() > trip+time.Millisecond && trip < time.Second {
		j.offset.Store(int64(offset))
	}
	ended = j.node.at(ended)
	drift := j.drift(ended)
	if l, h := max(low, j.low-drift), min(high, j.high+drift); !j.measured.IsZero() && l <= h {
		low, high = l, h
	}
	j.low, j.high, j.measured = low, high, ended
}

// drift returns by how much the offset may have changed since it was measured.
func (j *journalClock) drift(now time.Time) time.Duration {
	return time.Duration(now.Sub(j.measured).Seconds() * float64(maxDrift))
}

// deadline converts a moment of the node's clock to the journal's clock; now is the node's
// time. The error goes one way: the result is never later than the moment, and earlier by at
// most the uncertainty of the measured offset, which is a round trip to the journal or less,
// and 1 ms for each second since. If the journal's clock was set since it was measured, the
// result is off by as much, until a call returns the clock again. Before the first
// measurement, deadline returns an instant that has passed for sure, so that the journal
// stores nothing and returns its clock.
func (j *journalClock) deadline(moment, now time.Time) time.Time {
	if j.measured.IsZero() {
		return time.UnixMicro(1)
	}
	return moment.Add(j.low - j.drift(now))
}

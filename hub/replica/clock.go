package replica

import "time"

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

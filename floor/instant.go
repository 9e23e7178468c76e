package floor

// Instant is a time in milliseconds since 1970-01-01 UTC. Zero means "none".
type Instant int64

// Minute is one minute, in milliseconds.
const Minute Instant = 60_000

// Span is the time from Start up to, not including, End.
type Span struct {
	Start Instant `json:"start"`
	End   Instant `json:"end"`
}

// Length returns the length of the span in milliseconds.
func (s Span) Length() Instant { return s.End - s.Start }

// Shift returns the span moved by d milliseconds.
func (s Span) Shift(d Instant) Span { return Span{s.Start + d, s.End + d} }

// Contains reports whether t lies in the span.
func (s Span) Contains(t Instant) bool { return s.Start <= t && t < s.End }

// EventClock maps wall time to the event's own time: at the wall time Wall it was Event there, and
// since then it runs at Rate. The zero value is the wall clock itself. Demos and rehearsals set
// another clock to play a day at another time or speed.
type EventClock struct {
	Wall  Instant `json:"wall"`
	Event Instant `json:"event"`
	Rate  int     `json:"rate"` // event milliseconds per wall millisecond, 1 to 60; 0 is read as 1
}

// At returns the event's time at a wall time.
func (c EventClock) At(wall Instant) Instant {
	return c.Event + (wall-c.Wall)*Instant(max(c.Rate, 1))
}

// WallAt returns the wall time at which the event's clock shows event, rounded up to a whole
// millisecond.
func (c EventClock) WallAt(event Instant) Instant {
	rate := Instant(max(c.Rate, 1))
	return c.Wall + (event-c.Event+rate-1)/rate
}

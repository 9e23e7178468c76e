package floor

// Instant is a moment in milliseconds since 1970-01-01 UTC. Zero means "not".
type Instant int64

// Minute is the length of a minute in the unit of Instant.
const Minute Instant = 60_000

// Span is the time from Start up to, not including, End.
type Span struct {
	Start Instant `json:"start"`
	End   Instant `json:"end"`
}

// Length answers how long the span is, in milliseconds.
func (s Span) Length() Instant { return s.End - s.Start }

// Shift answers the span d milliseconds later.
func (s Span) Shift(d Instant) Span { return Span{s.Start + d, s.End + d} }

// Contains reports whether t lies in the span.
func (s Span) Contains(t Instant) bool { return s.Start <= t && t < s.End }

// EventClock maps the wall clock to the event's own: at the wall's instant Wall
// it was Event there, and it has run at Rate since. The zero value is the wall
// clock itself. Demos and rehearsals play a day with another one.
type EventClock struct {
	Wall  Instant `json:"wall"`
	Event Instant `json:"event"`
	Rate  int     `json:"rate"` // event milliseconds per wall millisecond, 1 to 60; 0 is read as 1
}

// At answers the event's time at a wall time.
func (c EventClock) At(wall Instant) Instant {
	return c.Event + (wall-c.Wall)*Instant(max(c.Rate, 1))
}

// WallAt answers the wall time at which the event's clock shows event, rounded
// up to a whole millisecond.
func (c EventClock) WallAt(event Instant) Instant {
	rate := Instant(max(c.Rate, 1))
	return c.Wall + (event-c.Event+rate-1)/rate
}

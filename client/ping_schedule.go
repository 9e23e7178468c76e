package client

import "time"

// The intervals of pings: docs/PROTOCOL.md, "ping, pong".
const (
	pingInterval         = 20 * time.Second
	hiddenPingInterval   = 60 * time.Second
	fetchingPingInterval = 5 * time.Second
	pongTimeout          = 4 * time.Second
)

// pingSchedule decides when to ping and how long to wait for the pong.
type pingSchedule struct {
	n       uint32    // of the last ping
	sentAt  time.Time // when the last ping was sent
	pongDue time.Time // zero: every ping was answered
	next    time.Time // when to ping again
}

// begin schedules the first ping.
func (p *pingSchedule) begin(now time.Time, hidden bool) {
	p.next = now.Add(pingInterval)
	if hidden {
		p.next = now.Add(hiddenPingInterval)
	}
}

// hurry schedules the next ping for a connection that fetches a snapshot.
func (p *pingSchedule) hurry(now time.Time) { p.next = now.Add(fetchingPingInterval) }

// ping notes that a ping is sent now and returns its number. An earlier ping that
// was not answered keeps its deadline.
func (p *pingSchedule) ping(now time.Time, fetching, hidden bool) (n uint32) {
	p.n++
	p.sentAt = now
	if p.pongDue.IsZero() {
		p.pongDue = now.Add(pongTimeout)
	}
	if p.begin(now, hidden); fetching {
		p.hurry(now)
	}
	return p.n
}

// isLast reports whether n is the number of the last ping.
func (p *pingSchedule) isLast(n uint32) bool { return n == p.n }

// pong notes the pong of the ping n.
func (p *pingSchedule) pong(n uint32, received time.Time) {
	switch {
	case p.isLast(n):
		p.pongDue = time.Time{}
	case !p.pongDue.IsZero(): // of an earlier ping; the last one must still be answered
		p.pongDue = received.Add(pongTimeout)
	}
}

// overdue reports whether a pong did not arrive in time.
func (p *pingSchedule) overdue(now time.Time) bool {
	return !p.pongDue.IsZero() && !now.Before(p.pongDue)
}

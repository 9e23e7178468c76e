package client

import (
	"time"

	"github.com/matchfloor/matchfloor/wire"
)

// The pauses of docs/PROTOCOL.md, "The usual pause" and "Close codes".
const (
	maxPause   = 15 * time.Second
	firstPause = 500 * time.Millisecond
	soon       = 2 * time.Second
	laterFrom  = 5 * time.Second
	laterTo    = 15 * time.Second
)

// jitter returns random numbers in [0, 1).
type jitter func() float64

// usualPause returns the pause after the n-th failure in a row, counted from 0: a
// random part of 0.5 s × 2ⁿ, at most of 15 s.
func (j jitter) usualPause(n int) time.Duration {
	most := maxPause
	if n < 5 { // 0.5 s × 2⁵ is more than maxPause
		most = firstPause << n
	}
	return time.Duration(j() * float64(most))
}

// backoff counts failed connections in a row and chooses the pause after each.
type backoff struct {
	jitter   jitter
	failures int
	last     wire.ReconnectPolicy
}

// pause returns how long to wait after a connection with this outcome.
func (b *backoff) pause(o outcome) time.Duration {
	if o.synced {
		b.failures = 0
	}
	repeated := o.policy == b.last
	b.last = o.policy
	switch o.policy {
	case wire.ComeNow, wire.ComeSignIn:
		if !repeated {
			return 0
		}
	case wire.ComeSoon:
		return time.Duration(b.jitter() * float64(soon))
	case wire.ComeLater:
		return max(o.retryAfter, laterFrom+time.Duration(b.jitter()*float64(laterTo-laterFrom)))
	}
	n := b.failures
	b.failures++
	return b.jitter.usualPause(n)
}

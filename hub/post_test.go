package hub_test

import (
	"time"
)

// TryWrite implements session.NonblockingTransport: one that stalls takes nothing at once, and
// every third frame is left to Write, so that both ways are gone in every test.
func (p *phone) TryWrite(frame []byte) (taken bool, err error) {
	p.mu.Lock()
	p.quick++
	wait := p.stall != nil || p.quick%3 == 0
	p.mu.Unlock()
	if wait {
		return false, nil
	}
	return true, p.Write(frame, time.Time{})
}

package hub

import (
	"context"
	"time"

	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/wire"
)

// sweepEvery is how often sessions are held against their times.
const sweepEvery = time.Second

// sweep closes sessions that are silent, stuck or signed out, and shows the others
// what has changed beside the log. It is one goroutine for all of them.
func (h *Hub) sweep() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-tick.C:
		}
		for _, f := range h.all() {
			head := f.history.HeadDelta()
			for _, s := range f.audience.everyone() {
				s.sweep(head, time.Now())
			}
		}
	}
}

// sweep holds one session against its times.
func (s *Session) sweep(head history.Delta, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.gone:
		return
	case s.ending != 0:
		if s.writing && now.Sub(s.endingAt) >= cutTime {
			s.outlet.Abort()
		}
		return
	case !s.greeted:
		if now.Sub(s.opened) >= helloTime {
			s.endLocked(wire.CloseSilent)
			s.startWriter()
		}
		return
	case now.Sub(s.heard) >= silentTime, s.flow.stuck(s.heard, now):
		s.endLocked(wire.CloseSilent)
		s.startWriter()
		return
	}
	if !s.judgeOn(head) || s.liveFrame() != s.shown {
		s.startWriter()
	}
}

// signal wakes whoever waits for the hub to empty.
func (h *Hub) signal() {
	select {
	case h.left <- struct{}{}:
	default:
	}
}

// await blocks until done or ctx's end. done is asked again whenever a session or
// a batch has ended; only one caller may wait at a time.
func (h *Hub) await(ctx context.Context, done func() bool) error {
	for !done() {
		select {
		case <-h.left:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (h *Hub) drain(ctx context.Context) error {
	h.draining.Store(true)
	for _, f := range h.all() {
		f.tellLive()
		for _, s := range f.audience.everyone() {
			s.look()
		}
	}
	if err := h.await(ctx, h.answered); err != nil {
		return err
	}
	for _, f := range h.all() {
		for _, s := range f.audience.everyone() {
			s.closeWith(wire.CloseRestart)
		}
	}
	return h.await(ctx, func() bool { return h.sessions.Load() == 0 })
}

// answered reports whether no command is under way.
func (h *Hub) answered() bool {
	for _, f := range h.all() {
		if f.queue.len() > 0 || f.busy.Load() {
			return false
		}
	}
	return true
}

func (h *Hub) close() error {
	h.draining.Store(true)
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	for _, f := range h.all() {
		for _, s := range f.audience.everyone() {
			s.breakOff(wire.CloseRestart)
		}
	}
	h.stop()
	h.post.close()
	h.owned.Wait()
	return nil
}

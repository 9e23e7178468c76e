package client

import (
	"time"

	"github.com/matchfloor/matchfloor/wire"
)

// The bounds of what is not acknowledged: docs/PROTOCOL.md, "ack". They stay below
// the server's window: a server with a full window waits for the ack, and must not
// have to wait for ackTimeout.
const (
	ackTimeout = 10 * time.Second
	ackFrames  = 4
	ackBytes   = wire.MaxUnackBytes / 2
)

// ackWindow counts the snapshots and patches that were not acknowledged yet.
type ackWindow struct {
	frames, bytes int
	due           time.Time // when to acknowledge at the latest; zero: nothing waits
}

func (w *ackWindow) add(bytes int) {
	w.frames++
	w.bytes += bytes
}

// full reports whether to acknowledge at once.
func (w *ackWindow) full() bool { return w.frames >= ackFrames || w.bytes >= ackBytes }

// schedule makes an ack due ackTimeout after received, unless one is due already.
func (w *ackWindow) schedule(received time.Time) {
	if w.due.IsZero() {
		w.due = received.Add(ackTimeout)
	}
}

func (w *ackWindow) isDue(now time.Time) bool { return !w.due.IsZero() && !now.Before(w.due) }

// reset notes that everything was acknowledged.
func (w *ackWindow) reset() { *w = ackWindow{} }

package session

import (
	"time"

	"github.com/matchfloor/matchfloor/wire"
)

// ackTimeout is how long a client may be silent while it has not acknowledged a frame.
const ackTimeout = 15 * time.Second

// ackWindow holds what a client has been sent and has not acknowledged. It bounds how
// many outdated frames pile up on the way to a client that is slow.
type ackWindow struct {
	frames   [wire.MaxUnackFrames]sentFrame // the first count of them, oldest first
	count    int
	bytes    int
	since    time.Time // when the oldest frame was sent since the window was last empty
	fetching bool      // a snapshot is being fetched: nothing is sent until it is acknowledged
}

// sentFrame is one frame that was not acknowledged.
type sentFrame struct {
	seq    uint64
	bytes  int
	notice bool // it may have brought a notice
}

// hasRoom reports whether another frame may be sent.
func (w *ackWindow) hasRoom() bool {
	return w.count < len(w.frames) && w.bytes < wire.MaxUnackBytes && !w.fetching
}

// add adds a frame. It must be called only while the window has room.
func (w *ackWindow) add(frame sentFrame, now time.Time) {
	if w.count == 0 {
		w.since = now
	}
	w.frames[w.count] = frame
	w.count++
	w.bytes += frame.bytes
}

// ack removes the frames up to seq. It returns the sequence number of the last one
// removed, or 0, and reports whether one of them may have brought a notice.
func (w *ackWindow) ack(seq uint64) (upTo uint64, notice bool) {
	n := 0
	for n < w.count && w.frames[n].seq <= seq {
		w.bytes -= w.frames[n].bytes
		upTo = w.frames[n].seq
		notice = notice || w.frames[n].notice
		n++
	}
	copy(w.frames[:], w.frames[n:w.count])
	w.count -= n
	return upTo, notice
}

// stalled reports whether a frame is not acknowledged, and the client, last seen at
// lastSeen, has been silent for too long.
func (w *ackWindow) stalled(lastSeen, now time.Time) bool {
	since := w.since
	if lastSeen.After(since) {
		since = lastSeen
	}
	return w.count > 0 && now.Sub(since) >= ackTimeout
}

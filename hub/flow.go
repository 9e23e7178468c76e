package hub

import (
	"time"

	"github.com/matchfloor/matchfloor/wire"
)

// The patience with a client.
const (
	helloTime  = 10 * time.Second // from the connection to hello
	ackTime    = 15 * time.Second // of silence with frames outstanding
	silentTime = 90 * time.Second // of silence
	cutTime    = time.Second      // for the writer to end, once the session is to be closed
)

// flow is what a client has been sent and has not acknowledged, so that stale
// frames do not pile up between here and a phone that cannot take them.
type flow struct {
	outstanding [wire.MaxUnackFrames]sent // the first count of them, oldest first
	count       int
	bytes       int
	since       time.Time // when the oldest of an unbroken row was sent
	fetching    bool      // a snapshot is being fetched: nothing is sent until that is acknowledged
}

// sent is one frame outstanding.
type sent struct {
	seq    uint64
	bytes  int
	notice bool // it may have brought a notice
}

// open reports whether another frame may be sent.
func (f *flow) open() bool {
	return f.count < len(f.outstanding) && f.bytes < wire.MaxUnackBytes && !f.fetching
}

// add notes a frame; it is called only while open.
func (f *flow) add(frame sent, now time.Time) {
	if f.count == 0 {
		f.since = now
	}
	f.outstanding[f.count] = frame
	f.count++
	f.bytes += frame.bytes
}

// ack takes what the client has applied, and answers up to where that is known, 0
// where nothing new is, and whether some of it may have been a notice.
func (f *flow) ack(seq uint64) (upTo uint64, notice bool) {
	n := 0
	for n < f.count && f.outstanding[n].seq <= seq {
		f.bytes -= f.outstanding[n].bytes
		upTo = f.outstanding[n].seq
		notice = notice || f.outstanding[n].notice
		n++
	}
	copy(f.outstanding[:], f.outstanding[n:f.count])
	f.count -= n
	return upTo, notice
}

// stuck reports whether frames are outstanding and the client, last heard of at
// heard, has been silent for too long.
func (f *flow) stuck(heard, now time.Time) bool {
	since := f.since
	if heard.After(since) {
		since = heard
	}
	return f.count > 0 && now.Sub(since) >= ackTime
}

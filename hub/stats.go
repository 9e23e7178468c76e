package hub

import (
	"sync/atomic"
	"time"

	"github.com/matchfloor/matchfloor/wire"
)

// counters are the node's, since its start.
type counters struct {
	accepted, repeated, refused, unavailable atomic.Uint64
	batches, conflicts, unknowns, outages    atomic.Uint64
	records, lineages                        atomic.Uint64
	givenBack, lost                          atomic.Uint64
	appends, appendNanos                     atomic.Uint64
	frames, frameBytes, writeErrors          atomic.Uint64
	patchesEncoded, snapshotsEncoded         atomic.Uint64
	snapshotsPut, beaconErrors               atomic.Uint64
	silent, rotated, tooMany, restarted      atomic.Uint64
}

// Stats is what a node has done since its start, and how it stands.
type Stats struct {
	Sessions int           // connected now
	Events   int           // logs open now, the instance's included
	Waiting  int           // commands in queues now
	Away     int           // open logs whose journal does not answer now
	AwayFor  time.Duration // since when, of the one that has been away for longest; 0: none is
	Reached  bool          // the journal has answered this node once
	Broken   int           // open logs that this version cannot fold any further

	Accepted    uint64 // commands made durable here
	Repeated    uint64 // commands answered with their original result
	Refused     uint64 // commands refused for good
	Unavailable uint64 // commands refused for now: journal away, busy, draining

	Batches    uint64        // decided
	Conflicts  uint64        // batches decided again because the log had moved
	Unknowns   uint64        // appends without an answer, sent again
	Outages    uint64        // times that the journal was noticed to be away, by log
	Lineages   uint64        // times that a log was found to be another
	GivenBack  uint64        // records that a log had lost and this node appended again
	Lost       uint64        // commands that this node held and a log had lost for good
	Records    uint64        // folded in, own and others'
	Appends    uint64        // calls
	AppendTime time.Duration // that they took together

	Frames           uint64 // sent
	FrameBytes       uint64
	PatchesEncoded   uint64 // made; the others were shared
	SnapshotsEncoded uint64
	SnapshotsPut     uint64 // folded states stored
	WriteErrors      uint64
	BeaconErrors     uint64

	ClosedSilent  uint64 // 4000
	ClosedOver    uint64 // 4102
	ClosedTooMany uint64 // 4001
	ClosedRestart uint64 // 1012
}

func (c *counters) countRefusal(code wire.Code) {
	if wire.Retry(code) {
		c.unavailable.Add(1)
	} else {
		c.refused.Add(1)
	}
}

func (c *counters) sent(bytes int) {
	c.frames.Add(1)
	c.frameBytes.Add(uint64(bytes))
}

func (c *counters) appended(took time.Duration) {
	c.appends.Add(1)
	c.appendNanos.Add(uint64(took))
}

func (c *counters) countClose(code wire.CloseCode) {
	switch code {
	case wire.CloseSilent:
		c.silent.Add(1)
	case wire.CloseSessionOver:
		c.rotated.Add(1)
	case wire.CloseTooMany:
		c.tooMany.Add(1)
	case wire.CloseRestart:
		c.restarted.Add(1)
	}
}

func (h *Hub) stats() Stats {
	c := &h.counters
	s := Stats{
		Sessions: int(h.sessions.Load()),
		Accepted: c.accepted.Load(), Repeated: c.repeated.Load(), Refused: c.refused.Load(), Unavailable: c.unavailable.Load(),
		Batches: c.batches.Load(), Conflicts: c.conflicts.Load(), Unknowns: c.unknowns.Load(), Outages: c.outages.Load(),
		Lineages: c.lineages.Load(), Records: c.records.Load(),
		GivenBack: c.givenBack.Load(), Lost: c.lost.Load(),
		Appends: c.appends.Load(), AppendTime: time.Duration(c.appendNanos.Load()),
		Frames: c.frames.Load(), FrameBytes: c.frameBytes.Load(), WriteErrors: c.writeErrors.Load(),
		PatchesEncoded: c.patchesEncoded.Load(), SnapshotsEncoded: c.snapshotsEncoded.Load(),
		SnapshotsPut: c.snapshotsPut.Load(), BeaconErrors: c.beaconErrors.Load(),
		ClosedSilent: c.silent.Load(), ClosedOver: c.rotated.Load(), ClosedTooMany: c.tooMany.Load(), ClosedRestart: c.restarted.Load(),
	}
	s.Reached = h.reached.Load()
	for _, f := range h.all() {
		s.Events++
		s.Waiting += f.queue.len()
		switch since := f.away.Load(); {
		case f.broken.Load() != nil: // which its screens are told as if the journal were away
			s.Broken++
		case since != 0:
			s.Away++
			s.AwayFor = max(s.AwayFor, f.now().Sub(time.UnixMilli(since)))
		}
	}
	return s
}

package session

import (
	"sync/atomic"

	"github.com/matchfloor/matchfloor/wire"
)

// Counters count what the sessions of a node have done since its start.
type Counters struct {
	Frames, FrameBytes, WriteErrors                           atomic.Uint64
	Patches, FullViews                                        atomic.Uint64
	ClosedSilent, ClosedOver, ClosedTooMany, ClosedForRestart atomic.Uint64
}

func (c *Counters) countFrame(bytes int) {
	c.Frames.Add(1)
	c.FrameBytes.Add(uint64(bytes))
}

func (c *Counters) countClose(code wire.CloseCode) {
	switch code {
	case wire.CloseSilent:
		c.ClosedSilent.Add(1)
	case wire.CloseSessionOver:
		c.ClosedOver.Add(1)
	case wire.CloseTooMany:
		c.ClosedTooMany.Add(1)
	case wire.CloseRestart:
		c.ClosedForRestart.Add(1)
	}
}

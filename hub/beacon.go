package hub

import (
	"context"
	"time"

	"matchfloor/journal"
)

// Beacon tells nodes what each of them knows of who is connected: bytes in, bytes
// out. It is never the truth of anything, and losing it loses nothing but counts.
// Its methods are safe for concurrent use and end with ctx.
type Beacon interface {
	// Tell replaces what node says of log, for at most ttl.
	Tell(ctx context.Context, log journal.LogID, node string, said []byte, ttl time.Duration) error
	// Hear answers what every node said of log and has not expired, by node. It may
	// leave out what the asking node said.
	Hear(ctx context.Context, log journal.LogID) (map[string][]byte, error)
}

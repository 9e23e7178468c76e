package wire

import "github.com/matchfloor/matchfloor/floor"

// The limits of a connection, in bytes unless the comment names another unit.
const (
	MaxFrame       = 32 << 10 // a frame from a client
	MaxCommand     = 16 << 10 // a command in a POST; an import has its own limit
	MaxUnackFrames = 8        // patches and snapshots sent and not acknowledged
	MaxUnackBytes  = 32 << 10
	InlineSnapshot = 64 << 10 // a larger snapshot is fetched by GET
	MaxDepth       = 16       // levels of nested JSON from a client
)

// The limits of the values in a command.
const (
	MaxInteger  = 1<<53 - 1          // the largest number, so that JavaScript reads it exactly
	MaxAfter    = 32                 // ids in after
	MaxNotices  = 100                // ids in seen
	MaxDismiss  = floor.MaxDismissed // ids in dismissLost
	MaxTold     = floor.MaxTold      // people in markTold
	MaxSentence = floor.MaxText      // characters of an announcement, in each language
	MaxReason   = floor.MaxReason    // characters of a reason
	MaxSkill    = floor.MaxSkill     // characters of a skill
)

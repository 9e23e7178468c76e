package session

import (
	"bytes"
	"slices"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

// statusEvery bounds status frames: at most one a session in this time.
const statusEvery = time.Second

// statusFrames are the status frames of one log as they are now.
type statusFrames struct {
	moderators, others *statusFrame
}

// statusFrame is shared by all clients that are sent the same. A client has been sent
// the current status if the pointer is the one that it was sent last.
type statusFrame struct{ bytes []byte }

// updated returns f if its bytes are the given ones, and otherwise a new frame.
func (f *statusFrame) updated(frame []byte) *statusFrame {
	if bytes.Equal(f.bytes, frame) {
		return f
	}
	return &statusFrame{bytes: frame}
}

// of returns the frame for a client that watches the given subjects.
func (f *statusFrames) of(subjects []floor.Subject) *statusFrame {
	if slices.Contains(subjects, floor.Moderator) {
		return f.moderators
	}
	return f.others
}

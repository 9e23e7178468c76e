package session

import (
	"time"

	"github.com/matchfloor/matchfloor/wire"
)

// Transport is a connection to one client. The session calls Write and Close from one
// goroutine at a time, which exists only while there is something to send: never two
// at once, and nothing after Close.
type Transport interface {
	// Write sends one frame as a text message. It blocks until the transport has taken
	// the frame or the deadline has passed. After an error the session sends nothing
	// more. The frame is shared with other sessions: it must not be changed, or kept
	// after the return.
	Write(frame []byte, deadline time.Time) error
	// Close ends the connection with a close code and returns soon. It is called once,
	// unless the connection has ended by itself before (see Session.Detach).
	Close(code wire.CloseCode)
	// Abort makes a Write that blocks return an error soon. It may be called
	// concurrently with Write, at any time, more than once, and must not block.
	Abort()
}

// NonblockingTransport is a Transport that can also write without waiting. A client
// that takes its frames then needs no goroutine.
type NonblockingTransport interface {
	Transport
	// TryWrite begins to write a frame and never waits. If the transport did not take
	// all of it, taken is false, and the next call is Write with the same frame, which
	// must complete what was begun. An error has the same meaning as one of Write. The
	// frame is shared: it must not be changed or kept.
	TryWrite(frame []byte) (taken bool, err error)
}

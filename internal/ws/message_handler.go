package ws

// A MessageHandler receives what a connection reads. The reading goroutine calls it, so calls
// never overlap. A payload is valid until the method returns.
type MessageHandler interface {
	// Message receives a message. opcode is websocket.TextMessage or
	// websocket.BinaryMessage. A text is valid UTF-8: another is closed with 1007.
	// Message may block; only this connection waits.
	Message(opcode int, payload []byte)
	// ShortText receives a text of at most 125 bytes that begins with
	// Config.ShortPrefix, if it arrived in one piece. Message receives it otherwise. The
	// poller calls ShortText, so it must not block: all other connections would wait.
	ShortText(payload []byte)
	// AllowControl reports whether the client may send one more ping or pong now. If
	// not, the connection is closed with Config.CloseTooMany.
	AllowControl() bool
	// Ended is called once, when nothing more is read. The connection may stay open for
	// a few seconds, so that the client can read a close frame.
	Ended()
	// Closed is called once, after Ended, when the descriptor is closed.
	Closed()
}

// Config holds what the connections of a Poller have in common.
type Config struct {
	MaxMessage  int    // largest payload of a message in bytes; a longer one is closed with 1009
	ShortPrefix string // beginning of the texts that MessageHandler.ShortText receives; empty: none

	CloseTooMany int // close code for too many control frames, or a message of too many fragments
	CloseSilent  int // close code for a message that does not arrive in time

	// PollerFailed is called when the poller does not work on this system, or has failed.
	// From then on a goroutine waits for each connection, and none is lost. It is called
	// once at most, and must not call the Poller. nil: not called.
	PollerFailed func(error)
}

// Package session serves the clients of a log: it keeps each client's view in step with the newest
// version, takes its commands, and closes sessions that are silent, stalled or signed out.
//
// There is no queue per connection. A [Session] holds only a position in the log and a few marks.
// What it has to send follows from these and from the newest version; a client that was slow or
// away is sent one frame with the difference. The package knows no sockets: see [Transport]. What
// the sessions on one log share is an [Event].
//
// A session has no goroutine of its own. The transport's reader calls it with the client's frames,
// the replica's goroutine notifies it, and one writer at a time sends what is due: a goroutine of
// the [WriterPool], or one that exists only while the client does not take its frames at once.
//
// Lock order: Session.mu comes first. While it is held, one of these may be taken:
// subscriptions.mu, WriterPool.mu, the locks of packages history, presence and replica, or the lock
// of the cache of frames, but not two of them. Event.statusMu comes before the lock of the presence
// tracker. No lock is held while a frame is encoded or written, or the transport is closed.
package session

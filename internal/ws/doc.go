// Package ws is the server's side of WebSocket (RFC 6455) for many connections that are idle most
// of the time. It upgrades a request, reads and writes frames, and waits for idle connections with
// epoll. It knows nothing of what the messages mean: a [MessageHandler] receives them. Extensions,
// and so compression, are not supported.
//
// # Goroutines
//
// The poller is one goroutine for all connections of a [Poller] that are TCP without TLS, on Linux.
// It exists while there are such connections. It waits for epoll, and reads once from each
// connection that has input. It passes on short texts itself ([MessageHandler].ShortText), because
// starting a goroutine costs more than most of them. It never blocks on a connection.
//
// A reader is one goroutine for one connection. The poller starts it for all other input: a longer
// message, an incomplete frame, a control frame, the end. It blocks until the frame that has begun
// is complete, calls the handler, and ends when the connection is idle again. Without a poller
// (TLS, other systems, or when epoll does not work) a reader waits for each idle connection. A new
// Poller is checked before it is used, on a goroutine that ends with the check. A connection never
// has two readers: the reading side belongs to the goroutine that reads, or to the poller while the
// connection is parked, and [Poller] hands it over under its lock.
//
// Writers are the caller's goroutines; only one may write to a connection at a time. It first uses
// TryWrite, which never blocks, and then, for what the kernel did not take, Write, which blocks up
// to a deadline. The reader writes answers to pings and close frames; Close writes its frame on the
// goroutine that calls it. A goroutine of this package writes only the rest of an answer to a ping
// that the kernel did not take, and ends the connection if the client does not read for five
// seconds. No connection has a queue: while a write waits for the client, pings get no answer.
//
// # End of a connection
//
// Reading ends a connection: the goroutine that gets an error calls [MessageHandler].Ended, gives
// the peer a few seconds to read the close frame, if it was sent one for this error, closes the
// descriptor and calls [MessageHandler].Closed. Close and Abort do none of this themselves; they
// make reading end: Close sends a close frame and limits the time that reading may still take;
// Abort shuts the connection down, so that reading fails. Only the type rawConn closes a
// descriptor.
//
// # Locks
//
// There are three. A goroutine that holds one may take only those to its right:
//
//	frameWriter.mu → rawConn.fdMu
//	Poller.mu
//
// frameWriter.mu is held during a write, which may block up to its deadline. Only goroutines that
// serve no other connection may wait for it: TryWrite, which a few goroutines call for all
// connections, does not. rawConn.fdMu is held for one system call that does not block; Abort takes
// no other lock, so that it can interrupt a write. Poller.mu is held for epoll_ctl calls and never
// while a connection is read, written or closed. No lock is held while a handler is called, so a
// handler may write to, close or abort its connection.
package ws

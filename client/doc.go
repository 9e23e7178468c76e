// Package client is the Go SDK of matchfloor. It follows one event live and gives commands to it,
// over the protocol of docs/PROTOCOL.md.
//
//	c, err := client.Dial(ctx, "https://host/moderator#demo.moderator-s1.…", client.Options{})
//	if err != nil {
//		return err
//	}
//	defer c.Close()
//	done, err := c.Do(ctx, wire.Command{Base: c.Base(), Body: floor.MoveMeeting{Meeting: "m017", Table: "T07"}})
//	if err != nil {
//		return err
//	}
//	err = c.Wait(ctx, done.Seq) // now the view shows the move
//	meeting, ok := client.Get[floor.MeetingCard](c.View(), "meeting/m017")
//
// # Lifecycle
//
// A [Client] belongs to one link and one event. [Dial] exchanges the link for a bearer token,
// connects, and returns after the first snapshot or patch has been applied. From then on two
// goroutines keep the view up to date over as many connections as it takes, and a third runs while
// a large snapshot is fetched. They end with [Client.Close], or when the server refuses the client
// for good: then [Client.Done] is closed and [Client.Err] returns a [*ClosedError].
//
// The live connection is a WebSocket. Where none comes through, [TransportAuto] falls back to
// Server-Sent Events and then to long polls, and tries the WebSocket again every five minutes.
//
// # What blocks
//
// Dial, Do, Wait, WaitFor and Sync block until they have a result, their context ends or the client
// ends. Close blocks until the goroutines have ended. All other methods return at once. The
// function of Read, the condition of WaitFor, Options.Observe and Options.OnlineChanged run under
// the client's lock: frames wait for them, and they must not call the client.
//
// # What is retried
//
// A broken connection is made again, after the pauses of docs/PROTOCOL.md, "Coming back"; the
// token is renewed every hour. One that is no longer valid is replaced by signing in again, which
// discards the view. A command is sent again until the server answers it, always with the same ID,
// so the server applies it at most once. A refusal for which [wire.Retry] reports true, such as an
// unreachable journal, is retried in the same way. All other refusals are returned by Do as a
// [*wire.Rejected] and are final. If the caller's context or the client ends before the answer, Do
// returns an [*UnknownOutcomeError], unless the command was never sent.
//
// # Ordering
//
// Frames are applied in the order of their positions, and Options.Observe sees each of them once.
// The commands of one client are sent in the order of the calls of Do, each after the answer to the
// one before. The answer to a command may arrive before the frame that shows its effect: call Wait
// with the sequence of the answer before reading the view.
//
// # Resumption
//
// After a reconnect the client tells the server the position of its view and receives only what has
// changed since, or a new snapshot if the server no longer has the changes. [Client.Save] returns
// the view for the same purpose: given to a later client as Options.Saved, it spares the first
// snapshot.
//
// # Programs to copy
//
// examples/follow-event prints an event's changes, and examples/give-command gives one command and
// handles each result. To copy one into another module while this one is not published, require
// this one and point to a copy of it:
//
//	go mod edit -require=github.com/matchfloor/matchfloor@v0.0.0
//	go mod edit -replace=github.com/matchfloor/matchfloor=../matchfloor
//	go mod tidy
package client

// Locks: state, outbox, barriers, fallbackConn and renewer each have one. No goroutine holds two of
// them. The observers and the conditions of WaitFor run with that of state held.

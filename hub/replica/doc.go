// Package replica holds one event's log as this node knows it: it applies the
// records of all nodes in their order, decides commands on the newest state, and
// appends what it decides.
//
// A [Replica] has one goroutine, Run, which alone moves the state forward. Its parts
// are used from this goroutine only:
//
//	batches     takes commands from the queue and decides them, batch by batch
//	decider     makes a proposal of a batch
//	committer   appends a proposal and completes its commands
//	follower    applies and publishes what is in the log
//	loader      reads a log from a snapshot or from its start
//	recovery    deals with a log whose history has diverged
//	snapshots   stores a snapshot now and then
//	deadlines   finds out what has fallen due
//
// What all parts share is in core; other goroutines use only that, through the
// methods of Replica. Readers use the published versions, which never change: see
// [history.History].
//
// The package has two locks, those of the command queue and of the hints. Nothing
// else is locked, called or sent while one of them is held.
package replica

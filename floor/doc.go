// Package floor is matchfloor's domain: the state of one event's floor, the commands that people
// give, the changes that commands make, and what each audience may see of the result.
//
// Everything here is a value or a pure function. [State] is immutable and shares structure between
// versions, so keeping an old state or making two from one costs little. [Decide] turns a command
// into changes or an [Error]; [State.Apply] applies a [Record] of changes and returns the next
// state; [State.Card] and [State.View] show a state to an audience; [State.Due] lists what has
// fallen due. Nothing in this package reads a clock, a network, a file or a random source, and
// nothing starts a goroutine: the same inputs give the same outputs on every node and in every
// later version.
//
// A command goes through the package as follows. Decide checks the sender's right (rights.go), then
// the command's own rules (decide_*.go) against a transaction: a state to which the command's
// changes are applied one by one (changes_*.go), so that a later rule sees the earlier changes. The
// transaction notes which things were affected, each named by a [Ref]. From them follow the cards
// that may differ ([Affected]), the revisions that later commands are checked against, and the
// entry in the command history that an undo needs.
package floor

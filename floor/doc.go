// Package floor is matchfloor's domain: the state of one event's floor, the
// commands that people give, the changes that these make, and what each
// audience may see of the result.
//
// Everything here is a value or a pure function. [State] is immutable and shares
// structure between versions, so forks and old states are free. [Decide] turns a
// command into changes or an [Error]; [State.Apply] folds a [Record] of changes
// into the next state; [State.Card] and [State.View] show a state to an audience;
// [State.Due] lists what time has brought about. Nothing in this package reads a
// clock, a network, a file or a random source, and nothing starts a goroutine:
// the same inputs give the same outputs on every node, for ever.
package floor

// Package presence tracks who is connected to the nodes of one event, and which notices have
// reached a client.
//
// A [Tracker] counts the connections of this node and merges in what the other nodes say through a
// [Store]; an [Exchange] does the talking. [Receipts] collects acknowledgements and turns them into
// records of bounded size and rate. Neither holds anything that cannot be lost: counts are gathered
// again, and clients repeat their acknowledgements.
//
// The package has two locks, Tracker.mu and Receipts.mu. They are never held at the same time. A
// session may hold its own lock when it takes either of them.
package presence

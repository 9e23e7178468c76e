package replica

import (
	"sync/atomic"
	"time"
)

// A journal that answers may still take no record: it is out of memory, or too few replicas
// are connected. One refused append may be chance. From the second one in a row on, the log
// counts as unavailable although it can be read, until an append is taken or nobody has tried
// for refusedAppendsKept.
const (
	refusedAppendsHold = 2                // this many in a row
	tryAppendEvery     = time.Second      // how often one batch is tried meanwhile
	refusedAppendsKept = 10 * time.Second // how long a refusal counts
)

// refusedAppends counts the appends in a row that the journal has refused. Only add and forget
// belong to the replica's goroutine; the others are safe for concurrent use.
type refusedAppends struct{ last atomic.Pointer[refusedAppend] }

type refusedAppend struct {
	n  int // in a row
	at time.Time
}

// add counts one more.
func (r *refusedAppends) add() {
	n := 1
	if last := r.last.Load(); last != nil && time.Since(last.at) < refusedAppendsKept {
		n = last.n + 1
	}
	r.last.Store(&refusedAppend{n, time.Now()})
}

// forget reports whether there was one, and counts from 0 again.
func (r *refusedAppends) forget() bool { return r.last.Load() != nil && r.last.Swap(nil) != nil }

// hold reports whether the log counts as unavailable because of them.
func (r *refusedAppends) hold() bool { return r.last.Load().holds() }

// mayTry reports whether hold holds and it is time to try an append again.
func (r *refusedAppends) mayTry() bool {
	last := r.last.Load()
	return last.holds() && time.Since(last.at) >= tryAppendEvery
}

func (a *refusedAppend) holds() bool {
	return a != nil && a.n >= refusedAppendsHold && time.Since(a.at) < refusedAppendsKept
}

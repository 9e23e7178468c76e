package client

import (
	"sync"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// barriers are the calls of Sync that wait for a pong.
type barriers struct {
	wakeup wakeup

	mu   sync.Mutex // guards the fields below and n of every barrier
	open map[*barrier]struct{}
}

// barrier is one call of Sync.
type barrier struct {
	n        uint32                // of the ping that asks for it on this connection; 0: none yet
	position chan journal.Position // has room for the answer
}

func newBarriers(w wakeup) *barriers {
	return &barriers{wakeup: w, open: make(map[*barrier]struct{})}
}

// add registers a barrier. The caller must pass it to remove if it stops waiting.
func (b *barriers) add() *barrier {
	one := &barrier{position: make(chan journal.Position, 1)}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open[one] = struct{}{}
	b.wakeup.wake()
	return one
}

func (b *barriers) remove(one *barrier) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.open, one)
}

// needPing reports whether a barrier waits for which no ping was sent.
func (b *barriers) needPing() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for one := range b.open {
		if one.n == 0 {
			return true
		}
	}
	return false
}

// assign lets the ping n ask for every barrier that has none.
func (b *barriers) assign(n uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for one := range b.open {
		if one.n == 0 {
			one.n = n
		}
	}
}

// beginConnection makes every barrier need a ping again.
func (b *barriers) beginConnection() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for one := range b.open {
		one.n = 0
	}
}

// complete gives the pong's position to the barriers that it answers: those of its
// ping and of earlier ones.
func (b *barriers) complete(pong *wire.Pong) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for one := range b.open {
		if one.n != 0 && one.n <= pong.N {
			one.position <- pong.At
			delete(b.open, one)
		}
	}
}

// reached reports whether a view at v is at p or past it. The epochs are compared
// first, since a restored log continues at lower sequences.
func reached(v, p journal.Position) bool {
	switch {
	case v.Epoch != p.Epoch:
		return v.Epoch > p.Epoch
	case v.Seq == p.Seq:
		return v.Hash == p.Hash
	}
	return v.Seq > p.Seq
}

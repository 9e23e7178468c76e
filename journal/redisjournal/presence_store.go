package redisjournal

import (
	"context"
	_ "embed" // for the scripts
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/matchfloor/matchfloor/journal"
)

//go:embed presence_put.lua
var tellLua string

//go:embed presence_get.lua
var hearLua string

var (
	tellScript = redis.NewScript(tellLua)
	hearScript = redis.NewScript(hearLua)
)

// The bounds of a beacon.
const (
	MaxSaid  = 1 << 20 // bytes that one node may say of one log
	maxHeard = 8 << 20 // bytes that Hear answers together; nodes beyond that are left out
	maxNodes = 256     // nodes of one log at a time
	maxNode  = 128     // bytes of a node's name
)

// The errors of a beacon, beside those of the journal. Compare with errors.Is.
var (
	ErrTooMuch  = errors.New("redisjournal: a node's name or what it says is too large")
	ErrTooMany  = errors.New("redisjournal: too many nodes tell of one log")
	errNoExpiry = errors.New("redisjournal: what a node says has to expire")
)

// PresenceStore carries what nodes say of a log to each other through Redis, beside the
// log and under its hash tag. It is kept in memory only: Redis neither logs nor
// replicates it, so telling costs no sync, and what is lost by a restart or a
// failover comes back with everybody's next Tell. It starts no goroutine and asks
// for nothing of its own accord: a log that nobody tells of costs nothing.
//
// Its methods are safe for concurrent use and end with ctx.
type PresenceStore struct {
	journal *Journal
	node    atomic.Pointer[string] // who told last, and need not hear itself
}

// PresenceStore answers the beacon on the journal's connections, which ends with Close.
func (j *Journal) PresenceStore() *PresenceStore {
	b := &PresenceStore{journal: j}
	b.node.Store(new(string))
	return b
}

// Put replaces what node says of log, for at most ttl, in steps of a
// millisecond. The error is ErrTooMuch for a name of more than 128 bytes or
// none, or for more than MaxSaid bytes; ErrTooMany where 256 others are there;
// otherwise as for a read of the journal. The beacon keeps nothing of said.
func (b *PresenceStore) Put(ctx context.Context, log journal.LogID, node string, said []byte, ttl time.Duration) error {
	switch {
	case !log.Valid():
		return log.Check()
	case node == "" || len(node) > maxNode || len(said) > MaxSaid:
		return fmt.Errorf("%w: %d and %d bytes", ErrTooMuch, len(node), len(said))
	case ttl < time.Millisecond:
		return errNoExpiry
	}
	if *b.node.Load() != node {
		b.node.Store(&node)
	}
	told, err := b.ask(ctx, tellScript, log, node, said, ttl.Milliseconds(), maxNodes)
	if err == nil && len(told) == 0 {
		err = ErrTooMany
	}
	return err
}

// List answers what every node but the one that told through this Beacon said of
// log and has not expired, by node: at most 255 nodes, 8 MiB together. The map
// and its values are the caller's.
func (b *PresenceStore) List(ctx context.Context, log journal.LogID) (map[string][]byte, error) {
	if err := log.Check(); err != nil {
		return nil, err
	}
	values, err := b.ask(ctx, hearScript, log, *b.node.Load(), maxHeard)
	if err != nil {
		return nil, err
	}
	heard := make(map[string][]byte, len(values)/2)
	f := fields{values: values}
	for len(f.values) > 0 && !f.broken {
		node := f.text()
		heard[node] = []byte(f.text())
	}
	return heard, nil
}

func (b *PresenceStore) ask(ctx context.Context, lua *redis.Script, log journal.LogID, args ...any) ([]any, error) {
	answer, err := b.journal.run(ctx, script{lua, b.journal.keys(log, "here", "said"), args}, nil)
	if err != nil {
		return nil, unwritten(sorted(log, err))
	}
	return answer, nil
}

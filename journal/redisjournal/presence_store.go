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
var presencePutLua string

//go:embed presence_get.lua
var presenceGetLua string

var (
	presencePutScript = redis.NewScript(presencePutLua)
	presenceGetScript = redis.NewScript(presenceGetLua)
)

// The limits of presence.
const (
	MaxPresence  = 1 << 20 // bytes of one node's presence on one log
	maxListBytes = 8 << 20 // bytes that List returns together; it leaves out the nodes beyond that
	maxNodes     = 256     // nodes of one log at a time
	maxNodeName  = 128     // bytes of a node's name
)

// The errors of a PresenceStore, in addition to those of the journal. Compare with errors.Is.
var (
	ErrTooLarge     = errors.New("redisjournal: a node's name or its presence is too large")
	ErrTooManyNodes = errors.New("redisjournal: too many nodes have presence on one log")
	errNoExpiry     = errors.New("redisjournal: presence must expire")
)

// PresenceStore exchanges presence between nodes: each node puts some bytes for a log, and lists
// those of the others. The bytes are in Redis under the hash tag of the log, in memory only:
// Redis neither writes them to its append-only file nor replicates them. So Put needs no sync,
// and what a restart or a failover loses comes back with the next Put of each node.
//
// It starts no goroutine and calls Redis only in its methods, which are safe for concurrent use
// and end with ctx.
type PresenceStore struct {
	journal *Journal
	node    atomic.Pointer[string] // of the last Put; List leaves it out
}

// Put replaces the presence of node on log. It expires after ttl, which is rounded down to
// milliseconds and must be at least one. The error wraps ErrTooLarge if the name is empty or
// longer than 128 bytes, or the presence is longer than MaxPresence; it is ErrTooManyNodes if
// 256 other nodes are there; other errors are those of a read of the journal. The caller may
// change presence afterwards.
func (p *PresenceStore) Put(ctx context.Context, log journal.LogID, node string, presence []byte, ttl time.Duration) error {
	switch {
	case !log.Valid():
		return log.Check()
	case node == "" || len(node) > maxNodeName || len(presence) > MaxPresence:
		return fmt.Errorf("%w: %d and %d bytes", ErrTooLarge, len(node), len(presence))
	case ttl < time.Millisecond:
		return errNoExpiry
	}
	if *p.node.Load() != node {
		p.node.Store(&node)
	}
	answer, err := p.call(ctx, presencePutScript, log, node, presence, ttl.Milliseconds(), maxNodes)
	if err == nil && len(answer) == 0 {
		err = ErrTooManyNodes
	}
	return err
}

// List returns the presence of every node on log that has not expired, by node, but not that of
// the node of the last Put through this store: at most 255 nodes and 8 MiB together. The map
// and its values are the caller's.
func (p *PresenceStore) List(ctx context.Context, log journal.LogID) (map[string][]byte, error) {
	if err := log.Check(); err != nil {
		return nil, err
	}
	values, err := p.call(ctx, presenceGetScript, log, *p.node.Load(), maxListBytes)
	if err != nil {
		return nil, err
	}
	list := make(map[string][]byte, len(values)/2)
	f := fields{values: values}
	for len(f.values) > 0 && !f.broken {
		node := f.text()
		list[node] = []byte(f.text())
	}
	return list, nil
}

func (p *PresenceStore) call(ctx context.Context, lua *redis.Script, log journal.LogID, args ...any) ([]any, error) {
	answer, err := p.journal.router.run(ctx, script{lua, p.journal.keys(log, "here", "said"), args}, nil)
	if err != nil {
		return nil, readError(contractError(log, err))
	}
	return answer, nil
}

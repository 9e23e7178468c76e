package redisjournal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/matchfloor/matchfloor/journal"
)

// A cluster's client would follow redirections, but would also send a script
// again after a broken connection, and has no connection to wait on. So scripts
// find their way here: nothing is sent twice unless Redis said that it did not
// run it.

// maxHops bounds how often a cluster may send us elsewhere for one call.
const maxHops = 5

// script is one Lua script with its arguments, for the node of its keys.
type script struct {
	*redis.Script
	keys []string
	args []any
}

// on runs the script on one connection; asking says that the connection's node
// has been named by ASK. EVAL follows EVALSHA only where the script was not there.
func (s script) on(ctx context.Context, c redis.Cmdable, asking bool) ([]any, error) {
	if !asking {
		return s.Run(ctx, c, s.keys, s.args...).Slice()
	}
	pipe := c.Pipeline()
	asked := pipe.Do(ctx, "asking")
	answer := s.Eval(ctx, pipe, s.keys, s.args...)
	if _, err := pipe.Exec(ctx); asked.Err() != nil {
		return nil, err
	}
	return answer.Slice()
}

// run finds the node of the script's keys, runs the script there, and hands the
// answer to then, if there is any, with the connection that ran it.
func (j *Journal) run(ctx context.Context, s script, then func(context.Context, *redis.Conn, []any) error) ([]any, error) {
	clustered, ok := j.client.(*redis.ClusterClient)
	if !ok {
		// The other clients stand for one Redis at a time: the master, under Sentinel.
		return runOn(ctx, j.client.(*redis.Client), s, false, then)
	}
	node, err := clustered.MasterForKey(ctx, s.keys[0])
	if err != nil {
		clustered.ReloadState(ctx)
		return nil, fmt.Errorf("%w: finding the node: %w", journal.ErrUnavailable, err)
	}
	asking := false
	for range maxHops {
		var answer []any
		answer, err = runOn(ctx, node, s, asking, then)
		if err == nil {
			return answer, nil
		}
		if elsewhere(err) {
			clustered.ReloadState(ctx) // in the background, and not too often
		}
		moved, isMoved := redis.IsMovedError(err)
		asked, isAsk := redis.IsAskError(err)
		if asking = isAsk; !isMoved && !isAsk {
			break
		}
		if node = j.redirected(node, moved+asked); node == nil {
			break
		}
	}
	return nil, err // of the last hop, where there were too many
}

// runOn runs the script on one connection of node.
func runOn(ctx context.Context, node *redis.Client, s script, asking bool, then func(context.Context, *redis.Conn, []any) error) ([]any, error) {
	if then == nil && !asking {
		return s.on(ctx, node, false)
	}
	conn := node.Conn()
	answer, err := s.on(ctx, conn, asking)
	if err == nil && then != nil {
		err = then(ctx, conn, answer)
	}
	_ = conn.Close() // gives it back to the pool; the outcome is known by now
	return answer, err
}

// elsewhere reports whether err may mean that the key's node is another by now.
func elsewhere(err error) bool {
	_, moved := redis.IsMovedError(err)
	var network net.Error
	return moved || redis.IsReadOnlyError(err) || redis.IsClusterDownError(err) || redis.IsMasterDownError(err) ||
		errors.Is(err, errDial) || errors.Is(err, io.EOF) || errors.As(err, &network)
}

// redirected answers the client for the address that node sent us to, or nil.
func (j *Journal) redirected(node *redis.Client, addr string) *redis.Client {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil
	}
	if host == "" { // a node that does not know its own name
		if host, _, err = net.SplitHostPort(node.Options().Addr); err != nil {
			return nil
		}
	}
	return j.others.at(net.JoinHostPort(host, port))
}

// others are clients of nodes of a cluster that redirections named, apart from
// those that the cluster's client knows: a node that only receives a slot is in
// no list of slots.
type others struct {
	connect *redis.UniversalOptions

	mu     sync.Mutex               // guards what follows
	closed bool                     // then there are no more
	nodes  map[string]*redis.Client // at most maxOthers
}

// maxOthers bounds them; a cluster that sends us to more is let down.
const maxOthers = 256

// at answers the client for addr; nil after close, or where there are too many.
func (o *others) at(addr string) *redis.Client {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.nodes[addr]
	if c == nil && !o.closed && len(o.nodes) < maxOthers {
		c = single(o.connect, addr)
		if o.nodes == nil {
			o.nodes = make(map[string]*redis.Client)
		}
		o.nodes[addr] = c
	}
	return c
}

func (o *others) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	var all error
	for _, c := range o.nodes {
		all = errors.Join(all, c.Close())
	}
	return all
}

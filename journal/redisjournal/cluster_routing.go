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

// The library's cluster client follows redirections, but it also sends a script again after a
// broken connection, and it offers no connection for WAIT. So this file routes scripts itself:
// a script is sent again only if Redis has said that it did not run it.

const (
	maxRedirects    = 5   // of one call
	maxExtraClients = 256 // beyond that a redirection is not followed
)

// script is one Lua script with its arguments, for the node of its keys.
type script struct {
	*redis.Script
	keys []string
	args []any
}

// runOn runs the script on a node or one of its connections. With asking it sends ASKING before,
// because an ASK redirection has named the node. EVAL follows EVALSHA only if the node did not
// have the script.
func (s script) runOn(ctx context.Context, c redis.Cmdable, asking bool) ([]any, error) {
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

// router runs scripts on the node of their keys, and follows the redirections of a cluster.
type router struct {
	client redis.UniversalClient // a *redis.Client or a *redis.ClusterClient
	extra  extraClients
}

// run runs the script on the node of its keys, and then calls then, unless it is nil, with the
// connection that ran the script and the answer.
func (r *router) run(ctx context.Context, s script, then func(context.Context, *redis.Conn, []any) error) ([]any, error) {
	clustered, ok := r.client.(*redis.ClusterClient)
	if !ok {
		// The other clients are for one server at a time; with Sentinel, that is the master.
		return runOnNode(ctx, r.client.(*redis.Client), s, false, then)
	}
	node, err := clustered.MasterForKey(ctx, s.keys[0])
	if err != nil {
		clustered.ReloadState(ctx)
		return nil, fmt.Errorf("%w: finding the node: %w", journal.ErrUnavailable, err)
	}
	asking := false
	for range maxRedirects {
		var answer []any
		answer, err = runOnNode(ctx, node, s, asking, then)
		if err == nil {
			return answer, nil
		}
		if mayHaveMoved(err) {
			clustered.ReloadState(ctx) // in the background, at a limited rate
		}
		moved, isMoved := redis.IsMovedError(err)
		asked, isAsk := redis.IsAskError(err)
		if asking = isAsk; !isMoved && !isAsk {
			break
		}
		if node = r.redirectTarget(node, moved+asked); node == nil {
			break
		}
	}
	return nil, err // of the last redirection if there were too many
}

// runOnNode runs the script on node. If the function then is not nil, it is called afterwards on
// the same connection.
func runOnNode(ctx context.Context, node *redis.Client, s script, asking bool, then func(context.Context, *redis.Conn, []any) error) ([]any, error) {
	if then == nil && !asking {
		return s.runOn(ctx, node, false)
	}
	conn := node.Conn()
	answer, err := s.runOn(ctx, conn, asking)
	if err == nil && then != nil {
		err = then(ctx, conn, answer)
	}
	_ = conn.Close() // returns it to the pool; the outcome is known by now
	return answer, err
}

// mayHaveMoved reports whether err may mean that another node has the keys by now.
func mayHaveMoved(err error) bool {
	_, moved := redis.IsMovedError(err)
	var network net.Error
	return moved || redis.IsReadOnlyError(err) || redis.IsClusterDownError(err) || redis.IsMasterDownError(err) ||
		errors.Is(err, errDial) || errors.Is(err, io.EOF) || errors.As(err, &network)
}

// redirectTarget returns a client for the address in a redirection of node, or nil.
func (r *router) redirectTarget(node *redis.Client, addr string) *redis.Client {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil
	}
	if host == "" { // the node does not know its own name
		if host, _, err = net.SplitHostPort(node.Options().Addr); err != nil {
			return nil
		}
	}
	return r.extra.get(net.JoinHostPort(host, port))
}

// close closes the extra clients. The journal closes its own client.
func (r *router) close() error { return r.extra.close() }

// extraClients are clients for nodes that redirections have named. The library's cluster client
// does not know all of them: a node that is importing its first slot is in no list of slots.
type extraClients struct {
	connect *redis.UniversalOptions

	mu     sync.Mutex               // guards the fields below
	closed bool                     // get returns nil from then on
	nodes  map[string]*redis.Client // by address; at most maxExtraClients
}

// get returns the client for addr, or nil after close or if there are too many.
func (e *extraClients) get(addr string) *redis.Client {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.nodes[addr]
	if c == nil && !e.closed && len(e.nodes) < maxExtraClients {
		c = newSingleClient(e.connect, addr)
		if e.nodes == nil {
			e.nodes = make(map[string]*redis.Client)
		}
		e.nodes[addr] = c
	}
	return c
}

func (e *extraClients) close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	var all error
	for _, c := range e.nodes {
		all = errors.Join(all, c.Close())
	}
	return all
}

// Package redisjournal keeps matchfloor's logs in Redis, for several nodes.
//
// All keys of one log share the hash tag {log}, so that they are on one node of a cluster: a
// stream of the records (log), a hash of the head (meta), a hash of the known command keys
// (ops) and a hash of the snapshot (snap). Each call is one Lua script, so it reads and writes
// one state. A durable write is as durable as the configuration of Redis makes it: appendfsync
// always, and with replicas min-replicas-to-write.
//
// Redis may be a single server, a master that Sentinels name, or a cluster. A server that is no
// longer the master must not answer for the log: each script begins with a write that changes
// nothing, which only a master accepts.
//
// The client library never sends a write twice. A caller that gets journal.ErrUnknown sends the
// same records again, and the known keys show whether they were stored.
//
// Locks: subscription.mu and extraClients.mu guard the fields below them and are never held
// together. Hints are posted with subscription.mu held; lock order: subscription.mu → the
// lock of journal.Hints.
package redisjournal

import (
	"context"
	_ "embed" // for the scripts
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/internal/backend"
)

//go:embed prelude.lua
var preludeLua string

//go:embed append.lua
var appendLua string

//go:embed read_page.lua
var readPageLua string

//go:embed check_head.lua
var checkHeadLua string

//go:embed replace.lua
var replaceLua string

//go:embed put_snapshot.lua
var putSnapshotLua string

var (
	appendScript      = redis.NewScript(preludeLua + appendLua)
	readPageScript    = redis.NewScript(preludeLua + readPageLua)
	checkHeadScript   = redis.NewScript(preludeLua + checkHeadLua)
	replaceScript     = redis.NewScript(preludeLua + replaceLua)
	putSnapshotScript = redis.NewScript(preludeLua + putSnapshotLua)
)

// Journal is a journal, with snapshots, in Redis. All methods are safe for concurrent use. A
// call ends at its context's deadline; if the context is cancelled instead, the call may end
// only with the read time-out, a few seconds later.
//
// The first Watch starts two goroutines, which Close ends.
type Journal struct {
	client  redis.UniversalClient // a *redis.Client or a *redis.ClusterClient
	router  *router               // runs scripts on client
	hosts   string                // the hosts of the URL, for messages
	options Options
	hints   *journal.Hints
	sub     *subscription
}

var (
	_ journal.Journal   = (*Journal)(nil)
	_ journal.Snapshots = (*Journal)(nil)
)

// CheckURL returns nil for a URL that Open accepts, and otherwise an error that says what is
// wrong:
//
//	redis://[user:password@]host[:6379][/db]
//	redis+sentinel://[user:password@]host[:26379],…/master[?db=N&sentinel_user=U&sentinel_password=P]
//	redis+cluster://[user:password@]host[:6379],…
//
// with rediss in place of redis for TLS. Each form also has the parameters server_name, the name
// that the certificates must have instead of the host's, and client_name. The error repeats no
// part of the URL that may be a password.
func CheckURL(url string) error {
	_, err := parseAddress(url)
	return err
}

// Open returns a journal at a URL; see CheckURL for its forms. It does not connect: a node may
// start while Redis is unreachable. The error is about the URL or the files of the
// certificates, and repeats no password. The caller must close the journal.
func Open(url string, options Options) (*Journal, error) {
	silenceLibrary.Do(logging.Disable)
	at, err := parseAddress(url)
	if err != nil {
		return nil, fmt.Errorf("redisjournal: the URL of Redis: %w", err)
	}
	if options.Prefix == "" {
		options.Prefix = "matchfloor:"
	}
	if strings.ContainsAny(options.Prefix, "{}") {
		return nil, errors.New("redisjournal: the prefix of keys has braces, which mark hash tags")
	}
	if options.WaitTimeout == 0 {
		options.WaitTimeout = time.Second
	}
	connect, err := connectOptions(at, options)
	if err != nil {
		return nil, fmt.Errorf("redisjournal: TLS: %w", err)
	}
	client, hints := newClient(connect), journal.NewHints()
	return &Journal{
		client:  client,
		hosts:   strings.Join(at.hosts, ", "),
		router:  &router{client: client, extra: extraClients{connect: connect}},
		options: options,
		hints:   hints,
		sub:     newSubscription(client, options.Prefix, hints),
	}, nil
}

// silenceLibrary turns the client library's own lines on standard error off: every failure is
// returned to a caller, which logs it in the program's format.
var silenceLibrary sync.Once

// Close ends every watch and closes all connections.
func (j *Journal) Close() error {
	j.hints.Close(fmt.Errorf("%w: the journal is closed", journal.ErrUnavailable))
	j.sub.close()
	return errors.Join(j.client.Close(), j.router.close())
}

// PresenceStore returns a store of presence that uses the journal's connections, until the
// journal is closed.
func (j *Journal) PresenceStore() *PresenceStore {
	p := &PresenceStore{journal: j}
	p.node.Store(new(string))
	return p
}

// Probe tells an operator why Redis cannot be used now: the error then wraps a
// *journal.Finding. If Redis can be used, Probe returns which of its settings lose changes
// that Redis has acknowledged. It writes nothing, and blocks until ctx ends at the latest.
func (j *Journal) Probe(ctx context.Context) ([]journal.Finding, error) {
	p := prober{j.client, j.hosts, j.options.WaitReplicas, func(ctx context.Context) error {
		_, err := j.Read(ctx, journal.InstanceLog, 0, 0)
		return err
	}}
	return p.probe(ctx)
}

// Watch implements journal.Journal. All watches of a Journal share one subscription. It replaces
// a connection that is lost, and one that no longer delivers although it looks alive. Each time
// an empty hint follows once the next connection is subscribed.
func (j *Journal) Watch(ctx context.Context, log journal.LogID, hint func([]journal.Record)) error {
	if err := log.Check(); err != nil {
		return err
	}
	joined := func() { j.sub.join(log) }
	defer j.sub.leave(log)
	return j.hints.Watch(ctx, log, joined, 0, nil, hint)
}

// key returns the name of a key of log, with the log's hash tag.
func (j *Journal) key(log journal.LogID, name string) string {
	return j.options.Prefix + "{" + string(log) + "}:" + name
}

func (j *Journal) keys(log journal.LogID, names ...string) []string {
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = j.key(log, name)
	}
	return keys
}

// call runs a script that writes nothing, or nothing that must be on replicas.
func (j *Journal) call(ctx context.Context, lua *redis.Script, log journal.LogID, keys []string, args ...any) (reply, error) {
	if err := backend.CheckContext(ctx); err != nil {
		return reply{}, err
	}
	return parseReply(log)(j.router.run(ctx, script{lua, keys, args}, nil))
}

// callDurably runs a script that writes, and returns when the write is on WaitReplicas replicas.
// WAIT counts the writes of its own connection only, so both use the same connection.
func (j *Journal) callDurably(ctx context.Context, lua *redis.Script, log journal.LogID, keys []string, args ...any) (reply, error) {
	if j.options.WaitReplicas == 0 {
		return j.call(ctx, lua, log, keys, args...)
	}
	if err := backend.CheckContext(ctx); err != nil {
		return reply{}, err
	}
	return parseReply(log)(j.router.run(ctx, script{lua, keys, args}, j.waitForReplicas))
}

// waitForReplicas waits until the replicas have what the script has written on conn, if its
// answer says that it has written.
func (j *Journal) waitForReplicas(ctx context.Context, conn *redis.Conn, answer []any) error {
	if len(answer) == 0 || !leavesWrite(answer[0]) {
		return nil
	}
	// By itself the library would wait ten seconds longer than Redis.
	ctx, cancel := context.WithTimeout(ctx, j.options.WaitTimeout+time.Second)
	defer cancel()
	reached, err := conn.Wait(ctx, j.options.WaitReplicas, j.options.WaitTimeout).Result()
	switch {
	case err != nil:
		return fmt.Errorf("%w: waiting for replicas: %w", journal.ErrUnknown, err)
	case reached < int64(j.options.WaitReplicas):
		return fmt.Errorf("%w: %d of %d replicas have it", journal.ErrUnknown, reached, j.options.WaitReplicas)
	}
	return nil
}

// boolArg returns a boolean as the scripts compare it.
func boolArg(yes bool) string {
	if yes {
		return "1"
	}
	return "0"
}

// Package redisjournal keeps matchfloor's logs in Redis, for several nodes.
//
// All keys of one log share the hash tag {log}, so that they live on one node of
// a cluster: a stream of the records, a hash of the head, a hash of the command
// keys known, a hash of the snapshot. Each call is one Lua script, so it sees and
// leaves one state. What is promised as durable is what Redis is configured to
// keep: appendfsync always, and with replicas min-replicas-to-write.
//
// A write is never sent twice by the client library: whoever gets
// journal.ErrUnknown sends the same records again, and the known keys tell.
package redisjournal

import (
	"context"
	_ "embed" // for the scripts
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"matchfloor/journal"
)

//go:embed page.lua
var pageLua string

//go:embed append.lua
var appendLua string

//go:embed read.lua
var readLua string

//go:embed confirm.lua
var confirmLua string

//go:embed replace.lua
var replaceLua string

var (
	appendScript  = redis.NewScript(pageLua + appendLua)
	readScript    = redis.NewScript(pageLua + readLua)
	confirmScript = redis.NewScript(pageLua + confirmLua)
	replaceScript = redis.NewScript(pageLua + replaceLua)
)

// Options are what a URL does not say. The zero value is for a single Redis.
type Options struct {
	// Prefix begins the name of every key and channel; "" means "matchfloor:".
	Prefix string
	// WaitReplicas is how many replicas must have a write before it is
	// acknowledged; a shortfall is journal.ErrUnknown, never a refusal.
	WaitReplicas int
	// WaitTimeout is how long they are waited for; 0 means 2 s.
	WaitTimeout time.Duration
}

// Journal is a journal, with snapshots, in Redis. All methods are safe for
// concurrent use. A call ends with its context's deadline; where a context is
// cancelled instead, it may take the few seconds of the read time-out longer.
//
// It starts two goroutines at the first Watch, which Close ends.
type Journal struct {
	client  redis.UniversalClient
	options Options
	hints   *journal.Hints
	watched *subscription
}

var (
	_ journal.Journal   = (*Journal)(nil)
	_ journal.Snapshots = (*Journal)(nil)
)

// Open answers a journal at a URL as redis.ParseURL takes it, redis:// or
// rediss://. It does not connect: a node may start while Redis is away. The error
// is about the URL. The caller closes the journal.
func Open(url string, options Options) (*Journal, error) {
	parsed, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("redisjournal: the URL of Redis: %w", err)
	}
	return open(&redis.UniversalOptions{
		Addrs:      []string{parsed.Addr},
		DB:         parsed.DB,
		Username:   parsed.Username,
		Password:   parsed.Password,
		ClientName: parsed.ClientName,
		TLSConfig:  parsed.TLSConfig,
	}, options), nil
}

// quiet silences the client library's own lines on standard error: what fails is
// answered to whoever asked, who logs it as the rest of the program does.
var quiet sync.Once

// open makes the client; whatever the options of the connection say, the
// settings that the contract depends on are these.
func open(connect *redis.UniversalOptions, options Options) *Journal {
	quiet.Do(logging.Disable)
	connect.Protocol = 2    // pub/sub answers in the form that the subscription expects
	connect.MaxRetries = -1 // sending again is the caller's decision
	connect.DialerRetries = 1
	connect.DialTimeout = 2 * time.Second
	connect.ContextTimeoutEnabled = true
	connect.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	if options.Prefix == "" {
		options.Prefix = "matchfloor:"
	}
	if options.WaitTimeout == 0 {
		options.WaitTimeout = 2 * time.Second
	}
	j := &Journal{client: redis.NewUniversalClient(connect), options: options, hints: journal.NewHints()}
	j.watched = newSubscription(j.client, options.Prefix, j.hints)
	return j
}

// Close ends every watch and closes all connections.
func (j *Journal) Close() error {
	j.hints.Close(fmt.Errorf("%w: the journal is closed", journal.ErrUnavailable))
	j.watched.close()
	return j.client.Close()
}

// key names a key of log; all of one log live together.
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

// channel names the channel of log's records.
func channel(prefix string, log journal.LogID) string { return prefix + "{" + string(log) + "}:new" }

// ask runs a script that writes nothing, or nothing that needs replicas.
func (j *Journal) ask(ctx context.Context, script *redis.Script, log journal.LogID, keys []string, args ...any) (reply, error) {
	if err := journal.Ended(ctx); err != nil {
		return reply{}, err
	}
	return parse(log)(script.Run(ctx, j.client, keys, args...).Slice())
}

// askDurably runs a script that leaves a write behind, and answers when that
// write is on as many replicas as were asked for. WAIT counts the writes of its
// own connection only, so both go through one.
func (j *Journal) askDurably(ctx context.Context, script *redis.Script, log journal.LogID, keys []string, args ...any) (reply, error) {
	if j.options.WaitReplicas == 0 {
		return j.ask(ctx, script, log, keys, args...)
	}
	if err := journal.Ended(ctx); err != nil {
		return reply{}, err
	}
	conn, err := j.pin(ctx, keys[0])
	if err != nil {
		return reply{}, fmt.Errorf("%w: %w", journal.ErrUnavailable, err)
	}
	answer, err := parse(log)(script.Run(ctx, conn, keys, args...).Slice())
	if err == nil && answer.wrote() {
		err = j.wait(ctx, conn)
	}
	_ = conn.Close() // gives it back to the pool; the outcome is known by now
	return answer, err
}

// pin takes one connection to the node that holds key.
func (j *Journal) pin(ctx context.Context, key string) (*redis.Conn, error) {
	switch client := j.client.(type) {
	case *redis.Client:
		return client.Conn(), nil
	case *redis.ClusterClient:
		node, err := client.MasterForKey(ctx, key)
		if err != nil {
			return nil, err
		}
		return node.Conn(), nil
	default:
		return nil, fmt.Errorf("redisjournal: no single connection of a %T", client)
	}
}

func (j *Journal) wait(ctx context.Context, conn *redis.Conn) error {
	have, err := conn.Wait(ctx, j.options.WaitReplicas, j.options.WaitTimeout).Result()
	switch {
	case err != nil:
		return fmt.Errorf("%w: waiting for replicas: %w", journal.ErrUnknown, err)
	case have < int64(j.options.WaitReplicas):
		return fmt.Errorf("%w: %d of %d replicas have it", journal.ErrUnknown, have, j.options.WaitReplicas)
	}
	return nil
}

// flag is a yes or no for a script.
func flag(yes bool) string {
	if yes {
		return "1"
	}
	return "0"
}

// clock reads the answer of Redis' TIME.
func clock(seconds, micros uint64) time.Time {
	return time.Unix(int64(seconds), int64(micros)*int64(time.Microsecond))
}

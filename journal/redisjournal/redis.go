// Package redisjournal keeps matchfloor's logs in Redis, for several nodes.
//
// All keys of one log share the hash tag {log}, so that they live on one node of
// a cluster: a stream of the records, a hash of the head, a hash of the command
// keys known, a hash of the snapshot. Each call is one Lua script, so it sees and
// leaves one state. What is promised as durable is what Redis is configured to
// keep: appendfsync always, and with replicas min-replicas-to-write.
//
// The Redis may be one, a master that Sentinels name, or a cluster. Whoever has
// ceased to be the master answers nothing: each script begins with a write that
// changes nothing, which only a master takes.
//
// A write is never sent twice by the client library: whoever gets
// journal.ErrUnknown sends the same records again, and the known keys tell.
package redisjournal

import (
	"context"
	_ "embed" // for the scripts
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/internal/backend"
)

//go:embed prelude.lua
var pageLua string

//go:embed append.lua
var appendLua string

//go:embed read_page.lua
var readLua string

//go:embed check_head.lua
var confirmLua string

//go:embed replace.lua
var replaceLua string

//go:embed put_snapshot.lua
var putLua string

var (
	appendScript  = redis.NewScript(pageLua + appendLua)
	readScript    = redis.NewScript(pageLua + readLua)
	confirmScript = redis.NewScript(pageLua + confirmLua)
	replaceScript = redis.NewScript(pageLua + replaceLua)
	putScript     = redis.NewScript(pageLua + putLua)
)

// Options are what a URL does not say. The zero value is for a single Redis.
type Options struct {
	// Prefix begins the name of every key and channel; "" means "matchfloor:".
	// Braces are for the hash tags that follow it.
	Prefix string
	// WaitReplicas is how many replicas must have a write before it is
	// acknowledged; a shortfall is journal.ErrUnknown, never a refusal.
	WaitReplicas int
	// WaitTimeout is how long they are waited for; 0 means 1 s.
	WaitTimeout time.Duration
	// CA is a file of the authorities (PEM) that may have signed the certificates
	// of Redis and Sentinel; "" means the system's.
	CA string
	// Certificate and Key are files (PEM) of what we show them; both or none.
	Certificate, Key string

	dial func(ctx context.Context, network, addr string) (net.Conn, error) // for tests: in place of TCP
}

// Journal is a journal, with snapshots, in Redis. All methods are safe for
// concurrent use. A call ends with its context's deadline; where a context is
// cancelled instead, it may take the few seconds of the read time-out longer.
//
// It starts two goroutines at the first Watch, which Close ends.
type Journal struct {
	client  redis.UniversalClient // a *redis.Client or a *redis.ClusterClient
	others  others
	options Options
	hints   *journal.Hints
	watched *subscription
}

var (
	_ journal.Journal   = (*Journal)(nil)
	_ journal.Snapshots = (*Journal)(nil)
)

// CheckURL answers what is wrong with a URL, or nil for one that Open takes:
//
//	redis://[user:password@]host[:6379][/db]
//	redis+sentinel://[user:password@]host[:26379],…/master[?db=N&sentinel_user=U&sentinel_password=P]
//	redis+cluster://[user:password@]host[:6379],…
//
// with rediss in place of redis for TLS. Each also takes ?server_name=, the name
// that the certificates have to bear in place of the host's, and ?client_name=.
// The error repeats no part of the URL that may hold a password.
func CheckURL(url string) error {
	_, err := parseAddress(url)
	return err
}

// Open answers a journal at a URL; see CheckURL for its forms. It does not
// connect: a node may start while Redis is away. The error is about the URL or the
// certificates' files, and repeats no password. The caller closes the journal.
func Open(url string, options Options) (*Journal, error) {
	quiet.Do(logging.Disable)
	at, err := parseAddress(url)
	if err != nil {
		return nil, fmt.Errorf("redisjournal: the URL of Redis: %w", err)
	}
	if options.Prefix == "" {
		options.Prefix = "matchfloor:"
	}
	if strings.ContainsAny(options.Prefix, "{}") {
		return nil, errors.New("redisjournal: the prefix of keys has braces, which are for hash tags")
	}
	if options.WaitTimeout == 0 {
		options.WaitTimeout = time.Second
	}
	connect, err := connection(at, options)
	if err != nil {
		return nil, fmt.Errorf("redisjournal: TLS: %w", err)
	}
	j := &Journal{client: client(connect), options: options, hints: journal.NewHints()}
	j.others.connect = connect
	j.watched = newSubscription(j.client, options.Prefix, j.hints)
	return j, nil
}

// quiet silences the client library's own lines on standard error: what fails is
// answered to whoever asked, who logs it as the rest of the program does.
var quiet sync.Once

// Close ends every watch and closes all connections.
func (j *Journal) Close() error {
	j.hints.Close(fmt.Errorf("%w: the journal is closed", journal.ErrUnavailable))
	j.watched.close()
	return errors.Join(j.client.Close(), j.others.close())
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
func (j *Journal) ask(ctx context.Context, lua *redis.Script, log journal.LogID, keys []string, args ...any) (reply, error) {
	if err := backend.CheckContext(ctx); err != nil {
		return reply{}, err
	}
	return parse(log)(j.run(ctx, script{lua, keys, args}, nil))
}

// askDurably runs a script that leaves a write behind, and answers when that
// write is on as many replicas as were asked for. WAIT counts the writes of its
// own connection only, so both go through one.
func (j *Journal) askDurably(ctx context.Context, lua *redis.Script, log journal.LogID, keys []string, args ...any) (reply, error) {
	if j.options.WaitReplicas == 0 {
		return j.ask(ctx, lua, log, keys, args...)
	}
	if err := backend.CheckContext(ctx); err != nil {
		return reply{}, err
	}
	return parse(log)(j.run(ctx, script{lua, keys, args}, j.wait))
}

// wait waits for the replicas to have what conn has just written, if answer says
// that it has.
func (j *Journal) wait(ctx context.Context, conn *redis.Conn, answer []any) error {
	if len(answer) == 0 || !wrote(answer[0]) {
		return nil
	}
	// The library would wait for ten seconds more than Redis.
	ctx, cancel := context.WithTimeout(ctx, j.options.WaitTimeout+time.Second)
	defer cancel()
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

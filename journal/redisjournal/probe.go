package redisjournal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/matchfloor/matchfloor/journal"
)

// The codes of the findings of Probe.
const (
	noAnswer       = "redis_no_answer"
	wrongPassword  = "redis_password"
	missingCommand = "redis_command"
	missingRight   = "redis_rights"
	notReady       = "redis_not_ready"
	noAppendOnly   = "redis_no_aof"
	lateSync       = "redis_late_sync"
	evicts         = "redis_evicts"
	fewReplicas    = "redis_few_replicas"
	losesOnFailure = "redis_failover_loses"
	unchecked      = "redis_unchecked"
)

// commands are the commands that a journal uses, also those in scripts, and those of the
// presence store.
var commands = strings.Fields("eval evalsha time hget hmget hgetall hset hincrby hdel hlen del exists unlink rename persist expire " +
	"pexpire pttl xadd xrange xlen publish subscribe unsubscribe")

// prober looks at the Redis of a journal.
type prober struct {
	client   redis.UniversalClient
	hosts    string                      // of the URL, for messages
	replicas int                         // that must have a change
	read     func(context.Context) error // reads a log, which runs a script
}

// probe does what Journal.Probe does.
func (p *prober) probe(ctx context.Context) ([]journal.Finding, error) {
	var mu sync.Mutex // guards warnings
	var warnings []journal.Finding
	check := func(ctx context.Context, server *redis.Client) error {
		if err := checkCommands(ctx, server, p.replicas > 0); err != nil {
			return err
		}
		found := p.checkSettings(ctx, server)
		mu.Lock()
		defer mu.Unlock()
		warnings = addFindings(warnings, found)
		return nil
	}
	var err error
	if clustered, ok := p.client.(*redis.ClusterClient); ok {
		err = clustered.ForEachMaster(ctx, check)
	} else {
		err = check(ctx, p.client.(*redis.Client))
	}
	if err == nil {
		err = p.read(ctx)
	}
	if err != nil {
		return nil, p.explain(err)
	}
	return warnings, nil
}

// addFindings adds findings that are not in the list yet: the servers of a cluster mostly
// have the same.
func addFindings(list, more []journal.Finding) []journal.Finding {
	for _, f := range more {
		known := false
		for _, k := range list {
			known = known || k == f
		}
		if !known {
			list = append(list, f)
		}
	}
	return list
}

// checkCommands returns a finding if a server does not have all commands under their own
// names. A server that does not list its commands is not checked.
func checkCommands(ctx context.Context, server *redis.Client, waits bool) error {
	want := commands
	if waits {
		want = append([]string{"wait"}, want...)
	}
	ask := []any{"command", "info"}
	for _, name := range want {
		ask = append(ask, name)
	}
	answer, err := server.Do(ctx, ask...).Slice()
	if isReply(err) { // it lists none
		return nil
	}
	if err != nil {
		return err
	}
	var missing []string
	for i, info := range answer {
		if info == nil && i < len(want) {
			missing = append(missing, strings.ToUpper(want[i]))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return &journal.Finding{Code: missingCommand, Text: fmt.Sprintf(
		"Redis does not know %s, which nodes need: remove rename-command for it from Redis's configuration", strings.Join(missing, ", "))}
}

// checkSettings returns which settings of a server lose acknowledged changes.
func (p *prober) checkSettings(ctx context.Context, server *redis.Client) (found []journal.Finding) {
	text, err := server.Info(ctx).Result()
	if err != nil {
		return []journal.Finding{{Code: unchecked, Text: "whether Redis keeps what it acknowledges cannot be checked, because it does not answer INFO to this user: add +info to the user's rights"}}
	}
	info := parseInfo(text)
	if info["aof_enabled"] == "0" {
		found = append(found, journal.Finding{Code: noAppendOnly, Text: "Redis has no append-only file: when it stops it loses changes that were acknowledged. Set appendonly yes and appendfsync always"})
	} else if fsync, err := server.ConfigGet(ctx, "appendfsync").Result(); err == nil && fsync["appendfsync"] != "always" {
		found = append(found, journal.Finding{Code: lateSync, Text: fmt.Sprintf(
			"Redis has appendfsync %s: when its machine stops it loses changes that were acknowledged. Set appendfsync always", fsync["appendfsync"])})
	}
	if policy := info["maxmemory_policy"]; policy != "noeviction" && policy != "" {
		found = append(found, journal.Finding{Code: evicts, Text: fmt.Sprintf(
			"Redis has maxmemory-policy %s: when its memory is full it drops keys, and logs with them. Set maxmemory-policy noeviction", policy)})
	}
	return append(found, p.checkReplicas(info)...)
}

// checkReplicas returns whether a master has other replicas than the flags say.
func (p *prober) checkReplicas(info map[string]string) []journal.Finding {
	connected, err := strconv.Atoi(info["connected_slaves"])
	switch want := p.replicas; {
	case err != nil || info["role"] != "master":
		return nil
	case connected < want:
		return []journal.Finding{{Code: fewReplicas, Text: fmt.Sprintf(
			"%d replicas of Redis are connected, and --redis-replicas promises %d: no change is acknowledged until they are there", connected, want)}}
	case connected > want:
		return []journal.Finding{{Code: losesOnFailure, Text: fmt.Sprintf(
			"%d replicas of Redis are connected, but a change is acknowledged when %d have it: a failover may lose acknowledged changes. Start every node with --redis-replicas %d", connected, want, connected)}}
	}
	return nil
}

// parseInfo returns the fields of an answer to INFO.
func parseInfo(text string) map[string]string {
	fields := map[string]string{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok {
			fields[name] = value
		}
	}
	return fields
}

// explain returns err as a finding that says what to do.
func (p *prober) explain(err error) error {
	finding, ok := errors.AsType[*journal.Finding](err)
	switch {
	case ok:
		return finding
	case isPasswordError(err):
		return &journal.Finding{Code: wrongPassword, Text: fmt.Sprintf("Redis at %s does not accept the user or the password of --redis: %s", p.hosts, reason(err))}
	case redis.HasErrorPrefix(err, "unknown command"):
		return &journal.Finding{Code: missingCommand, Text: fmt.Sprintf(
			"Redis at %s answers %q: remove rename-command for it from Redis's configuration", p.hosts, reason(err))}
	case redis.HasErrorPrefix(err, "NOPERM"):
		return &journal.Finding{Code: missingRight, Text: fmt.Sprintf("the user of --redis lacks a right at %s: %s", p.hosts, reason(err))}
	case redis.HasErrorPrefix(err, "READONLY"):
		return &journal.Finding{Code: notReady, Text: fmt.Sprintf("Redis at %s is a replica, which takes no changes: name its master in --redis, or the Sentinels", p.hosts)}
	case isReply(err):
		return &journal.Finding{Code: notReady, Text: fmt.Sprintf("Redis at %s is not ready: %s", p.hosts, reason(err))}
	case isTimeout(err):
		return &journal.Finding{Code: noAnswer, Text: fmt.Sprintf("Redis at %s does not answer: check the address and the firewall, and whether Redis hangs", p.hosts)}
	}
	return &journal.Finding{Code: noAnswer, Text: fmt.Sprintf("Redis at %s cannot be reached: %v", p.hosts, err)}
}

// isTimeout reports whether an error says that no answer came in time.
func isTimeout(err error) bool {
	network, ok := errors.AsType[net.Error](err)
	return ok && network.Timeout() || errors.Is(err, context.DeadlineExceeded)
}

// isReply reports whether an error is an answer of Redis.
func isReply(err error) bool {
	_, ok := errors.AsType[redis.Error](err)
	return ok
}

// isPasswordError reports whether Redis has rejected the user or the password, or wants one.
func isPasswordError(err error) bool {
	for _, prefix := range []string{"WRONGPASS", "NOAUTH", "invalid password", "AUTH <password> called", "Client sent AUTH, but no password is set"} {
		if redis.HasErrorPrefix(err, prefix) {
			return true
		}
	}
	return false
}

// reason returns the text of an answer of Redis, without arguments.
func reason(err error) string {
	answer, _ := errors.AsType[redis.Error](err)
	return withoutArguments(answer).Error()
}

// withoutArguments returns an error without the arguments that Redis repeats in its answer
// to an unknown command, because those of AUTH and HELLO are passwords.
func withoutArguments(err error) error {
	answer, ok := errors.AsType[redis.Error](err)
	if !ok {
		return err
	}
	text, _, cut := strings.Cut(answer.Error(), ", with args beginning with")
	if !cut {
		return err
	}
	return replyError(text)
}

// replyError is the text of an answer of Redis without its arguments.
type replyError string

func (e replyError) Error() string { return string(e) }

// RedisError implements redis.Error.
func (e replyError) RedisError() {}

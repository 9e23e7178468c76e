package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/matchfloor/matchfloor/hub/presence"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/redisjournal"
	"github.com/matchfloor/matchfloor/journal/sqlitejournal"
	"github.com/matchfloor/matchfloor/server/auth"
)

// keyName is the file of the instance key in a data directory.
const keyName = "key"

// maxReplicas is more than anybody has.
const maxReplicas = 16

// maxKey is the largest key file that is read, in bytes.
const maxKey = 1 << 20

// journalFlags say where an instance lives.
type journalFlags struct {
	flags                *flags
	data, redis, keyFile *string
	ca, certificate, key *string // for TLS to Redis
	replicas             *int
}

// journalFlags adds them to f. A subcommand that makes no links needs no key.
func (f *flags) journalFlags(withKey bool) *journalFlags {
	j := &journalFlags{flags: f, keyFile: new(string)}
	j.data = f.String("data", "", "the `directory` of an instance of one node; it is made where it is missing")
	j.redis = f.String("redis", "", "the `URL` of the Redis that the nodes of an instance share: redis://[user:password@]host:6379/0, "+
		"redis+sentinel://[user:password@]host:26379,host:26379/mymaster[?sentinel_user=U&sentinel_password=P], "+
		"redis+cluster://[user:password@]host:6379,host:6379; rediss in place of redis for TLS")
	j.ca = f.String("redis-ca", "", "the `file` of the authorities (PEM) of Redis's certificates; without it, the system's")
	j.certificate = f.String("redis-cert", "", "the `file` of the certificate (PEM) that Redis is shown")
	j.key = f.String("redis-key", "", "the `file` of that certificate's key (PEM)")
	j.replicas = f.Int("redis-replicas", 0, "how many of Redis's replicas must have a change before it is acknowledged; "+
		"only with all of them does no failover lose any")
	if withKey {
		j.keyFile = f.String("key-file", "", "the `file` of the instance key, 32 bytes or more, the same for all nodes (with --redis)")
	}
	return j
}

// check holds the flags against each other once they are parsed. One place on
// the command line wins over another in the environment.
func (j *journalFlags) check() error {
	if *j.data != "" && *j.redis != "" {
		switch given := j.flags.given; {
		case given["data"] && !given["redis"]:
			*j.redis = ""
		case given["redis"] && !given["data"]:
			*j.data = ""
		}
	}
	if (*j.data == "") == (*j.redis == "") {
		return usageError("say where the instance lives: either --data DIR or --redis URL")
	}
	if *j.redis == "" {
		return nil // what is said of a Redis does not matter
	}
	if *j.replicas < 0 || *j.replicas > maxReplicas {
		return usageError("--redis-replicas: a number from 0 to %d is needed", maxReplicas)
	}
	if (*j.certificate == "") != (*j.key == "") {
		return usageError("--redis-cert and --redis-key belong together")
	}
	if err := redisjournal.CheckURL(*j.redis); err != nil {
		return usageError("--redis: %v", err)
	}
	return nil
}

// opened is an open journal and what belongs to it.
type opened struct {
	journal   journal.Journal
	snapshots journal.Snapshots
	beacon    presence.Store // nil: one node
	failed    <-chan error   // receives when the process must stop; nil: never
	close     func() error
}

func (j *journalFlags) open() (*opened, error) {
	if *j.data != "" {
		db, err := sqlitejournal.Open(*j.data)
		if err != nil {
			return nil, err
		}
		return &opened{journal: db, snapshots: db, failed: db.Failed(), close: db.Close}, nil
	}
	r, err := redisjournal.Open(*j.redis, redisjournal.Options{
		WaitReplicas: *j.replicas, CA: *j.ca, Certificate: *j.certificate, Key: *j.key,
	})
	if err != nil {
		return nil, err
	}
	return &opened{journal: r, snapshots: r, beacon: r.PresenceStore(), close: r.Close}, nil
}

// keys reads the instance key: the named file, or the one of the data directory,
// which is made where it is missing.
func (j *journalFlags) keys() (auth.Keys, error) {
	path := *j.keyFile
	if path == "" && *j.data == "" {
		return auth.Keys{}, usageError("with --redis the instance key is needed: --key-file F")
	}
	if path == "" {
		var err error
		if path, err = ensureKey(*j.data); err != nil {
			return auth.Keys{}, fmt.Errorf("the instance key: %w", err)
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return auth.Keys{}, fmt.Errorf("the instance key: %w", err)
	}
	defer f.Close()
	key, err := io.ReadAll(io.LimitReader(f, maxKey+1))
	if err != nil {
		return auth.Keys{}, fmt.Errorf("the instance key: %w", err)
	}
	if len(key) > maxKey {
		return auth.Keys{}, fmt.Errorf("%s is too large for a key: more than %d bytes", path, maxKey)
	}
	keys, err := auth.NewKeys(key)
	if err != nil {
		return auth.Keys{}, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

// ensureKey answers the path of the key in dir. A new one is written whole under
// another name and then linked, so that two processes that start together agree
// on one, and a half-written one is never read. It refuses a key that others may read.
func ensureKey(dir string) (string, error) {
	path := filepath.Join(dir, keyName)
	info, err := os.Stat(path)
	if err == nil {
		if info.Mode().Perm()&0o077 != 0 {
			return "", fmt.Errorf("%s can be read by others (%v); chmod 600 it, and rotate the links if somebody did", path, info.Mode().Perm())
		}
		return path, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	var raw [auth.MinKey]byte
	rand.Read(raw[:])                              // it never fails
	draft, err := os.CreateTemp(dir, keyName+"-*") // 0600
	if err != nil {
		return "", err
	}
	defer os.Remove(draft.Name())
	_, err = fmt.Fprintln(draft, hex.EncodeToString(raw[:]))
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return "", err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return path, syncDir(dir)
}

// syncDir makes a new file's name as durable as its content.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

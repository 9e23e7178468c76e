package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/journal/redisjournal"
	"github.com/matchfloor/matchfloor/journal/sqlitejournal"
	"github.com/matchfloor/matchfloor/server/auth"
)

// maxReplicas is the largest accepted --redis-replicas; nobody runs as many.
const maxReplicas = 16

// storeFlags say where an instance is stored.
type storeFlags struct {
	flags                *flags
	data, redis, keyFile *string
	ca, certificate, key *string // for TLS to Redis
	replicas             *int
}

// newStoreFlags adds the flags to f, with --key-file only if the subcommand makes links.
func newStoreFlags(f *flags, withKey bool) *storeFlags {
	s := &storeFlags{flags: f, keyFile: new(string)}
	s.data = f.String("data", "", "the `directory` of an instance of one node; created if it does not exist")
	s.redis = f.String("redis", "", "the `URL` of the Redis that the nodes of an instance share: redis://[user:password@]host:6379/0, "+
		"redis+sentinel://[user:password@]host:26379,host:26379/mymaster[?sentinel_user=U&sentinel_password=P], "+
		"redis+cluster://[user:password@]host:6379,host:6379; rediss instead of redis for TLS")
	s.ca = f.String("redis-ca", "", "the `file` with the certificate authorities (PEM) that Redis's certificate is checked against; empty means the system's")
	s.certificate = f.String("redis-cert", "", "the `file` with the client certificate (PEM) to present to Redis")
	s.key = f.String("redis-key", "", "the `file` with the key (PEM) of that certificate")
	s.replicas = f.Int("redis-replicas", 0, "how many replicas of Redis must have a change before it is acknowledged; "+
		"with the number of all replicas a failover loses no acknowledged change, with fewer it may")
	if withKey {
		s.keyFile = f.String("key-file", "", "the `file` of the instance key, at least 32 bytes, the same on all nodes (with --redis)")
	}
	return s
}

// check validates the parsed flags. --data or --redis on the command line takes
// precedence over the other one in the environment.
func (s *storeFlags) check() error {
	if *s.data != "" && *s.redis != "" {
		switch given := s.flags.given; {
		case given["data"] && !given["redis"]:
			*s.redis = ""
		case given["redis"] && !given["data"]:
			*s.data = ""
		}
	}
	if (*s.data == "") == (*s.redis == "") {
		return usageError("say where the instance is stored: either --data DIR or --redis URL")
	}
	if *s.redis == "" {
		return nil // the other flags of Redis are not used
	}
	if *s.replicas < 0 || *s.replicas > maxReplicas {
		return usageError("--redis-replicas must be from 0 to %d", maxReplicas)
	}
	if (*s.certificate == "") != (*s.key == "") {
		return usageError("--redis-cert and --redis-key must be given together")
	}
	if err := redisjournal.CheckURL(*s.redis); err != nil {
		return usageError("--redis: %v", err)
	}
	return nil
}

// open opens the store, and creates it if it does not exist. The caller must close it.
func (s *storeFlags) open() (*node.Store, error) {
	if *s.data != "" {
		db, err := sqlitejournal.Open(*s.data)
		if err != nil {
			return nil, err
		}
		return &node.Store{Journal: db, Snapshots: db, Failed: db.Failed(), Close: db.Close}, nil
	}
	r, err := redisjournal.Open(*s.redis, redisjournal.Options{
		WaitReplicas: *s.replicas, CA: *s.ca, Certificate: *s.certificate, Key: *s.key,
	})
	if err != nil {
		return nil, err
	}
	return &node.Store{Journal: r, Snapshots: r, Presence: r.PresenceStore(), Close: r.Close}, nil
}

// openExisting opens the store like open, but fails if a data directory holds none.
func (s *storeFlags) openExisting() (*node.Store, error) {
	if *s.data != "" {
		if _, err := os.Stat(filepath.Join(*s.data, sqlitejournal.FileName)); err != nil {
			return nil, fmt.Errorf("there is no instance in %s: %w", *s.data, err)
		}
	}
	return s.open()
}

// keys reads the instance key from --key-file, or from the data directory, where it is
// created if it does not exist.
func (s *storeFlags) keys() (auth.Keys, error) {
	path := *s.keyFile
	if path == "" && *s.data == "" {
		return auth.Keys{}, usageError("--redis needs the instance key: add --key-file F")
	}
	if path == "" {
		var err error
		if path, err = ensureKey(*s.data); err != nil {
			return auth.Keys{}, fmt.Errorf("the instance key: %w", err)
		}
	}
	return readKey(path)
}

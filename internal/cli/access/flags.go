// Package access is how a subcommand reaches an instance: the flags that say where it is stored, the
// lock of a data directory, the instance key, the states of its logs, and commands of the operator.
package access

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/redisjournal"
	"github.com/matchfloor/matchfloor/journal/sqlitejournal"
)

// maxReplicas is the largest accepted --redis-replicas; nobody runs as many.
const maxReplicas = 16

// Flags say where an instance is stored.
type Flags struct {
	flags                *commandline.Flags
	Data, Redis, KeyFile *string
	ca, certificate, key *string // for TLS to Redis
	replicas             *int
}

// NewFlags adds the flags to f, with --key-file only if the subcommand makes links.
func NewFlags(f *commandline.Flags, withKey bool) *Flags {
	s := &Flags{flags: f, KeyFile: new(string)}
	f.Section("Where the instance is stored", func() { s.define(withKey) })
	return s
}

// define defines the flags.
func (s *Flags) define(withKey bool) {
	f := s.flags
	s.Data = f.String("data", "", "the `directory` of an instance of one node, which serve, restore and import --create make")
	s.Redis = f.String("redis", "", "the `URL` of the Redis that the nodes of an instance share: redis://[user:password@]host:6379/0, "+
		"redis+sentinel://[user:password@]host:26379,host:26379/mymaster (and ?sentinel_user=U&sentinel_password=P after it), "+
		"redis+cluster://[user:password@]host:6379,host:6379; rediss instead of redis for TLS")
	s.ca = f.String("redis-ca", "", "the `file` with the certificate authorities (PEM) that Redis's certificate is checked against; empty means the system's")
	s.certificate = f.String("redis-cert", "", "the `file` with the client certificate (PEM) to present to Redis")
	s.key = f.String("redis-key", "", "the `file` with the key (PEM) of that certificate")
	s.replicas = f.Int("redis-replicas", 0, "how many replicas of Redis must have a change before it is acknowledged; "+
		"with the number of all replicas a failover loses no acknowledged change, with fewer it may")
	if withKey {
		s.KeyFile = f.String("key-file", "", "the `file` of the instance key, at least 32 bytes, the same on all nodes (with --redis)")
	}
}

// Check validates the parsed flags. --data or --redis on the command line takes
// precedence over the other one in the environment.
func (s *Flags) Check() error {
	if *s.Data != "" && *s.Redis != "" {
		switch given := s.flags.Given; {
		case given["data"] && !given["redis"]:
			*s.Redis = ""
		case given["redis"] && !given["data"]:
			*s.Data = ""
		}
	}
	if (*s.Data == "") == (*s.Redis == "") {
		return commandline.UsageError("say where the instance is stored: either --data DIR or --redis URL")
	}
	if *s.Redis == "" {
		return nil // the other flags of Redis are not used
	}
	if *s.replicas < 0 || *s.replicas > maxReplicas {
		return commandline.UsageError("--redis-replicas must be from 0 to %d", maxReplicas)
	}
	if (*s.certificate == "") != (*s.key == "") {
		return commandline.UsageError("--redis-cert and --redis-key must be given together")
	}
	if err := redisjournal.CheckURL(*s.Redis); err != nil {
		return commandline.UsageError("--redis: %v", err)
	}
	return nil
}

// Open opens the store, and creates it if it does not exist. The caller must close it.
func (s *Flags) Open() (*node.Store, error) {
	if *s.Data != "" {
		unlock, err := shareJournal(*s.Data)
		if err != nil {
			return nil, err
		}
		db, err := sqlitejournal.Open(*s.Data)
		if err != nil {
			return nil, errors.Join(err, unlock())
		}
		return &node.Store{
			Journal: db, Snapshots: db, Failed: db.Failed(), Incomplete: db.MarkerMissing(),
			Close: func() error { return errors.Join(db.Close(), unlock()) },
		}, nil
	}
	r, err := redisjournal.Open(*s.Redis, redisjournal.Options{
		WaitReplicas: *s.replicas, CA: *s.ca, Certificate: *s.certificate, Key: *s.key,
	})
	if err != nil {
		return nil, err
	}
	return &node.Store{Journal: r, Snapshots: r, Presence: r.PresenceStore(), Probe: r.Probe, Close: r.Close}, nil
}

// Lock locks the data directory, which it creates if it does not exist, against a second server
// and against a repair. It fails at once if another process has the lock. With Redis there is
// nothing to lock. The caller must call unlock; the system also releases the lock when the
// process ends, in any way.
func (s *Flags) Lock() (unlock func() error, err error) {
	if *s.Data == "" {
		return func() error { return nil }, nil
	}
	return lockDirectory(*s.Data)
}

// LockJournal locks the journal in the data directory, which must exist, against every command
// that opens it. It fails at once if one has it open. The caller must call unlock.
func (s *Flags) LockJournal() (unlock func() error, err error) { return lockJournal(*s.Data) }

// ErrNoInstance says that there is nothing where an instance was expected.
var ErrNoInstance = errors.New("there is no instance")

// OpenExisting opens the store of an instance that exists, and makes nothing: no directory,
// no file, no key and no record. If there is none, for example because the place is
// mistyped, it returns an error that wraps ErrNoInstance. The caller must close the store.
func (s *Flags) OpenExisting(ctx context.Context) (*node.Store, error) {
	if err := s.MustExist(); err != nil {
		return nil, err
	}
	store, err := s.Open()
	if err != nil {
		return nil, err
	}
	page, err := store.Journal.Read(ctx, journal.InstanceLog, 0, 0)
	if err == nil && page.Head.Seq == 0 {
		err = s.missing()
	}
	if err != nil && !errors.Is(err, journal.ErrCorrupt) { // of damage the command says more
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}

// MustExist returns an error that wraps ErrNoInstance if a data directory holds no
// journal. It does not look into Redis.
func (s *Flags) MustExist() error {
	if *s.Data == "" {
		return nil
	}
	file, err := os.Stat(filepath.Join(*s.Data, sqlitejournal.FileName))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || err == nil && file.Size() == 0 {
		return s.missing()
	}
	return err
}

// missing returns the error that wraps ErrNoInstance and says where there is none.
func (s *Flags) missing() error {
	advice := "name the directory that matchfloor serve uses"
	if *s.Data == "" {
		advice = "name the URL that matchfloor serve uses, with the number of the database"
	}
	return fmt.Errorf("%w in %s: %s", ErrNoInstance, s.Place(), advice)
}

// Place names where the instance is stored, without a password.
func (s *Flags) Place() string {
	if *s.Data != "" {
		return *s.Data
	}
	return "this Redis database"
}

// RequireKey returns an error if the instance key is not in a known place.
func (s *Flags) RequireKey() error {
	if *s.Data == "" && *s.KeyFile == "" {
		return commandline.UsageError("--redis needs the instance key: add --key-file F")
	}
	return nil
}

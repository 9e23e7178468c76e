package access

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server/auth"
)

// KeyName is the name of the file of the instance key in a data directory.
const KeyName = "key"

// maxKey is the largest key file that is read, in bytes.
const maxKey = 1 << 20

// ReadKey reads an instance key.
func ReadKey(path string) (auth.Keys, error) {
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

// Keys reads the instance key from --key-file, or from the data directory. It makes one there if
// the instance in j has no links, or if newKey is set. If the instance has links and the key is
// missing, the error says what to do.
func (s *Flags) Keys(ctx context.Context, j journal.Journal, newKey bool) (auth.Keys, error) {
	if *s.KeyFile != "" {
		return ReadKey(*s.KeyFile)
	}
	if *s.Data == "" {
		return auth.Keys{}, commandline.UsageError("--redis needs the instance key: add --key-file F")
	}
	path := filepath.Join(*s.Data, KeyName)
	if !s.KeyAtHand() {
		instance, err := State(ctx, j, journal.InstanceLog)
		switch {
		case err != nil:
			return auth.Keys{}, fmt.Errorf("the instance key: %w", err)
		case node.HasLinks(instance) && !newKey:
			return auth.Keys{}, fmt.Errorf("the instance key is missing: there is no file %s, but the instance has links, and they were made with it. %s", path, s.keyAdvice())
		case node.HasLinks(instance):
			fmt.Fprintf(s.flags.Program.Stderr, "matchfloor: %s is a new key. No link that was made with another one works: print the links again.\n", path)
		}
	}
	path, err := ensureKey(*s.Data)
	if err != nil {
		return auth.Keys{}, fmt.Errorf("the instance key: %w", err)
	}
	return ReadKey(path)
}

// KeyAtHand reports whether --key-file names the instance key, or the data directory has one.
func (s *Flags) KeyAtHand() bool {
	if *s.KeyFile != "" {
		return true
	}
	if *s.Data == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(*s.Data, KeyName))
	return !errors.Is(err, fs.ErrNotExist)
}

// keyAdvice says what to do if the instance key is missing or is another one.
func (s *Flags) keyAdvice() string {
	where := "name it with --key-file"
	if *s.KeyFile == "" {
		where = "copy it to " + filepath.Join(*s.Data, KeyName) + " and chmod 600 it, or name it with --key-file"
	}
	return "Put the former key in its place: " + where + ". Only if it is lost for good, start " +
		"`matchfloor serve` once with --new-key: every link that people have is void then, and all must be printed again."
}

// ExplainKey adds advice to an error that says that the key is another one.
func (s *Flags) ExplainKey(err error) error {
	if _, other := errors.AsType[*node.OtherKeyError](err); other {
		return fmt.Errorf("%w. If you mean another instance, correct --data or --redis. %s", err, s.keyAdvice())
	}
	return err
}

// CheckedKeys returns keys after comparing them with what the instance's log says.
func (s *Flags) CheckedKeys(ctx context.Context, j journal.Journal) (auth.Keys, error) {
	keys, err := s.Keys(ctx, j, false)
	if err != nil {
		return keys, err
	}
	instance, err := State(ctx, j, journal.InstanceLog)
	if err != nil {
		return keys, err
	}
	return keys, s.ExplainKey(node.CheckKey(instance, keys))
}

// PrepareKey is for a command that may make the first links of an instance: it refuses a missing
// or another key as CheckedKeys does, and makes and records the key of an instance without
// links. With Redis it does so only if --key-file is given.
func (s *Flags) PrepareKey(ctx context.Context, p *commandline.Program, store *node.Store) error {
	if *s.KeyFile == "" && *s.Data == "" {
		return nil
	}
	keys, err := s.CheckedKeys(ctx, store.Journal)
	if err != nil {
		return err
	}
	instance, err := State(ctx, store.Journal, journal.InstanceLog)
	if err != nil || node.HasLinks(instance) {
		return err // if the log does not name the key yet, a node does so when it starts
	}
	return WithHub(p, store, func(h *hub.Hub) error { return node.RecordKey(ctx, h, keys, false) })
}

// ensureKey returns the path of the key in dir, which it creates if it does not exist.
// A new key is written completely under another name and then linked: two processes
// that start at the same time agree on one key, and no process reads half a key.
// ensureKey fails if other users may read the key.
func ensureKey(dir string) (string, error) {
	path := filepath.Join(dir, KeyName)
	info, err := os.Stat(path)
	if err == nil {
		switch {
		case !info.Mode().IsRegular():
			return "", fmt.Errorf("%s is not a file: move it away, and put the key in its place", path)
		case info.Mode().Perm()&0o077 != 0:
			return "", fmt.Errorf("other users can read %s (%v): chmod 600 it. If someone may have read it, they can make every link, "+
				"rotated ones too: move it away, start `matchfloor serve` once with --new-key, and print all links again", path, info.Mode().Perm())
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
	rand.Read(raw[:])                             // it never fails
	temp, err := os.CreateTemp(dir, KeyName+"-*") // with the mode 0600
	if err != nil {
		return "", err
	}
	defer os.Remove(temp.Name())
	_, err = fmt.Fprintln(temp, hex.EncodeToString(raw[:]))
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return "", err
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return path, SyncDir(dir)
}

// SyncDir makes the names of new files in a directory as durable as their content.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

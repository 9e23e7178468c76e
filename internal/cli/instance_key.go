package cli

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/matchfloor/matchfloor/server/auth"
)

// keyName is the name of the file of the instance key in a data directory.
const keyName = "key"

// maxKey is the largest key file that is read, in bytes.
const maxKey = 1 << 20

// readKey reads an instance key.
func readKey(path string) (auth.Keys, error) {
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

// ensureKey returns the path of the key in dir, which it creates if it does not exist.
// A new key is written completely under another name and then linked: two processes
// that start at the same time agree on one key, and no process reads half a key.
// ensureKey fails if other users may read the key.
func ensureKey(dir string) (string, error) {
	path := filepath.Join(dir, keyName)
	info, err := os.Stat(path)
	if err == nil {
		if info.Mode().Perm()&0o077 != 0 {
			return "", fmt.Errorf("other users can read %s (%v): chmod 600 it, and if someone may have read it, rotate the links", path, info.Mode().Perm())
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
	temp, err := os.CreateTemp(dir, keyName+"-*") // with the mode 0600
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
	return path, syncDir(dir)
}

// syncDir makes the names of new files in a directory as durable as their content.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

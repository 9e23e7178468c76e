package bundle

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Write replaces the content of the folder dir by the files.
func (f Files) Write(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for name, text := range f {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Differences describes each file in dir that differs from these files, is missing or is left over.
func (f Files) Differences(dir string) ([]string, error) {
	there := Files{}
	tree := os.DirFS(dir)
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		there[name], err = fs.ReadFile(tree, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	var found []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		text, ok := there[name]
		switch {
		case !ok:
			found = append(found, name+" is missing")
		case !bytes.Equal(text, f[name]):
			found = append(found, fmt.Sprintf("%s is another (%d bytes, should be %d)", name, len(text), len(f[name])))
		}
		delete(there, name)
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		found = append(found, name+" is left over")
	}
	return found, nil
}

// Sources returns the pages' sources, the folder src below the root.
func Sources(root string) fs.FS { return os.DirFS(filepath.Join(root, "src")) }

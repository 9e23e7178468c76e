package tree

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// File is one file of the module.
type File struct {
	Name string // relative to the root, with slashes
	Text string
}

// foreign are the folders, at any depth, of files that are not written by hand:
// tools' own, generated, vendored and test data.
var foreign = []string{".git", ".cache", ".notes", "node_modules", "vendor", "dist", "testdata", "shots"}

// generated matches the first line of a generated file: Go's usual one, and the
// one of static/build.
var generated = regexp.MustCompile(`\A// (Code generated .* DO NOT EDIT|Written by static/build )`)

// Files returns the files that people write and whose names have one of the
// endings, such as ".go", in the order of their names.
func (m Module) Files(endings ...string) ([]File, error) {
	var files []File
	err := filepath.WalkDir(m.Dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if slices.Contains(foreign, entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if !slices.Contains(endings, filepath.Ext(name)) || strings.HasSuffix(name, ".d.ts") || strings.Contains(name, ".min.") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil || generated.Match(text) {
			return err
		}
		relative, err := filepath.Rel(m.Dir, name)
		files = append(files, File{filepath.ToSlash(relative), string(text)})
		return err
	})
	return files, err
}

// Lines returns the number of lines of a file.
func (f File) Lines() int { return strings.Count(f.Text, "\n") }

// IsTest reports whether a Go file is compiled for tests only.
func (f File) IsTest() bool { return strings.HasSuffix(f.Name, "_test.go") }

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// maxPicture is the size that a picture of the documents may have, in bytes. e2e, which makes the
// pictures, has the same limit.
const maxPicture = 200 << 10

// markdownPicture finds a picture in Markdown: its description and its file.
var markdownPicture = regexp.MustCompile(`!\[([^\]]*)\]\(([^)\s]+)\)`)

// TestDocs_PicturesAreSmallNamedAndUsed holds the documents and docs/images to each other: each
// picture that is named exists, is small and is described, and each file is named.
func TestDocs_PicturesAreSmallNamedAndUsed(t *testing.T) {
	root := ourModule(t).Dir
	named := map[string]bool{}
	for _, f := range ourFiles(t, ".md") {
		for _, m := range markdownPicture.FindAllStringSubmatch(f.Text, -1) {
			name := filepath.Join(filepath.Dir(f.Name), m[2])
			named[name] = true
			info, err := os.Stat(filepath.Join(root, name))
			switch {
			case err != nil:
				t.Errorf("%s: %v", f.Name, err)
			case info.Size() > maxPicture:
				t.Errorf("%s has %d bytes, more than %d", name, info.Size(), maxPicture)
			}
			if m[1] == "" {
				t.Errorf("%s: %s has no description", f.Name, m[2])
			}
		}
	}
	err := filepath.WalkDir(filepath.Join(root, "docs", "images"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err == nil && !named[name] {
			t.Errorf("no document names %s", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if len(named) < 10 {
		t.Errorf("only %d pictures are named", len(named))
	}
}

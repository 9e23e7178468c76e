package tree

import (
	"os"
	"path/filepath"
	"testing"
)

func TestModule_FolderForModulePathsOfAnyLength(t *testing.T) {
	for _, module := range []string{"name", "name.example", "corp/name", "code.example/owner/name"} {
		m := Module{Path: module}
		for path, want := range map[string]string{
			module:                       ".",
			module + "/server":           "server",
			module + "/static/build":     "static/build",
			module + "other/server":      module + "other/server",
			"code.example/other/library": "code.example/other/library",
		} {
			if got := m.Folder(path); got != want {
				t.Errorf("module %s: the folder of %s is %q, want %q", module, path, got, want)
			}
		}
	}
}

func TestModule_StandardIsNeitherOwnNorOfAHost(t *testing.T) {
	for _, module := range []string{"name", "name.example", "corp/name", "code.example/owner/name"} {
		m := Module{Path: module}
		for path, want := range map[string]bool{
			"net/http":                   true,
			"fmt":                        true,
			module:                       false,
			module + "/wire":             false,
			"code.example/other/library": false,
		} {
			if got := m.Standard(path); got != want {
				t.Errorf("module %s: Standard(%s) = %v", module, path, got)
			}
		}
	}
}

func TestFind_ReturnsTheRootFromAFolderBelow(t *testing.T) {
	m, err := Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(m.Dir, "go.mod")); err != nil {
		t.Error(err)
	}
	packages, err := m.Packages(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages {
		if p.Folder == "internal/checks/tree" {
			return
		}
	}
	t.Errorf("this package is not among the %d of %s", len(packages), m.Path)
}

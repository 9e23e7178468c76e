package main

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/matchfloor/matchfloor/internal/checks/tree"
)

// The tests in files with the constraint !race read the module's files in one
// goroutine: the race detector would make them many times as expensive and find
// nothing.

// The module is looked up, and its Go files are parsed, once for all tests.
var (
	findModule = sync.OnceValues(func() (tree.Module, error) { return tree.Find(context.Background()) })
	parseAll   = sync.OnceValues(func() ([]tree.Source, error) {
		m, err := findModule()
		if err != nil {
			return nil, err
		}
		return m.Sources()
	})
)

func ourModule(t *testing.T) tree.Module {
	t.Helper()
	m, err := findModule()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func goSources(t *testing.T) []tree.Source {
	t.Helper()
	sources, err := parseAll()
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

// ourFiles returns the files that people write, by the endings of their names.
func ourFiles(t *testing.T, endings ...string) []tree.File {
	t.Helper()
	files, err := ourModule(t).Files(endings...)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// goList lists the packages of the module, with flags of `go list`.
func goList(t *testing.T, flags ...string) []tree.Package {
	t.Helper()
	packages, err := ourModule(t).List(t.Context(), flags...)
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

// readFile returns the text of a file, which is named from the root.
func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(ourModule(t).Dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

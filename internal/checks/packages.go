package main

import (
	"context"
	"slices"
	"strings"

	"github.com/matchfloor/matchfloor/internal/checks/tree"
)

// withProcesses are the folders of the tests that start this module's programs.
var withProcesses = []string{"e2e", "examples"}

// inProcess lists the packages outside of withProcesses. The tests there need no
// program but the test binary; those that need a Redis server start it themselves.
func inProcess(ctx context.Context) ([]tree.Package, error) {
	module, err := tree.Find(ctx)
	if err != nil {
		return nil, err
	}
	packages, err := module.Packages(ctx)
	if err != nil {
		return nil, err
	}
	for _, folder := range withProcesses {
		packages = outsideOf(packages, folder)
	}
	return packages, nil
}

// outsideOf returns the packages that are neither in a folder nor below it.
func outsideOf(packages []tree.Package, folder string) []tree.Package {
	return slices.DeleteFunc(slices.Clone(packages), func(p tree.Package) bool {
		return p.Folder == folder || strings.HasPrefix(p.Folder, folder+"/")
	})
}

// below returns patterns of the packages in and below some folders.
func below(folders []string) (patterns []string) {
	for _, folder := range folders {
		patterns = append(patterns, "./"+folder+"/...")
	}
	return patterns
}

// sequential lists the folders whose packages start no goroutine and share nothing
// that changes: the race detector would make their tests ten times as expensive and
// find nothing.
var sequential = []string{
	"workbook", "demo", "demo/make", "static", "static/build", "static/bundle",
	"internal/checks/house", "internal/checks/tree", "internal/checks/words",
}

// longest lists the folders whose tests last longest, those first.
var longest = []string{
	"journal/redisjournal", "server", "internal/cli", "journal/sqlitejournal", "internal/ws", "workbook",
	"client", "internal/checks", "hub",
}

// longestFirst returns the packages in the order in which to start their tests, so
// that no long one is left when all others have ended.
func longestFirst(packages []tree.Package) []tree.Package {
	rank := func(p tree.Package) int {
		if i := slices.Index(longest, p.Folder); i >= 0 {
			return i
		}
		return len(longest)
	}
	return slices.SortedStableFunc(slices.Values(packages), func(a, b tree.Package) int { return rank(a) - rank(b) })
}

// concurrent returns the packages that the race detector runs.
func concurrent(packages []tree.Package) []tree.Package {
	return slices.DeleteFunc(slices.Clone(packages), func(p tree.Package) bool {
		return slices.Contains(sequential, p.Folder)
	})
}

func importPaths(packages []tree.Package) []string {
	var paths []string
	for _, p := range packages {
		paths = append(paths, p.ImportPath)
	}
	return paths
}

package main

import (
	"context"
	"slices"
	"strings"

	"github.com/matchfloor/matchfloor/internal/checks/tree"
)

// inProcess lists the packages whose tests need no program but the test binary,
// which is all but e2e; the tests that need a Redis server start it themselves.
func inProcess(ctx context.Context) ([]tree.Package, error) {
	module, err := tree.Find(ctx)
	if err != nil {
		return nil, err
	}
	packages, err := module.Packages(ctx)
	if err != nil {
		return nil, err
	}
	return outsideOf(packages, "e2e"), nil
}

// outsideOf returns the packages that are neither in a folder nor below it.
func outsideOf(packages []tree.Package, folder string) []tree.Package {
	return slices.DeleteFunc(slices.Clone(packages), func(p tree.Package) bool {
		return p.Folder == folder || strings.HasPrefix(p.Folder, folder+"/")
	})
}

// sequential lists the folders whose packages start no goroutine and are shared
// by none: the race detector would make their tests ten times as expensive and
// find nothing.
var sequential = []string{"workbook", "demo", "demo/make", "static/build", "static/bundle"}

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

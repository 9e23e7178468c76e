package main

import (
	"slices"
	"testing"

	"github.com/matchfloor/matchfloor/internal/checks/tree"
)

// listed makes packages of a module as tree lists them.
func listed(module string, paths ...string) []tree.Package {
	m := tree.Module{Path: module}
	var packages []tree.Package
	for _, path := range paths {
		packages = append(packages, tree.Package{ImportPath: path, Folder: m.Folder(path)})
	}
	return packages
}

func TestConcurrent_LeavesOutSequentialFoldersUnderAnyModulePath(t *testing.T) {
	for _, module := range []string{"name", "code.example/owner/name"} {
		packages := listed(module, module, module+"/hub", module+"/"+sequential[0], module+"/static/build")
		want := []string{module, module + "/hub"}
		if got := importPaths(concurrent(packages)); !slices.Equal(got, want) {
			t.Errorf("module %s: the race detector runs %v, want %v", module, got, want)
		}
	}
}

func TestSequential_FoldersAreThere(t *testing.T) {
	packages, err := inProcess(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if left := len(packages) - len(concurrent(packages)); left != len(sequential) {
		t.Errorf("%d packages are spared the race detector, but sequential names %d", left, len(sequential))
	}
}

func TestLongestFirst_KeepsTheOrderOfTheRest(t *testing.T) {
	const module = "code.example/owner/name"
	packages := listed(module, module+"/b", module+"/"+longest[1], module+"/a", module+"/"+longest[0])
	want := []string{module + "/" + longest[0], module + "/" + longest[1], module + "/b", module + "/a"}
	if got := importPaths(longestFirst(packages)); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLongest_FoldersAreThere(t *testing.T) {
	packages, err := inProcess(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range longestFirst(packages)[:len(longest)] {
		if p.Folder != longest[i] {
			t.Errorf("there is no package in %s", longest[i])
			break
		}
	}
}

func TestOutsideOf_DropsOnlyTheFolder(t *testing.T) {
	const module = "code.example/owner/name"
	packages := listed(module, module+"/e2e", module+"/e2e/browser", module+"/hub/e2e", module+"/e2edge")
	want := []string{module + "/hub/e2e", module + "/e2edge"}
	if got := importPaths(outsideOf(packages, "e2e")); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

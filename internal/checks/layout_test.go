//go:build !race

package main

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/internal/checks/tree"
)

// This file holds the table of docs/ARCHITECTURE.md: which folder may import
// which, and which packages must never be linked into it. It looks at what is
// compiled into a program, not at tests, which may compare packages with each
// other.

// layer is a row of the table.
type layer struct {
	may   []string // folders of ours that it may import
	never []string // packages that it must not depend on, by prefix
}

var (
	sockets   = []string{"github.com/gorilla/websocket"}
	web       = []string{"github.com/labstack/echo"}
	redisLibs = []string{"github.com/redis/go-redis"}
	sqlLibs   = []string{"database/sql", "modernc.org/sqlite"}
	live      = []string{"hub", "server"} // ours
)

// anything marks a folder that may import every other.
const anything = "*"

// layers lists all folders there may be. A folder below belongs to the nearest
// one above it that is named here.
var layers = map[string]layer{
	".":                     {may: []string{"internal/cli"}},
	"floor":                 {may: []string{"internal/hamt"}, never: slices.Concat(sockets, web, redisLibs, sqlLibs)},
	"journal":               {},
	"journal/sqlitejournal": {may: []string{"journal"}},
	"journal/redisjournal":  {may: []string{"journal"}},
	"wire":                  {may: []string{"floor", "journal"}, never: slices.Concat(sockets, web, redisLibs, sqlLibs)},
	"hub":                   {may: slices.Concat(domain, []string{"hub/session", "hub/replica", "hub/presence", "hub/history"}), never: slices.Concat(sockets, web, redisLibs, sqlLibs)},
	"hub/session":           {may: slices.Concat(domain, []string{"hub/replica", "hub/history", "hub/presence"}), never: slices.Concat(sockets, web, redisLibs, sqlLibs)},
	"hub/replica":           {may: slices.Concat(domain, []string{"hub/history"}), never: slices.Concat(sockets, web, redisLibs, sqlLibs)},
	"hub/history":           {may: domain, never: slices.Concat(sockets, web, redisLibs, sqlLibs)},
	"hub/presence":          {may: domain, never: slices.Concat(sockets, web, redisLibs, sqlLibs)},
	"server": {may: slices.Concat(domain, []string{
		"server/reply", "server/limit", "server/origin", "server/auth", "server/fallback", "server/ops",
		"hub", "hub/session", "workbook", "static", "internal/ws",
	}), never: slices.Concat(redisLibs, sqlLibs)},
	"server/reply":      {may: domain, never: slices.Concat(redisLibs, sqlLibs)},
	"server/limit":      {may: domain, never: slices.Concat(redisLibs, sqlLibs)},
	"server/origin":     {may: domain, never: slices.Concat(redisLibs, sqlLibs)},
	"server/auth":       {may: slices.Concat(domain, []string{"server/reply", "server/limit", "server/origin", "hub", "hub/session"}), never: slices.Concat(redisLibs, sqlLibs)},
	"server/fallback":   {may: slices.Concat(domain, []string{"server/reply", "server/limit", "server/origin", "server/auth", "hub", "hub/session"}), never: slices.Concat(redisLibs, sqlLibs)},
	"server/ops":        {may: slices.Concat(domain, []string{"server/reply", "hub"}), never: slices.Concat(redisLibs, sqlLibs)},
	"client":            {may: domain, never: live},
	"workbook":          {may: []string{"floor"}},
	"demo":              {may: []string{"workbook", "floor"}},
	"static":            {},
	"internal/cli":      {may: []string{anything}},
	"internal/node":     {may: []string{anything}},
	"internal/ws":       {never: slices.Concat(web, redisLibs, sqlLibs)},
	"internal/hamt":     {never: slices.Concat(sockets, web, redisLibs, sqlLibs)},
	"internal/simulate": {may: slices.Concat(domain, []string{"client", "workbook"}), never: live},
	"internal/loadtest": {may: slices.Concat(domain, []string{"client", "internal/simulate", "workbook"}), never: live},
	"internal/golden":   {},
	"internal/compare":  {},
	"internal/checks":   {may: []string{anything}},
	"e2e":               {may: []string{anything}},
	"examples":          {may: slices.Concat(domain, []string{"client"}), never: live},
	".ci":               {},
	".github":           {},
	"docs":              {},
	"deploy":            {},
}

// domain lists the folders that every live part may use: the domain, its log and its frames.
var domain = []string{"floor", "journal", "wire"}

// positionOnly lists the folders that use nothing of the journal package but
// what journal/position.go declares.
var positionOnly = []string{"wire", "client", "internal/simulate", "internal/loadtest"}

// floorNever lists the packages of the standard library that would make the
// domain depend on something other than its arguments.
var floorNever = []string{
	"context", "crypto/rand", "hash/maphash", "log", "math/rand", "net", "os",
	"runtime", "syscall",
}

// layerOf returns the nearest folder above, or at, that the table names.
func layerOf(folder string) (string, bool) {
	for ; folder != "."; folder = path.Dir(folder) {
		if _, named := layers[folder]; named {
			return folder, true
		}
	}
	return ".", false
}

func TestLayout_PackagesImportOnlyWhatTheTableAllows(t *testing.T) {
	module := ourModule(t)
	for _, p := range goList(t) {
		own, named := layerOf(p.Folder)
		if !named && p.Folder != "." {
			t.Errorf("%s is in no folder of the table", p.ImportPath)
			continue
		}
		for _, dep := range p.Imports {
			if !module.Owns(dep) {
				continue
			}
			if target, _ := layerOf(module.Folder(dep)); target != own && !allows(layers[own].may, target) {
				t.Errorf("%s imports %s; its row of the table allows %v", p.ImportPath, dep, layers[own].may)
			}
		}
		for _, dep := range reaches(module, p) {
			if hasPrefix(module.Folder(dep), layers[own].never) {
				t.Errorf("%s depends on %s, which %s must never do", p.ImportPath, dep, own)
			}
		}
	}
}

// reaches returns the packages that a package links: what it imports of the
// standard library, and of all others also what they import in turn. (The
// imports within the standard library say nothing of us: Prometheus' collectors
// import database/sql, and a server with metrics may.)
func reaches(module tree.Module, p tree.Package) []string {
	return slices.Concat(p.Imports, slices.DeleteFunc(slices.Clone(p.Deps), module.Standard))
}

// allows reports whether a folder may import target: none imports the root, the
// end-to-end tests or the checks.
func allows(may []string, target string) bool {
	if slices.Contains(may, anything) {
		return target != "." && target != "e2e" && target != "internal/checks"
	}
	return slices.Contains(may, target)
}

// hasPrefix reports whether a package is one of the prefixes or below one.
func hasPrefix(pkg string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool {
		return pkg == prefix || strings.HasPrefix(pkg, prefix+"/")
	})
}

func TestLayout_FloorImportsNothingButItsArgumentsNeed(t *testing.T) {
	for _, p := range goList(t) {
		if own, _ := layerOf(p.Folder); own != "floor" {
			continue
		}
		for _, dep := range p.Imports {
			if hasPrefix(dep, floorNever) && dep != "net/url" { // which only parses text
				t.Errorf("%s imports %s", p.ImportPath, dep)
			}
		}
	}
}

func TestLayout_EveryFolderIsInTheTable(t *testing.T) {
	ignored := strings.Fields(readFile(t, ".gitignore"))
	for _, folder := range foldersIn(t, ".") {
		if folder == ".git" || slices.Contains(ignored, "/"+folder+"/") || slices.Contains(ignored, folder+"/") {
			continue
		}
		if _, named := layers[folder]; named {
			continue
		}
		if !isAboveALayer(folder) {
			t.Errorf("the folder %s is not in the table", folder)
			continue
		}
		for _, below := range foldersIn(t, folder) { // internal: each folder in it is a row
			if _, named := layers[below]; !named {
				t.Errorf("the folder %s is not in the table", below)
			}
		}
	}
}

// foldersIn lists the folders in a folder, both named from the root.
func foldersIn(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(ourModule(t).Dir, folder))
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, entry := range entries {
		if entry.IsDir() {
			folders = append(folders, path.Join(folder, entry.Name()))
		}
	}
	return folders
}

func isAboveALayer(folder string) bool {
	for name := range layers {
		if strings.HasPrefix(name, folder+"/") {
			return true
		}
	}
	return false
}

// TestDependencies_EachIsExplained compares docs/DEPENDENCIES.md with the imports.
func TestDependencies_EachIsExplained(t *testing.T) {
	moduleOf := map[string]string{}
	for _, p := range goList(t, "-deps", "-test") {
		if p.Module != nil {
			moduleOf[p.ImportPath] = p.Module.Path
		}
	}
	explained := explainedModules(t)
	direct := map[string]bool{ourModule(t).Path: true}
	for _, p := range goList(t) {
		for _, dep := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			name := moduleOf[dep]
			if name != "" && !direct[name] && !slices.Contains(explained, name) {
				t.Errorf("%s imports %s; docs/DEPENDENCIES.md does not say why %s is there", p.ImportPath, dep, name)
			}
			direct[name] = true
		}
	}
	required := readFile(t, "go.mod")
	for _, name := range explained {
		if !strings.Contains(required, "\t"+name+" v") {
			t.Errorf("docs/DEPENDENCIES.md explains %s, which go.mod does not require", name)
		}
	}
}

// explainedModules returns the first cells of the Go table: | `module` | why | licence |.
func explainedModules(t *testing.T) []string {
	t.Helper()
	_, table, _ := strings.Cut(readFile(t, "docs/DEPENDENCIES.md"), "## Go modules")
	table, _, _ = strings.Cut(table, "\n## ")
	var names []string
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, "|"); len(cells) == 5 && strings.HasPrefix(cells[1], " `") {
			names = append(names, strings.Trim(cells[1], " `"))
			if strings.TrimSpace(cells[2]) == "" || strings.TrimSpace(cells[3]) == "" {
				t.Errorf("docs/DEPENDENCIES.md lacks a reason or a licence: %s", line)
			}
		}
	}
	if len(names) == 0 {
		t.Error("docs/DEPENDENCIES.md has no table of Go modules")
	}
	return names
}

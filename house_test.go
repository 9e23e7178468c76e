package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"matchfloor/internal/checks/tree"
)

// This file holds the table of docs/ARCHITECTURE.md: which room may import
// which, and what must never come into it. It looks at what is compiled into a
// program, not at tests: those compare rooms with each other.

const module = "matchfloor"

// room is a row of the table.
type room struct {
	may   []string // folders of ours that it may import
	never []string // packages that must not come into it, by prefix
}

var (
	sockets   = []string{"github.com/gorilla/websocket"}
	web       = []string{"github.com/labstack/echo"}
	redisLibs = []string{"github.com/redis/go-redis"}
	sqlLibs   = []string{"database/sql", "modernc.org/sqlite"}
	live      = []string{module + "/hub", module + "/server"}
)

// anything marks a room that may import every other.
const anything = "*"

// rooms are all folders there may be; what lies deeper belongs to the nearest
// one above it that is named here.
var rooms = map[string]room{
	".":                     {may: []string{anything}},
	"floor":                 {never: slices.Concat(sockets, web, redisLibs, sqlLibs)},
	"journal":               {},
	"journal/sqlitejournal": {may: []string{"journal"}},
	"journal/redisjournal":  {may: []string{"journal"}},
	"wire":                  {may: []string{"floor", "journal"}, never: slices.Concat(sockets, web, redisLibs, sqlLibs)},
	"hub":                   {may: []string{"floor", "journal", "wire"}, never: slices.Concat(sockets, web, redisLibs, sqlLibs)},
	"server":                {may: []string{"hub", "wire", "floor", "journal", "sheet", "static"}, never: slices.Concat(redisLibs, sqlLibs)},
	"client":                {may: []string{"wire", "floor", "journal"}, never: live},
	"sheet":                 {may: []string{"floor"}},
	"crowd":                 {may: []string{"client", "wire", "floor", "sheet", "journal"}, never: live},
	"demo":                  {may: []string{"sheet", "floor"}},
	"static":                {},
	"internal":              {},
	"e2e":                   {may: []string{anything}},
	".ci":                   {},
	"internal/checks":       {may: []string{anything}},
	"docs":                  {},
}

// positionOnly are the rooms to which a journal is a Position and nothing
// else: of its package they name what journal/position.go declares.
var positionOnly = []string{"wire", "client", "crowd"}

// floorNever are the packages of the standard library that would make the
// domain depend on something beside its arguments.
var floorNever = []string{
	"context", "crypto/rand", "hash/maphash", "log", "math/rand", "net", "os",
	"runtime", "syscall",
}

// goPackage is what `go list` says of a package.
type goPackage struct {
	ImportPath   string
	Dir          string
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
	GoFiles      []string
	Module       *struct{ Path string }
}

// folder is the package's path below the root, "." for the root itself.
func (p goPackage) folder() string {
	if p.ImportPath == module {
		return "."
	}
	return strings.TrimPrefix(p.ImportPath, module+"/")
}

func (p goPackage) ours() bool {
	return p.ImportPath == module || strings.HasPrefix(p.ImportPath, module+"/")
}

// goList answers every package of the repository, with -deps also what they
// import. It fails the test where the tree cannot be listed.
func goList(t *testing.T, args ...string) []goPackage {
	t.Helper()
	args = slices.Concat([]string{"list", "-json=ImportPath,Dir,Standard,Imports,TestImports,XTestImports,Deps,GoFiles,Module"}, args, []string{"./..."})
	out, err := exec.CommandContext(t.Context(), "go", args...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %s", exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// roomOf is the nearest folder above, or at, that the table names.
func roomOf(folder string) (string, bool) {
	for ; folder != "."; folder = path.Dir(folder) {
		if _, named := rooms[folder]; named {
			return folder, true
		}
	}
	return ".", false
}

func TestRoomsImportOnlyWhatTheTableAllows(t *testing.T) {
	for _, p := range goList(t) {
		own, named := roomOf(p.folder())
		if !named && p.folder() != "." {
			t.Errorf("%s is in no room of the table", p.ImportPath)
			continue
		}
		for _, dep := range p.Imports {
			other := goPackage{ImportPath: dep}
			if !other.ours() {
				continue
			}
			if target, _ := roomOf(other.folder()); target != own && !allows(rooms[own].may, target) {
				t.Errorf("%s imports %s; its room may import %v", p.ImportPath, dep, rooms[own].may)
			}
		}
		for _, dep := range reaches(p) {
			if hasPrefix(dep, rooms[own].never) {
				t.Errorf("%s depends on %s, which must never come into %s", p.ImportPath, dep, own)
			}
		}
	}
}

// reaches are the packages that a package brings in: what it imports of the
// standard library, and of the rest also what that imports in its turn. (The
// standard library's own turns say nothing of us: Prometheus' collectors know
// database/sql, and a server with metrics is no worse for it.)
func reaches(p goPackage) []string {
	return slices.Concat(p.Imports, slices.DeleteFunc(slices.Clone(p.Deps), func(dep string) bool {
		return tree.Module{Path: module}.Standard(dep)
	}))
}

// allows reports whether a room may import target: nobody imports the root or
// the end-to-end tests.
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

func TestFloorImportsNothingThatItsArgumentsDoNotSay(t *testing.T) {
	for _, p := range goList(t) {
		if own, _ := roomOf(p.folder()); own != "floor" {
			continue
		}
		for _, dep := range p.Imports {
			if hasPrefix(dep, floorNever) && dep != "net/url" { // which only reads text
				t.Errorf("%s imports %s", p.ImportPath, dep)
			}
		}
	}
}

func TestEveryFolderIsARoom(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	ignored := strings.Fields(readFile(t, ".gitignore"))
	for _, entry := range entries {
		name := entry.Name()
		if !entry.IsDir() || name == ".git" || slices.Contains(ignored, "/"+name+"/") || slices.Contains(ignored, name+"/") {
			continue
		}
		if _, named := rooms[name]; !named && name != "internal" { // whose folders are rows, as the packages show
			t.Errorf("the folder %s is not in the table", name)
		}
	}
}

// TestDependenciesAreExplained holds docs/DEPENDENCIES.md to what is imported.
func TestDependenciesAreExplained(t *testing.T) {
	moduleOf := map[string]string{}
	for _, p := range goList(t, "-deps", "-test") {
		if p.Module != nil {
			moduleOf[p.ImportPath] = p.Module.Path
		}
	}
	explained := explainedModules(t)
	direct := map[string]bool{module: true}
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

// explainedModules are the first cells of the Go table: | `module` | why | licence |.
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

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

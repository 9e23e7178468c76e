// Package house measures how the Go packages of a module are built: their size,
// their longest functions, the methods of their types, and how many of their
// files depend on each other in a cycle.
package house

import (
	"cmp"
	"context"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/matchfloor/matchfloor/internal/checks/tree"
)

// Tangle says how many of a package's files depend on each other.
type Tangle struct {
	Folder string
	Files  int      // without tests, as compiled for Linux
	Cycle  []string // the largest set of files each of which needs every other, sorted
}

// Percent returns the share of files in the cycle, rounded down.
func (t Tangle) Percent() int { return 100 * len(t.Cycle) / max(1, t.Files) }

// Tangles type-checks every package of the module and returns its tangle. A file
// needs another file of its package if it uses an identifier that the other one
// declares; a method or a field is declared where it is written. The largest
// strongly connected component of that graph is the cycle; a single file is none.
func Tangles(ctx context.Context, m tree.Module) ([]Tangle, error) {
	packages, err := m.List(ctx, "-deps", "-export")
	if err != nil {
		return nil, err
	}
	export := map[string]string{}
	for _, p := range packages {
		export[p.ImportPath] = p.Export
	}
	set := token.NewFileSet()
	imports := importer.ForCompiler(set, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(export[path])
	})
	var tangles []Tangle
	for _, p := range packages {
		if !m.Owns(p.ImportPath) || len(p.GoFiles) == 0 {
			continue
		}
		needs, err := fileGraph(set, imports, p)
		if err != nil {
			return nil, err
		}
		tangles = append(tangles, Tangle{p.Folder, len(p.GoFiles), largestCycle(needs)})
	}
	slices.SortFunc(tangles, func(a, b Tangle) int { return strings.Compare(a.Folder, b.Folder) })
	return tangles, nil
}

// fileGraph returns, for each file of a package, which others it needs.
func fileGraph(set *token.FileSet, imports types.Importer, p tree.Package) (map[string][]string, error) {
	var files []*ast.File
	needs := map[string][]string{}
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
		needs[name] = nil
	}
	info := types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: imports}
	own, err := config.Check(p.ImportPath, set, files, &info)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.ImportPath, err)
	}
	for id, object := range info.Uses {
		if object.Pkg() != own || !object.Pos().IsValid() {
			continue
		}
		from, to := fileOf(set, id.Pos()), fileOf(set, object.Pos())
		if from != to && !slices.Contains(needs[from], to) {
			needs[from] = append(needs[from], to)
		}
	}
	return needs, nil
}

func fileOf(set *token.FileSet, pos token.Pos) string {
	return filepath.Base(set.Position(pos).Filename)
}

// largestCycle returns the largest strongly connected component of a graph,
// sorted; nil if each has one node only. Of two of a size it returns the one
// that comes first in the alphabet.
func largestCycle(needs map[string][]string) []string {
	var largest []string
	for _, component := range components(needs) {
		slices.Sort(component)
		if len(component) > 1 && cmp.Or(cmp.Compare(len(largest), len(component)), slices.Compare(component, largest)) < 0 {
			largest = component
		}
	}
	return largest
}

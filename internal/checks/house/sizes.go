package house

import (
	"cmp"
	"go/ast"
	"maps"
	"slices"
	"strings"

	"github.com/matchfloor/matchfloor/internal/checks/tree"
)

// The limits that have no exception.
const (
	MaxFile     = 500 // lines of a file, tests too
	MaxFunction = 60  // lines of a function outside of tests
)

// Size is a number of lines and where they are.
type Size struct {
	Where string // a folder, or a file with or without a line
	Name  string // of a function
	Lines int
}

// PackageSizes returns the lines of each package without its tests, the largest
// first.
func PackageSizes(sources []tree.Source) []Size {
	lines := map[string]int{}
	for _, s := range sources {
		if !s.IsTest() {
			lines[s.Folder()] += s.Lines()
		}
	}
	var sizes []Size
	for _, folder := range slices.Sorted(maps.Keys(lines)) {
		sizes = append(sizes, Size{Where: folder, Lines: lines[folder]})
	}
	return largestFirst(sizes)
}

// FilesOver returns the files of more than n lines, the largest first.
func FilesOver(n int, files []tree.File) []Size {
	var sizes []Size
	for _, f := range files {
		if f.Lines() > n {
			sizes = append(sizes, Size{Where: f.Name, Lines: f.Lines()})
		}
	}
	return largestFirst(sizes)
}

// FunctionsOver returns the functions of more than n lines outside of tests, the
// largest first. A function literal within a function is not counted again.
func FunctionsOver(n int, sources []tree.Source) []Size {
	var sizes []Size
	for _, s := range sources {
		if s.IsTest() {
			continue
		}
		ast.Inspect(s.Syntax, func(node ast.Node) bool {
			name := "a literal"
			switch f := node.(type) {
			case *ast.FuncDecl:
				name = f.Name.Name
			case *ast.FuncLit:
			default:
				return true
			}
			if lines := s.Length(node); lines > n {
				sizes = append(sizes, Size{s.At(node), name, lines})
			}
			return false
		})
	}
	return largestFirst(sizes)
}

// Median returns the median of sizes that are sorted.
func Median(sizes []Size) int {
	if len(sizes) == 0 {
		return 0
	}
	return sizes[len(sizes)/2].Lines
}

func largestFirst(sizes []Size) []Size {
	slices.SortFunc(sizes, func(a, b Size) int {
		return cmp.Or(cmp.Compare(b.Lines, a.Lines), strings.Compare(a.Where, b.Where))
	})
	return sizes
}

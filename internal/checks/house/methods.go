package house

import (
	"cmp"
	"go/ast"
	"slices"
	"strings"

	"github.com/matchfloor/matchfloor/internal/checks/tree"
)

// MethodSet says how many methods a type has and in which files they are.
type MethodSet struct {
	Folder, Type string
	Methods      int
	Files        []string // with tests left out
}

// MethodSets returns the types with methods outside of tests, those with the most
// methods first.
func MethodSets(sources []tree.Source) []MethodSet {
	type key struct{ folder, name string }
	index := map[key]int{}
	var sets []MethodSet
	for _, s := range sources {
		if s.IsTest() {
			continue
		}
		for _, decl := range s.Syntax.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv == nil {
				continue
			}
			k := key{s.Folder(), receiver(f)}
			i, known := index[k]
			if !known {
				i = len(sets)
				index[k] = i
				sets = append(sets, MethodSet{Folder: k.folder, Type: k.name})
			}
			sets[i].Methods++
			if !slices.Contains(sets[i].Files, s.Name) {
				sets[i].Files = append(sets[i].Files, s.Name)
			}
		}
	}
	slices.SortStableFunc(sets, func(a, b MethodSet) int {
		return cmp.Or(cmp.Compare(b.Methods, a.Methods), strings.Compare(a.Folder, b.Folder), strings.Compare(a.Type, b.Type))
	})
	return sets
}

// receiver returns the name of the type that a method belongs to.
func receiver(f *ast.FuncDecl) string {
	expr := f.Recv.List[0].Type
	for {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.ParenExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		case *ast.Ident:
			return e.Name
		default:
			return ""
		}
	}
}

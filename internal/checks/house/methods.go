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
			k := key{s.Folder(), ReceiverType(f)}
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

// ReceiverType returns the name of the type that a method belongs to, without the
// type's parameters. It returns "" for a function.
func ReceiverType(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	expr := f.Recv.List[0].Type
	if pointer, ok := expr.(*ast.StarExpr); ok {
		expr = pointer.X
	}
	switch generic := expr.(type) {
	case *ast.IndexExpr:
		expr = generic.X
	case *ast.IndexListExpr:
		expr = generic.X
	}
	name, ok := expr.(*ast.Ident)
	if !ok {
		return ""
	}
	return name.Name
}

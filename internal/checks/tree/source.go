package tree

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"strconv"
)

// Source is one parsed Go file of the module.
type Source struct {
	File
	Syntax *ast.File
	set    *token.FileSet
}

// Sources parses the Go files that people write, for every system and with the
// tests.
func (m Module) Sources() ([]Source, error) {
	files, err := m.Files(".go")
	if err != nil {
		return nil, err
	}
	var sources []Source
	set := token.NewFileSet()
	for _, file := range files {
		syntax, err := parser.ParseFile(set, file.Name, file.Text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		sources = append(sources, Source{file, syntax, set})
	}
	return sources, nil
}

// Folder returns the folder of the file; "." is the root.
func (s Source) Folder() string { return path.Dir(s.Name) }

// Line returns the line in which a position lies.
func (s Source) Line(pos token.Pos) int { return s.set.Position(pos).Line }

// At returns where a node begins, as "name:line".
func (s Source) At(node ast.Node) string { return fmt.Sprintf("%s:%d", s.Name, s.Line(node.Pos())) }

// Length returns the number of lines of a node.
func (s Source) Length(node ast.Node) int { return s.Line(node.End()) - s.Line(node.Pos()) + 1 }

// Selects returns the name that an expression selects from an imported package:
// "Now" for time.Now and the package "time".
func (s Source) Selects(e ast.Expr, pkg string) (name string, ok bool) {
	selector, ok := e.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	id, ok := selector.X.(*ast.Ident)
	if !ok || id.Name != s.LocalName(pkg) {
		return "", false
	}
	return selector.Sel.Name, true
}

// LocalName returns the name that the file gives a package that it imports, or
// "" if it does not import it.
func (s Source) LocalName(pkg string) string {
	for _, imported := range s.Syntax.Imports {
		if p, _ := strconv.Unquote(imported.Path.Value); p != pkg {
			continue
		}
		if imported.Name != nil {
			return imported.Name.Name
		}
		return path.Base(pkg)
	}
	return ""
}

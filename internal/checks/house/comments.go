package house

import (
	"fmt"
	"go/ast"
	"math/rand/v2"
	"strings"

	"github.com/matchfloor/matchfloor/internal/checks/tree"
)

// SampleComments returns n doc comments of a folder's package, each with where it
// is and the first line of what it describes, in random order. The same seed
// gives the same sample of the same files. Tests are left out.
func SampleComments(sources []tree.Source, folder string, n int, seed uint64) []string {
	var all []string
	for _, s := range sources {
		if s.IsTest() || s.Folder() != folder {
			continue
		}
		lines := strings.Split(s.Text, "\n")
		for _, doc := range docComments(s.Syntax) {
			described := ""
			if next := s.Line(doc.End()); next < len(lines) {
				described = strings.TrimSpace(lines[next])
			}
			text := strings.TrimSpace(doc.Text())
			all = append(all, fmt.Sprintf("%s\n\t%s\n\t%s\n", s.At(doc), strings.ReplaceAll(text, "\n", "\n\t"), described))
		}
	}
	random := rand.New(rand.NewPCG(seed, seed))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(n, len(all))]
}

// docComments returns the doc comments of a file's declarations and of the fields
// of its types, without directives that stand alone.
func docComments(file *ast.File) []*ast.CommentGroup {
	var docs []*ast.CommentGroup
	ast.Inspect(file, func(node ast.Node) bool {
		var doc *ast.CommentGroup
		switch n := node.(type) {
		case *ast.File:
			doc = n.Doc
		case *ast.FuncDecl:
			doc = n.Doc
		case *ast.GenDecl:
			doc = n.Doc
		case *ast.TypeSpec:
			doc = n.Doc
		case *ast.ValueSpec:
			doc = n.Doc
		case *ast.Field:
			doc = n.Doc
		case *ast.BlockStmt:
			return false
		}
		if doc != nil && strings.TrimSpace(doc.Text()) != "" {
			docs = append(docs, doc)
		}
		return true
	})
	return docs
}

package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"

	"github.com/matchfloor/matchfloor/internal/checks/tree"
)

// goProse returns the comments of a Go file, and its string literals of more
// than one word: the texts of errors, logs and helps are among them. Import
// paths and struct tags are not prose.
func goProse(file tree.File) ([]paragraph, error) {
	set := token.NewFileSet()
	syntax, err := parser.ParseFile(set, file.Name, file.Text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var prose []paragraph
	for _, group := range syntax.Comments {
		p := paragraph{first: set.Position(group.Pos()).Line, comment: true}
		for _, comment := range group.List {
			p.lines = append(p.lines, commentLines(comment.Text)...)
		}
		prose = append(prose, p)
	}
	var tag *ast.BasicLit // of the field that was visited last
	ast.Inspect(syntax, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			tag = n.Tag
		case *ast.BasicLit:
			text, err := strconv.Unquote(n.Value)
			if n != tag && n.Kind == token.STRING && err == nil && strings.Contains(text, " ") {
				prose = append(prose, paragraph{first: set.Position(n.Pos()).Line, lines: strings.Split(text, "\n")})
			}
		}
		return true
	})
	return prose, nil
}

// commentLines returns the lines of one comment of Go or TypeScript without its
// marks: "//", "/*", "/**" and the asterisk that begins a line.
func commentLines(comment string) []string {
	if rest, ok := strings.CutPrefix(comment, "//"); ok {
		return []string{strings.TrimSpace(rest)}
	}
	lines := strings.Split(strings.TrimSuffix(strings.TrimPrefix(comment, "/*"), "*/"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "*"))
	}
	return lines
}

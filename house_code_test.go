package main_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// This file holds how code is written: sizes, names, comments, and what the
// domain and the tests may not do.

const (
	maxFile     = 500 // lines, tests too
	maxFunction = 60  // lines; a test may be longer, as a day is
	maxMethods  = 5   // of an interface
)

// source is one parsed Go file of ours.
type source struct {
	name string // from the root, with slashes
	room string
	text string
	file *ast.File
	set  *token.FileSet
}

func (s source) isTest() bool { return strings.HasSuffix(s.name, "_test.go") }

func (s source) at(node ast.Node) string {
	return fmt.Sprintf("%s:%d", s.name, s.set.Position(node.Pos()).Line)
}

// calls reports whether an expression is pkg.name of an imported package.
func (s source) calls(e ast.Expr, pkg string) (name string, ok bool) {
	selector, ok := e.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	id, ok := selector.X.(*ast.Ident)
	if !ok || id.Name != s.localName(pkg) {
		return "", false
	}
	return selector.Sel.Name, true
}

// localName is what the file calls a package that it imports, or "".
func (s source) localName(pkg string) string {
	for _, imported := range s.file.Imports {
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

// writtenByProgram matches the first line of what is generated: Go's usual
// one, and the one of static/build.
var writtenByProgram = regexp.MustCompile(`\A// (Code generated .* DO NOT EDIT|Written by static/build )`)

// ourFiles answers the files that people write, by the endings of their names.
// What is generated or someone else's is not ours to size.
func ourFiles(t *testing.T, endings ...string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if foreign := []string{".git", ".cache", ".notes", "node_modules", "vendor", "dist", "testdata", "shots"}; slices.Contains(foreign, entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if slices.Contains(endings, filepath.Ext(name)) && !strings.HasSuffix(name, ".d.ts") && !writtenByProgram.MatchString(readFile(t, name)) {
			files = append(files, filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func goSources(t *testing.T) []source {
	t.Helper()
	var sources []source
	set := token.NewFileSet()
	for _, name := range ourFiles(t, ".go") {
		text := readFile(t, name)
		file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		own, _ := roomOf(path.Dir(name))
		sources = append(sources, source{name, own, text, file, set})
	}
	return sources
}

func TestFilesAreShort(t *testing.T) {
	for _, name := range ourFiles(t, ".go", ".ts", ".tsx", ".lua", ".css") {
		if n := strings.Count(readFile(t, name), "\n"); n > maxFile {
			t.Errorf("%s has %d lines, more than %d: which two purposes has it?", name, n, maxFile)
		}
	}
}

// TestLongTestsAreLeftOut: a plain go test must end within minutes.
func TestLongTestsAreLeftOut(t *testing.T) {
	found := 0
	for _, s := range goSources(t) {
		for _, begin := range regexp.MustCompile(`func TestTorture\w*\(t \*testing\.T\) \{\n.*\n`).FindAllString(s.text, -1) {
			if found++; !strings.HasSuffix(begin, "\n\ttorture(t)\n") {
				t.Errorf("%s: %q does not begin with torture(t)", s.name, begin)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d long tests were found", found)
	}
}

func TestGoFunctionsAreShort(t *testing.T) {
	for _, s := range goSources(t) {
		if s.isTest() {
			continue
		}
		ast.Inspect(s.file, func(node ast.Node) bool {
			switch node.(type) {
			case *ast.FuncDecl, *ast.FuncLit:
				n := s.set.Position(node.End()).Line - s.set.Position(node.Pos()).Line + 1
				if n > maxFunction {
					t.Errorf("%s: a function of %d lines, more than %d", s.at(node), n, maxFunction)
				}
			}
			return true
		})
	}
}

// opensFunction matches a line that begins a function of TypeScript or Lua.
var opensFunction = regexp.MustCompile(`^\s*(export |default |local |static |private |async )*` +
	`(function\b|(const|let) [\w$]+\b.*=>\s*[{(]$|(get |set )?[\w$#]+\(.*\)(: .+)? \{$)`)

// notAFunction matches statements that look like a method's first line.
var notAFunction = regexp.MustCompile(`^\s*(if|for|while|switch|catch|return|with|else)\b`)

// TestPageAndScriptFunctionsAreShort goes by indentation: a function ends where
// its closing bracket, or Lua's end, stands in the column in which it began.
func TestPageAndScriptFunctionsAreShort(t *testing.T) {
	for _, name := range ourFiles(t, ".ts", ".tsx", ".lua") {
		if strings.Contains(name, ".test.") {
			continue
		}
		rows := strings.Split(readFile(t, name), "\n")
		for i, row := range rows {
			if !opensFunction.MatchString(row) || notAFunction.MatchString(row) {
				continue
			}
			if n := blockLength(rows[i:]); n > maxFunction {
				t.Errorf("%s:%d: a function of %d lines, more than %d", name, i+1, n, maxFunction)
			}
		}
	}
}

// blockLength is the number of rows of the block that the first one opens.
func blockLength(rows []string) int {
	indent := rows[0][:len(rows[0])-len(strings.TrimLeft(rows[0], " \t"))]
	for i, row := range rows[1:] {
		rest, same := strings.CutPrefix(row, indent)
		if same && (strings.HasPrefix(rest, "}") || strings.HasPrefix(rest, ")") || strings.HasPrefix(rest, "end")) &&
			!strings.HasSuffix(row, "{") && !strings.HasSuffix(row, "(") {
			return i + 2
		}
	}
	return 1
}

func TestNamesSayWhatThingsAre(t *testing.T) {
	vague := []string{"util", "utils", "common", "helper", "helpers", "misc", "types"}
	bare := []string{"Manager", "Service", "Handler", "Data", "Util"}
	for _, name := range ourFiles(t, ".go", ".ts", ".tsx", ".lua") {
		for part := range strings.SplitSeq(strings.TrimSuffix(name, path.Ext(name)), "/") {
			if slices.Contains(vague, strings.TrimSuffix(part, "_test")) {
				t.Errorf("%s: %q says nothing", name, part)
			}
		}
	}
	for _, s := range goSources(t) {
		ast.Inspect(s.file, func(node ast.Node) bool {
			if spec, ok := node.(*ast.TypeSpec); ok && slices.ContainsFunc(bare, func(b string) bool { return strings.EqualFold(b, spec.Name.Name) }) {
				t.Errorf("%s: the type %s says nothing", s.at(spec), spec.Name.Name)
			}
			return true
		})
	}
}

func TestInterfacesAreSmall(t *testing.T) {
	for _, s := range goSources(t) {
		ast.Inspect(s.file, func(node ast.Node) bool {
			if spec, ok := node.(*ast.TypeSpec); ok {
				if i, ok := spec.Type.(*ast.InterfaceType); ok && i.Methods.NumFields() > maxMethods {
					t.Errorf("%s: %s has %d methods, more than %d", s.at(spec), spec.Name.Name, i.Methods.NumFields(), maxMethods)
				}
			}
			return true
		})
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	said := map[string]bool{}
	for _, s := range goSources(t) {
		if !s.isTest() {
			said[path.Dir(s.name)] = said[path.Dir(s.name)] || s.file.Doc != nil
		}
	}
	for dir, ok := range said {
		if !ok {
			t.Errorf("%s has no package comment", dir)
		}
	}
}

func TestExportedNamesAreDocumented(t *testing.T) {
	for _, s := range goSources(t) {
		if s.isTest() || s.file.Name.Name == "main" {
			continue
		}
		for _, decl := range s.file.Decls {
			for _, name := range undocumented(decl) {
				t.Errorf("%s: %s has no comment", s.at(name), name.Name)
			}
		}
	}
}

// undocumented answers the exported names of a declaration without a comment
// of their own or their group's. Methods that only implement fmt's, errors' or
// encoding's interfaces speak for themselves.
func undocumented(decl ast.Decl) []*ast.Ident {
	known := []string{"String", "Error", "Unwrap", "Is", "MarshalText", "UnmarshalText", "MarshalJSON", "UnmarshalJSON"}
	var names []*ast.Ident
	switch d := decl.(type) {
	case *ast.FuncDecl:
		standard := d.Recv != nil && slices.Contains(known, d.Name.Name)
		if d.Doc == nil && d.Name.IsExported() && !standard && receiverIsExported(d) {
			names = append(names, d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			names = append(names, undocumentedSpec(spec, d.Doc != nil)...)
		}
	}
	return names
}

func undocumentedSpec(spec ast.Spec, groupSays bool) []*ast.Ident {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() && s.Doc == nil && s.Comment == nil && !groupSays {
			return []*ast.Ident{s.Name}
		}
		if i, ok := s.Type.(*ast.InterfaceType); ok && s.Name.IsExported() {
			return undocumentedMethods(i)
		}
	case *ast.ValueSpec:
		if s.Doc == nil && s.Comment == nil && !groupSays {
			return slices.DeleteFunc(slices.Clone(s.Names), func(n *ast.Ident) bool { return !n.IsExported() })
		}
	}
	return nil
}

func undocumentedMethods(i *ast.InterfaceType) []*ast.Ident {
	var names []*ast.Ident
	for _, method := range i.Methods.List {
		if method.Doc == nil && method.Comment == nil && len(method.Names) > 0 && method.Names[0].IsExported() {
			names = append(names, method.Names...)
		}
	}
	return names
}

func receiverIsExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	receiver := d.Recv.List[0].Type
	for {
		switch r := receiver.(type) {
		case *ast.StarExpr:
			receiver = r.X
		case *ast.IndexExpr:
			receiver = r.X
		case *ast.IndexListExpr:
			receiver = r.X
		case *ast.Ident:
			return r.IsExported()
		default:
			return true
		}
	}
}

// TestFloorKeepsNoTimeAndStartsNothing holds what imports alone do not show:
// time's types belong to the domain, its clock does not.
func TestFloorKeepsNoTimeAndStartsNothing(t *testing.T) {
	clock := []string{"Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "Sleep", "Local", "LoadLocation"}
	for _, s := range goSources(t) {
		if s.room != "floor" || s.isTest() {
			continue
		}
		ast.Inspect(s.file, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.GoStmt, *ast.SelectStmt, *ast.SendStmt, *ast.ChanType:
				t.Errorf("%s: the domain starts nothing and waits for nothing", s.at(n))
			case *ast.SelectorExpr:
				if name, ok := s.calls(n, "time"); ok && slices.Contains(clock, name) {
					t.Errorf("%s: time.%s asks the machine, not the arguments", s.at(n), name)
				}
			case *ast.BasicLit:
				if n.Kind == token.STRING && strings.ContainsFunc(n.Value, isCJK) {
					t.Errorf("%s: a sentence belongs to the catalogs", s.at(n))
				}
			}
			return true
		})
	}
}

func isCJK(r rune) bool { return unicode.In(r, unicode.Hangul, unicode.Han) }

func TestPositionIsAllThatSomeRoomsKnowOfTheJournal(t *testing.T) {
	sources := goSources(t)
	var declared []string
	for _, s := range sources {
		if s.name == "journal/position.go" {
			declared = topLevelNames(s.file)
		}
	}
	for _, s := range sources {
		if s.isTest() || !slices.Contains(positionOnly, s.room) {
			continue
		}
		ast.Inspect(s.file, func(node ast.Node) bool {
			if e, ok := node.(ast.Expr); ok {
				if name, ok := s.calls(e, module+"/journal"); ok && !slices.Contains(declared, name) {
					t.Errorf("%s: journal.%s is more than a position", s.at(node), name)
				}
			}
			return true
		})
	}
}

func topLevelNames(file *ast.File) []string {
	var names []string
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					names = append(names, s.Name.Name)
				case *ast.ValueSpec:
					for _, n := range s.Names {
						names = append(names, n.Name)
					}
				}
			}
		}
	}
	return names
}

// TestNoTestSleeps: a sleep is too long on a fast machine and too short on a
// slow one. It may stand in a loop that asks for a condition and has a bound,
// in a bubble of testing/synctest, where it only moves the fake clock, and in
// a benchmark, which nothing waits for.
func TestNoTestSleeps(t *testing.T) {
	for _, s := range goSources(t) {
		if !s.isTest() || s.localName("testing/synctest") != "" {
			continue
		}
		ast.Inspect(s.file, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.FuncDecl:
				return !strings.HasPrefix(n.Name.Name, "Benchmark")
			case *ast.ForStmt:
				return !s.hasBound(n)
			case *ast.SelectorExpr:
				if name, ok := s.calls(n, "time"); ok && name == "Sleep" {
					t.Errorf("%s: wait for a condition with a bound instead of time.Sleep", s.at(n))
				}
			}
			return true
		})
	}
}

// hasBound reports whether a loop looks at a deadline: of a time, or a context's.
func (s source) hasBound(loop *ast.ForStmt) bool {
	bound := false
	ast.Inspect(loop, func(node ast.Node) bool {
		if e, ok := node.(*ast.SelectorExpr); ok {
			bound = bound || slices.Contains([]string{"After", "Before", "Since", "Until", "Err", "Done"}, e.Sel.Name)
		}
		return true
	})
	return bound
}

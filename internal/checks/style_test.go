//go:build !race

package main

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/matchfloor/matchfloor/internal/checks/house"
)

// This file holds how code is written: sizes, names, comments, and what the
// domain and the tests may not do.

const maxMethods = 5 // of an interface

func TestStyle_FilesAreShort(t *testing.T) {
	for _, size := range house.FilesOver(house.MaxFile, ourFiles(t, ".go", ".ts", ".tsx", ".lua", ".css")) {
		t.Errorf("%s has %d lines, more than %d: split it by purpose", size.Where, size.Lines, house.MaxFile)
	}
}

// TestStyle_LongTestsBeginWithTorture: torture skips a test unless the long
// versions are asked for, so that a plain go test ends within minutes.
func TestStyle_LongTestsBeginWithTorture(t *testing.T) {
	found := 0
	for _, s := range goSources(t) {
		for _, begin := range regexp.MustCompile(`func TestTorture\w*\(t \*testing\.T\) \{\n.*\n`).FindAllString(s.Text, -1) {
			if found++; !strings.HasSuffix(begin, "\n\ttorture(t)\n") {
				t.Errorf("%s: %q does not begin with torture(t)", s.Name, begin)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d long tests were found", found)
	}
}

func TestStyle_GoFunctionsAreShort(t *testing.T) {
	for _, size := range house.FunctionsOver(house.MaxFunction, goSources(t)) {
		t.Errorf("%s: %s has %d lines, more than %d", size.Where, size.Name, size.Lines, house.MaxFunction)
	}
}

// opensFunction matches a line that begins a function of TypeScript or Lua.
var opensFunction = regexp.MustCompile(`^\s*(export |default |local |static |private |async )*` +
	`(function\b|(const|let) [\w$]+\b.*=>\s*[{(]$|(get |set )?[\w$#]+\(.*\)(: .+)? \{$)`)

// notAFunction matches statements that look like a method's first line.
var notAFunction = regexp.MustCompile(`^\s*(if|for|while|switch|catch|return|with|else)\b`)

// TestStyle_PageAndScriptFunctionsAreShort goes by indentation: a function ends where
// its closing bracket, or Lua's end, stands in the column in which it began.
func TestStyle_PageAndScriptFunctionsAreShort(t *testing.T) {
	for _, file := range ourFiles(t, ".ts", ".tsx", ".lua") {
		if strings.Contains(file.Name, ".test.") {
			continue
		}
		rows := strings.Split(file.Text, "\n")
		for i, row := range rows {
			if !opensFunction.MatchString(row) || notAFunction.MatchString(row) {
				continue
			}
			if n := blockLength(rows[i:]); n > house.MaxFunction {
				t.Errorf("%s:%d: a function of %d lines, more than %d", file.Name, i+1, n, house.MaxFunction)
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

func TestStyle_NamesSayWhatThingsAre(t *testing.T) {
	vague := []string{"util", "utils", "common", "helper", "helpers", "misc", "types"}
	bare := []string{"Manager", "Service", "Handler", "Data", "Util"}
	for _, file := range ourFiles(t, ".go", ".ts", ".tsx", ".lua") {
		for part := range strings.SplitSeq(strings.TrimSuffix(file.Name, path.Ext(file.Name)), "/") {
			if slices.Contains(vague, strings.TrimSuffix(part, "_test")) {
				t.Errorf("%s: %q says nothing", file.Name, part)
			}
		}
	}
	for _, s := range goSources(t) {
		ast.Inspect(s.Syntax, func(node ast.Node) bool {
			if spec, ok := node.(*ast.TypeSpec); ok && slices.ContainsFunc(bare, func(b string) bool { return strings.EqualFold(b, spec.Name.Name) }) {
				t.Errorf("%s: the type %s says nothing", s.At(spec), spec.Name.Name)
			}
			return true
		})
	}
}

func TestStyle_InterfacesAreSmall(t *testing.T) {
	for _, s := range goSources(t) {
		ast.Inspect(s.Syntax, func(node ast.Node) bool {
			if spec, ok := node.(*ast.TypeSpec); ok {
				if i, ok := spec.Type.(*ast.InterfaceType); ok && i.Methods.NumFields() > maxMethods {
					t.Errorf("%s: %s has %d methods, more than %d", s.At(spec), spec.Name.Name, i.Methods.NumFields(), maxMethods)
				}
			}
			return true
		})
	}
}

func TestStyle_EveryPackageHasAComment(t *testing.T) {
	said := map[string]bool{}
	for _, s := range goSources(t) {
		if !s.IsTest() {
			said[s.Folder()] = said[s.Folder()] || s.Syntax.Doc != nil
		}
	}
	for dir, ok := range said {
		if !ok {
			t.Errorf("%s has no package comment", dir)
		}
	}
}

func TestStyle_ExportedNamesAreDocumented(t *testing.T) {
	for _, s := range goSources(t) {
		if s.IsTest() || s.Syntax.Name.Name == "main" {
			continue
		}
		for _, decl := range s.Syntax.Decls {
			for _, name := range undocumented(decl) {
				t.Errorf("%s: %s has no comment", s.At(name), name.Name)
			}
		}
	}
}

// undocumented returns the exported names of a declaration without a comment
// of their own or their group's. Methods that only implement fmt's, errors' or
// encoding's interfaces need none.
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

// receiverIsExported reports whether a function is not a method, or one of an
// exported type.
func receiverIsExported(d *ast.FuncDecl) bool {
	return d.Recv == nil || ast.IsExported(house.ReceiverType(d))
}

// TestStyle_FloorReadsNoClockAndStartsNothing checks what imports alone do not
// show: the domain uses time's types, but not its clock.
func TestStyle_FloorReadsNoClockAndStartsNothing(t *testing.T) {
	clock := []string{"Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "Sleep", "Local", "LoadLocation"}
	for _, s := range goSources(t) {
		if own, _ := layerOf(s.Folder()); own != "floor" || s.IsTest() {
			continue
		}
		ast.Inspect(s.Syntax, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.GoStmt, *ast.SelectStmt, *ast.SendStmt, *ast.ChanType:
				t.Errorf("%s: the domain starts nothing and waits for nothing", s.At(n))
			case *ast.SelectorExpr:
				if name, ok := s.Selects(n, "time"); ok && slices.Contains(clock, name) {
					t.Errorf("%s: time.%s reads the clock, not the arguments", s.At(n), name)
				}
			case *ast.BasicLit:
				if n.Kind == token.STRING && strings.ContainsFunc(n.Value, isCJK) {
					t.Errorf("%s: a sentence of the pages belongs into the catalogs", s.At(n))
				}
			}
			return true
		})
	}
}

func isCJK(r rune) bool { return unicode.In(r, unicode.Hangul, unicode.Han) }

func TestStyle_SomePackagesUseOnlyPositionsOfTheJournal(t *testing.T) {
	sources := goSources(t)
	var declared []string
	for _, s := range sources {
		if s.Name == "journal/position.go" {
			declared = topLevelNames(s.Syntax)
		}
	}
	for _, s := range sources {
		if own, _ := layerOf(s.Folder()); s.IsTest() || !slices.Contains(positionOnly, own) {
			continue
		}
		ast.Inspect(s.Syntax, func(node ast.Node) bool {
			if e, ok := node.(ast.Expr); ok {
				if name, ok := s.Selects(e, ourModule(t).Path+"/journal"); ok && !slices.Contains(declared, name) {
					t.Errorf("%s: journal.%s is more than a position", s.At(node), name)
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

// TestStyle_NoTestSleeps: a sleep is too long on a fast machine and too short on
// a slow one. It is allowed in a loop that polls a condition until a deadline,
// with testing/synctest, where it only moves the fake clock, and in a benchmark.
func TestStyle_NoTestSleeps(t *testing.T) {
	for _, s := range goSources(t) {
		if !s.IsTest() || s.LocalName("testing/synctest") != "" {
			continue
		}
		ast.Inspect(s.Syntax, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.FuncDecl:
				return !strings.HasPrefix(n.Name.Name, "Benchmark")
			case *ast.ForStmt:
				return !hasBound(n)
			case *ast.SelectorExpr:
				if name, ok := s.Selects(n, "time"); ok && name == "Sleep" {
					t.Errorf("%s: wait for a condition with a bound instead of time.Sleep", s.At(n))
				}
			}
			return true
		})
	}
}

// hasBound reports whether a loop looks at a deadline: of a time, or a context's.
func hasBound(loop *ast.ForStmt) bool {
	bound := false
	ast.Inspect(loop, func(node ast.Node) bool {
		if e, ok := node.(*ast.SelectorExpr); ok {
			bound = bound || slices.Contains([]string{"After", "Before", "Since", "Until", "Err", "Done"}, e.Sel.Name)
		}
		return true
	})
	return bound
}

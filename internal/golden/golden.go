// Package golden checks names that others depend on (on the wire, in stored records, in metrics, on
// the command line) against files in testdata: names on the wire, in stored records, in metrics and
// on the command line. Only tests use it.
//
// The files hold no Go identifier, so that renaming one changes none of them. A test binary that
// imports this package has the flag -rewrite, which writes the files instead of comparing them.
package golden

import (
	"encoding"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files in testdata instead of comparing them")

// Rewriting reports whether golden files are to be written instead of compared.
func Rewriting() bool { return *rewrite }

// Compare fails the test if the file at path is not got. With -rewrite it writes the file.
func Compare(t testing.TB, path, got string) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s has other contents; these names are data, and clients, logs and operators hold them. "+
			"Only if the change is intended, run the test with -rewrite and read the difference:\n%s", path, Difference(got, string(want)))
	}
}

// Difference describes the first line in which two texts differ.
func Difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d\n got: %s\nwant: %s", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

// Fields describes the JSON form of a struct: a line "name kind options" for each field, in
// the order of the fields, with nested fields as "outer.inner" and elements as "list[]".
// A type that writes its own JSON, or is one of opaque, is described as "own".
func Fields(of reflect.Type, opaque ...reflect.Type) []string {
	w := walk{opaque: opaque}
	w.value("", "", of)
	return w.lines
}

// Block returns a title with the indented lines below it.
func Block(title string, lines []string) string {
	var b strings.Builder
	b.WriteString(title + "\n")
	for _, line := range lines {
		b.WriteString("    " + line + "\n")
	}
	return b.String()
}

// walk collects the lines of Fields.
type walk struct {
	opaque []reflect.Type
	within []reflect.Type // the structs that are being described
	lines  []string
}

func (w *walk) add(path, kind, options string) {
	if path != "" {
		w.lines = append(w.lines, strings.TrimSpace(path+" "+kind+" "+options))
	}
}

func (w *walk) value(path, options string, t reflect.Type) {
	switch {
	case slices.Contains(w.opaque, t) || writesItself(t):
		w.add(path, "own", options)
	case slices.Contains(w.within, t):
		w.add(path, "as above", options)
	case t.Kind() == reflect.Pointer:
		w.value(path, strings.TrimSpace("nullable "+options), t.Elem())
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		w.add(path, "base64", options)
	case t.Kind() == reflect.Slice || t.Kind() == reflect.Array:
		w.value(path+"[]", options, t.Elem())
	case t.Kind() == reflect.Map:
		w.value(path+"{"+t.Key().Kind().String()+"}", options, t.Elem())
	case t.Kind() == reflect.Struct:
		w.add(path, "object", options)
		w.within = append(w.within, t)
		w.fields(path, t)
		w.within = w.within[:len(w.within)-1]
	default:
		w.add(path, t.Kind().String(), options)
	}
}

func (w *walk) fields(path string, t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			w.fields(path, f.Type)
			continue
		case name == "-" || !f.IsExported():
			continue
		case name == "":
			name = f.Name
		}
		if path != "" {
			name = path + "." + name
		}
		w.value(name, options, f.Type)
	}
}

var ownForms = []reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[json.RawMessage]()}

func writesItself(t reflect.Type) bool {
	return slices.ContainsFunc(ownForms, func(own reflect.Type) bool {
		return t == own || own.Kind() == reflect.Interface && (t.Implements(own) || reflect.PointerTo(t).Implements(own))
	})
}

// Sources parses the Go files of a folder, without its tests.
func Sources(t testing.TB, dir string) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no Go files in %s: %v", dir, err)
	}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// Constants returns the literal constants of each named type that a folder's files declare at
// the top level, with strings unquoted, sorted. Constants without a type stand under "".
func Constants(t testing.TB, dir string) map[string][]string {
	t.Helper()
	values := map[string][]string{}
	for _, file := range Sources(t, dir) {
		for _, decl := range file.Decls {
			if general, ok := decl.(*ast.GenDecl); ok && general.Tok == token.CONST {
				for _, spec := range general.Specs {
					addConstants(values, spec.(*ast.ValueSpec))
				}
			}
		}
	}
	for _, list := range values {
		slices.Sort(list)
	}
	return values
}

func addConstants(values map[string][]string, spec *ast.ValueSpec) {
	of := ""
	if id, ok := spec.Type.(*ast.Ident); ok {
		of = id.Name
	}
	for _, value := range spec.Values {
		literal, ok := value.(*ast.BasicLit)
		if !ok {
			continue
		}
		text := literal.Value
		if unquoted, err := strconv.Unquote(text); err == nil {
			text = unquoted
		}
		values[of] = append(values[of], text)
	}
}

package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/internal/checks/tree"
)

// written makes a module of files in a temporary folder.
func written(t *testing.T, files map[string]string) tree.Module {
	t.Helper()
	dir := t.TempDir()
	files["go.mod"] = "module code.example/owner/name\n\ngo 1.26\n"
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return tree.Module{Path: "code.example/owner/name", Dir: dir}
}

func TestTangles_CountFilesThatNeedEachOther(t *testing.T) {
	m := written(t, map[string]string{
		"a/state.go": "package a\n\ntype state struct{ n int }\n",
		// load and keep need each other by a method and a field's method, state needs none.
		"a/load.go":      "package a\n\nimport \"code.example/owner/name/b\"\n\nfunc (s *state) load() { s.keep(); b.Do() }\n",
		"a/keep.go":      "package a\n\nfunc (s *state) keep() { if s.n > 0 { s.load() } }\n",
		"a/keep_test.go": "package a\n\nfunc init() { new(state).load() }\n",
		"b/b.go":         "package b\n\n// Do needs what no other file of the package needs.\nfunc Do() { helper() }\n",
		"b/c.go":         "package b\n\nfunc helper() {}\n",
	})
	tangles, err := Tangles(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if len(tangles) != 2 || tangles[0].Folder != "a" || tangles[1].Folder != "b" {
		t.Fatalf("tangles: %v", tangles)
	}
	if a := tangles[0]; a.Files != 3 || !slices.Equal(a.Cycle, []string{"keep.go", "load.go"}) || a.Percent() != 66 {
		t.Errorf("package a: %v, %d %%", a, a.Percent())
	}
	if b := tangles[1]; b.Files != 2 || b.Cycle != nil || b.Percent() != 0 {
		t.Errorf("package b: %v, %d %%", b, b.Percent())
	}
}

func TestLargestCycle_IsTheLargestComponent(t *testing.T) {
	for _, c := range []struct{ edges, want string }{
		{"", ""},
		{"a>b b>c", ""},
		{"a>a", ""},
		{"a>b b>a b>c c>d d>e e>c", "c d e"},
		{"a>b b>c c>d d>a b>x x>y y>x", "a b c d"},
		{"c>d d>c a>b b>a a>c", "a b"},
	} {
		graph := map[string][]string{}
		for edge := range strings.FieldsSeq(c.edges) {
			from, to, _ := strings.Cut(edge, ">")
			graph[from] = append(graph[from], to)
			graph[to] = append(graph[to], []string{}...)
		}
		if got := strings.Join(largestCycle(graph), " "); got != c.want {
			t.Errorf("%q: %q, want %q", c.edges, got, c.want)
		}
	}
}

func parsed(t *testing.T, m tree.Module) []tree.Source {
	t.Helper()
	sources, err := m.Sources()
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

func TestCounters_LeaveTestsOut(t *testing.T) {
	long := "func long() {" + strings.Repeat("\n", 50) + "}\n"
	m := written(t, map[string]string{
		"a/a.go":      "package a\n\ntype list[T any] []T\n\nfunc (l *list[T]) one() {}\n" + long,
		"a/b.go":      "package a\n\nfunc (l list[T]) two() {}\n",
		"a/a_test.go": "package a\n\nfunc (l list[T]) three() {}\n" + strings.Replace(long, "long", "longer", 1),
		"b/b.go":      "package b\n",
	})
	sources := parsed(t, m)
	if sizes := PackageSizes(sources); len(sizes) != 2 || sizes[0] != (Size{"a", "", 59}) || sizes[1].Lines != 1 {
		t.Errorf("package sizes: %v", sizes)
	}
	if sizes := FunctionsOver(50, sources); len(sizes) != 1 || sizes[0] != (Size{"a/a.go:6", "long", 51}) {
		t.Errorf("functions over 50 lines: %v", sizes)
	}
	sets := MethodSets(sources)
	if len(sets) != 1 || sets[0].Type != "list" || sets[0].Methods != 2 || len(sets[0].Files) != 2 {
		t.Errorf("method sets: %v", sets)
	}
	files, err := m.Files(".go")
	if err != nil {
		t.Fatal(err)
	}
	if sizes := FilesOver(53, files); len(sizes) != 2 || sizes[0].Where != "a/a.go" {
		t.Errorf("files over 53 lines: %v", sizes)
	}
}

func TestReceiverType_NamesTheTypeWithoutItsParameters(t *testing.T) {
	for code, want := range map[string]string{
		"func f() {}":              "",
		"func (x T) f() {}":        "T",
		"func (*T) f() {}":         "T",
		"func (x T[A]) f() {}":     "T",
		"func (x *T[A, B]) f() {}": "T",
		"func (x []int) f() {}":    "", // does not compile, but parses
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "a.go", "package a\n\n"+code, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := ReceiverType(file.Decls[0].(*ast.FuncDecl)); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}

func TestSampleComments_IsTheSameForASeed(t *testing.T) {
	m := written(t, map[string]string{
		"a/a.go": "// Package a is a package.\npackage a\n\n// one is the first.\nfunc one() {}\n\n// pair has fields.\ntype pair struct {\n\t// left is one of them.\n\tleft int\n}\n",
		"b/b.go": "// Package b is another.\npackage b\n",
	})
	sources := parsed(t, m)
	all := SampleComments(sources, "a", 9, 1)
	if len(all) != 4 || !slices.Contains(all, "a/a.go:4\n\tone is the first.\n\tfunc one() {}\n") {
		t.Errorf("all comments: %q", all)
	}
	if again := SampleComments(sources, "a", 2, 1); !slices.Equal(again, all[:2]) {
		t.Errorf("the same seed gave %q and %q", all, again)
	}
}

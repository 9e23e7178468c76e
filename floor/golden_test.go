package floor

import (
	"fmt"
	"go/ast"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/internal/golden"
)

// TestRegistry_NamesEveryTypeOnce compares the tables with the source: every type with the method that makes it a
// command or a change is in its table, and nothing else is.
func TestRegistry_NamesEveryTypeOnce(t *testing.T) {
	checkRegistry[Command](t, slices.Collect(maps.Values(commandTypes)))
	checkRegistry[Change](t, slices.Collect(maps.Values(changeTypes)))
	for name, of := range commandTypes {
		if got := KindOf(reflect.Zero(of).Interface().(Command)); got != name {
			t.Errorf("%v is called %q and %q", of, name, got)
		}
	}
	for name, of := range changeTypes {
		if got := changeKind(reflect.Zero(of).Interface().(Change)); got != name {
			t.Errorf("%v is called %q and %q", of, name, got)
		}
	}
}

func checkRegistry[T any](t *testing.T, registered []reflect.Type) {
	t.Helper()
	method := reflect.TypeFor[T]().Method(0)
	var want, got []string
	for _, file := range golden.Sources(t, ".") {
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != method.Name || f.Type.Params.NumFields() != method.Type.NumIn() {
				continue
			}
			if receiver, ok := f.Recv.List[0].Type.(*ast.Ident); ok {
				want = append(want, receiver.Name)
			}
		}
	}
	for _, of := range registered {
		got = append(got, of.Name())
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("the types with the method %s:\n%v\nin the registry:\n%v", method.Name, want, got)
	}
}

// TestNames_AreAsPublished pins every name of a command and a change with the names and the
// kinds of its JSON fields, and the form of a record and of a stored state around them.
func TestNames_AreAsPublished(t *testing.T) {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(commandTypes)) {
		b.WriteString(golden.Block("command "+string(name), golden.Fields(commandTypes[name])))
	}
	for _, name := range slices.Sorted(maps.Keys(changeTypes)) {
		title := fmt.Sprintf("change %s, since version %d", name, versionOf(name))
		b.WriteString(golden.Block(title, golden.Fields(changeTypes[name])))
	}
	b.WriteString(golden.Block("record", golden.Fields(reflect.TypeFor[recordJSON]())))
	b.WriteString(golden.Block(fmt.Sprintf("stored state, format %d", stateFormat), golden.Fields(reflect.TypeFor[storedState]())))
	golden.Compare(t, "testdata/golden/names.txt", b.String())
}

// TestCards_AreAsPublished pins every kind of card with the names and the kinds of its JSON fields. docs/CARDS.md
// has the same for people, in the words of the types.
func TestCards_AreAsPublished(t *testing.T) {
	var b strings.Builder
	for _, k := range cardKinds {
		b.WriteString(golden.Block(k.subject+" "+k.key, golden.Fields(reflect.TypeOf(k.card))))
	}
	golden.Compare(t, "testdata/golden/cards.txt", b.String())
}

// TestValues_AreAsPublished pins the codes of errors and the values of every other string type: roles, states,
// kinds. The names of the types are not data, and left out.
func TestValues_AreAsPublished(t *testing.T) {
	constants := golden.Constants(t, ".")
	codes := reflect.TypeFor[Code]().Name()
	if len(constants[codes]) < 30 {
		t.Fatalf("%d codes", len(constants[codes]))
	}
	text := golden.Block("codes", constants[codes])
	var lists []string
	for of, values := range constants {
		if of != codes && of != "" {
			lists = append(lists, strings.Join(values, " "))
		}
	}
	slices.Sort(lists)
	golden.Compare(t, "testdata/golden/values.txt", text+golden.Block("values of the other types", lists))
}

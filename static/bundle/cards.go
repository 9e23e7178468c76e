package bundle

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Cards returns the text of src/shared/cards.ts: the card, command and code types of package floor in
// TypeScript. It reads floor's source in the folder dir, so that static need not import floor.
func Cards(dir string) (string, error) {
	m, err := readModel(dir)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString("// Written by static/build from floor/*.go: change it there.\n")
	wanted := m.wanted()
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if err := m.declare(&out, name); err != nil {
			return "", err
		}
	}
	err = m.commands(&out)
	return out.String(), err
}

// model holds the declarations of floor's source.
type model struct {
	types   map[string]ast.Expr
	values  map[string][]string // string type → its constants, in order
	comment map[string]string   // type → its doc comment
	command map[string]string   // wire name of a command → its type
}

func readModel(dir string) (*model, error) {
	m := &model{types: map[string]ast.Expr{}, values: map[string][]string{}, comment: map[string]string{}, command: map[string]string{}}
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		m.read(file)
	}
	return m, nil
}

func (m *model) read(file *ast.File) {
	for _, decl := range file.Decls {
		general, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range general.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				m.readType(general, spec)
			case *ast.ValueSpec:
				m.readValues(spec)
				m.readCommands(spec)
			}
		}
	}
}

func (m *model) readType(decl *ast.GenDecl, spec *ast.TypeSpec) {
	name := spec.Name.Name
	m.types[name] = spec.Type
	doc := spec.Doc
	if doc == nil {
		doc = decl.Doc
	}
	m.comment[name] = strings.Join(strings.Fields(doc.Text()), " ")
}

// readValues collects the constants of a named string type.
func (m *model) readValues(spec *ast.ValueSpec) {
	of, ok := spec.Type.(*ast.Ident)
	if !ok {
		return
	}
	for _, value := range spec.Values {
		if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				m.values[of.Name] = append(m.values[of.Name], text)
			}
		}
	}
}

// readCommands collects the entries of floor's table of commands, which is a literal
// map[CommandKind]reflect.Type with entries "name": reflect.TypeFor[Type]().
func (m *model) readCommands(spec *ast.ValueSpec) {
	for _, value := range spec.Values {
		table, ok := value.(*ast.CompositeLit)
		if !ok || types.ExprString(table.Type) != "map[CommandKind]reflect.Type" {
			continue
		}
		for _, element := range table.Elts {
			entry, ok := element.(*ast.KeyValueExpr)
			if !ok {
				continue
			}
			name, err := strconv.Unquote(types.ExprString(entry.Key))
			of, isType := strings.CutPrefix(types.ExprString(entry.Value), "reflect.TypeFor[")
			if err == nil && isType {
				m.command[name] = strings.TrimSuffix(of, "]()")
			}
		}
	}
}

// pageCommands lists the commands that pages give, by their names on the wire.
var pageCommands = []string{
	"release", "setClock", "rotateLink", "announce", "withdraw", "undo", "call", "start", "extend", "end",
	"moveMeeting", "swapMeetings", "cancelMeeting", "lockMeeting", "closeTable", "openTable",
	"checkIn", "markPresent", "markNoShow", "markTold", "dismissLost", "seen", "setDuty", "requestInterpreter", "claimRequest",
	"setOut", "arrive", "releaseRequest", "cancelRequest",
}

// wanted returns the types to declare: cards, commands, codes, and the types of their fields.
func (m *model) wanted() map[string]bool {
	wanted := map[string]bool{}
	var add func(expr ast.Expr)
	addName := func(name string) {
		if expr, ok := m.types[name]; ok && !wanted[name] {
			wanted[name] = true
			add(expr)
		}
	}
	add = func(expr ast.Expr) {
		switch expr := expr.(type) {
		case *ast.Ident:
			addName(expr.Name)
		case *ast.ArrayType:
			add(expr.Elt)
		case *ast.StructType:
			for _, field := range expr.Fields.List {
				add(field.Type)
			}
		}
	}
	for name := range m.types {
		if strings.HasSuffix(name, "Card") {
			addName(name)
		}
	}
	for _, name := range pageCommands {
		addName(m.command[name])
	}
	for _, name := range []string{"Code", "Role", "EventClock"} {
		addName(name)
	}
	return wanted
}

// declare writes one type.
func (m *model) declare(out *strings.Builder, name string) error {
	fmt.Fprintf(out, "\n/** %s */\n", m.comment[name])
	switch expr := m.types[name].(type) {
	case *ast.StructType:
		var parents, fields []string
		for _, field := range expr.Fields.List {
			if len(field.Names) == 0 {
				parents = append(parents, field.Type.(*ast.Ident).Name)
				continue
			}
			line, err := tsField(field)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			fields = append(fields, line)
		}
		extends := ""
		if len(parents) > 0 {
			extends = " extends " + strings.Join(parents, ", ")
		}
		fmt.Fprintf(out, "export interface %s%s {\n%s}\n", name, extends, strings.Join(fields, ""))
	default:
		text, err := m.alias(name, expr)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "export type %s = %s\n", name, text)
	}
	return nil
}

// alias returns the right side of a type that is no struct: a union if floor lists all values.
func (m *model) alias(name string, expr ast.Expr) (string, error) {
	values := m.values[name]
	if len(values) == 0 || name == "ActorID" || name == "Subject" {
		return tsType(expr)
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = "'" + v + "'"
	}
	return strings.Join(quoted, " | "), nil
}

func tsField(field *ast.Field) (string, error) {
	tag := ""
	if field.Tag != nil {
		text, err := strconv.Unquote(field.Tag.Value)
		if err != nil {
			return "", err
		}
		tag = reflect.StructTag(text).Get("json")
	}
	name, options, _ := strings.Cut(tag, ",")
	if name == "" {
		return "", fmt.Errorf("field %s has no json name", field.Names[0].Name)
	}
	typ, err := tsType(field.Type)
	if err != nil {
		return "", fmt.Errorf("field %s: %w", name, err)
	}
	optional := ""
	if strings.HasPrefix(options, "omit") {
		optional = "?"
	}
	return fmt.Sprintf("  %s%s: %s\n", name, optional, typ), nil
}

func tsType(expr ast.Expr) (string, error) {
	switch expr := expr.(type) {
	case *ast.ArrayType:
		inner, err := tsType(expr.Elt)
		return inner + "[]", err
	case *ast.Ident:
		switch name := expr.Name; name {
		case "string":
			return name, nil
		case "bool":
			return "boolean", nil
		case "int", "int64", "uint64":
			return "number", nil
		default:
			return name, nil
		}
	}
	return "", fmt.Errorf("no TypeScript for %T", expr)
}

// commands writes the interface that maps a command's name on the wire to its body.
func (m *model) commands(out *strings.Builder) error {
	out.WriteString("\n/** The commands that pages give, by their name on the wire. */\nexport interface Commands {\n")
	for _, name := range pageCommands {
		of, ok := m.command[name]
		if !ok {
			return fmt.Errorf("floor has no command %s", name)
		}
		fmt.Fprintf(out, "  %s: %s\n", name, of)
	}
	out.WriteString("}\n")
	return nil
}

package main

import (
	"fmt"
	"go/types"
	"reflect"
	"regexp"
	"strings"
)

// field is a field of a JSON object.
type field struct {
	name      string
	condition string                 // of being written; empty: always
	value     func(to string) string // returns the expression that appends the value to the bytes to
}

// plainName matches names that JSON writes as they are.
var plainName = regexp.MustCompile(`^[A-Za-z0-9]+$`)

// fieldsOf returns the fields of a struct type in the order of JSON. Those of an embedded struct are
// in its place.
func (g *generator) fieldsOf(of types.Type) (fields []field, err error) {
	s := of.Underlying().(*types.Struct)
	for i := range s.NumFields() {
		v, tag := s.Field(i), reflect.StructTag(s.Tag(i))
		switch {
		case v.Embedded() && tag == "":
			if _, isStruct := v.Type().Underlying().(*types.Struct); !isStruct {
				return nil, fmt.Errorf("%s: embedded, and no struct", v.Name())
			}
			if err := g.refuseMethods(v.Type()); err != nil {
				return nil, fmt.Errorf("%s: %w", v.Name(), err)
			}
			g.embedded[v.Name()] = true
			inner, err := g.fieldsOf(v.Type())
			if err != nil {
				return nil, err
			}
			fields = append(fields, inner...)
		default:
			f, err := g.fieldOf(v, tag.Get("json"))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", v.Name(), err)
			}
			fields = append(fields, f)
		}
	}
	return fields, nil
}

func (g *generator) fieldOf(v *types.Var, tag string) (f field, err error) {
	var option string
	f.name, option, _ = strings.Cut(tag, ",")
	if !v.Exported() || !plainName.MatchString(f.name) {
		return f, fmt.Errorf("not exported, or with the tag %q", tag)
	}
	if err := g.refuseMethods(v.Type()); err != nil {
		return f, err
	}
	if f.value, err = g.valueOf("c."+v.Name(), v.Type()); err != nil {
		return f, err
	}
	f.condition, err = condition("c."+v.Name(), v.Type(), option)
	return f, err
}

// refuseMethods refuses a type that tells the JSON encoder how to encode it.
func (g *generator) refuseMethods(of types.Type) error {
	methods := types.NewMethodSet(types.NewPointer(of))
	for _, name := range []string{"MarshalJSON", "MarshalJSONTo", "MarshalText", "AppendText", "IsZero"} {
		if methods.Lookup(g.floor, name) != nil {
			return fmt.Errorf("%s has a method %s", of, name)
		}
	}
	return nil
}

// part notes that a struct type needs a function, and returns the function's name.
func (g *generator) part(of types.Type) (function string, err error) {
	named, isNamed := of.(*types.Named)
	if !isNamed || !named.Obj().Exported() || named.Obj().Pkg() != g.floor {
		return "", fmt.Errorf("the struct %s is no exported type of floor", of)
	}
	g.parts[named.Obj().Name()] = true
	return "append" + named.Obj().Name(), nil
}

// valueOf returns a function that returns the expression which appends the value of a Go expression.
func (g *generator) valueOf(expr string, of types.Type) (func(to string) string, error) {
	call := func(format string) func(string) string {
		return func(to string) string { return fmt.Sprintf(format, to, expr) }
	}
	switch under := of.Underlying().(type) {
	case *types.Basic:
		if of != under { // a named type
			expr = under.Name() + "(" + expr + ")"
		}
		switch under.Kind() {
		case types.String:
			return call("appendQuote(%s, %s)"), nil
		case types.Int64:
			return call("strconv.AppendInt(%s, %s, 10)"), nil
		case types.Int:
			return call("strconv.AppendInt(%s, int64(%s), 10)"), nil
		case types.Bool:
			return call("strconv.AppendBool(%s, %s)"), nil
		}
	case *types.Struct:
		function, err := g.part(of)
		return call(function + "(%s, %s)"), err
	case *types.Slice:
		if err := g.refuseMethods(under.Elem()); err != nil {
			return nil, err
		}
		switch elem := under.Elem().Underlying().(type) {
		case *types.Basic:
			if elem.Kind() == types.String {
				return call("appendStrings(%s, %s)"), nil
			}
		case *types.Struct:
			function, err := g.part(under.Elem())
			return call("appendList(%s, %s, " + function + ")"), err
		}
	}
	return nil, fmt.Errorf("no code for the type %s", of)
}

// condition returns the condition under which a field with an option of its tag is written.
func condition(expr string, of types.Type, option string) (string, error) {
	if option == "" {
		return "", nil
	}
	if option != "omitzero" && option != "omitempty" {
		return "", fmt.Errorf("no code for the option %q", option)
	}
	switch under := of.Underlying().(type) {
	case *types.Basic:
		switch under.Kind() {
		case types.String:
			return expr + ` != ""`, nil
		case types.Bool:
			return expr, nil
		}
		return expr + " != 0", nil
	case *types.Slice:
		if option == "omitempty" {
			return "len(" + expr + ") > 0", nil
		}
		return expr + " != nil", nil
	case *types.Struct:
		if option == "omitzero" && types.Comparable(of) {
			return expr + " != (floor." + of.(*types.Named).Obj().Name() + "{})", nil
		}
	}
	return "", fmt.Errorf("no code for %s on the type %s", option, of)
}

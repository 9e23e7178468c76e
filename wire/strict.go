package wire

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxPointer is how much of the place of an error is told to whoever sent it, in bytes.
const maxPointer = 80

// checkText answers what is wrong with text as JSON from a client, before its
// meaning is asked: not exactly one value, invalid UTF-8, a name twice in an
// object, or nesting deeper than MaxDepth. It answers "" for lawful text.
func checkText(text []byte) (why string, at jsontext.Pointer) {
	d := jsontext.NewDecoder(bytes.NewBuffer(text))
	for ended := false; ; {
		_, err := d.ReadToken()
		if err == io.EOF && ended {
			return "", ""
		}
		if err != nil {
			return whySyntax(err)
		}
		if ended {
			return WhySyntax, ""
		}
		if d.StackDepth() > MaxDepth {
			return WhyDepth, d.StackPointer()
		}
		ended = d.StackDepth() == 0
	}
}

func whySyntax(err error) (why string, at jsontext.Pointer) {
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case !ok:
		return WhySyntax, ""
	case errors.Is(err, jsontext.ErrDuplicateName):
		return WhyDuplicate, syntax.JSONPointer
	}
	return WhySyntax, syntax.JSONPointer
}

// member is one name and value of an object, in the order that they came in.
type member struct {
	name  string
	value jsontext.Value
}

// members answers what stands in an object that checkText has passed; ok is
// false when value is no object.
func members(value []byte) (all []member, ok bool) {
	d := jsontext.NewDecoder(bytes.NewBuffer(value))
	if open, err := d.ReadToken(); err != nil || open.Kind() != '{' {
		return nil, false
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, false
		}
		key := name.String()
		inner, err := d.ReadValue()
		if err != nil {
			return nil, false
		}
		all = append(all, member{key, inner.Clone()})
	}
	return all, true
}

// unmarshal reads value into out with nothing unknown, nothing null and every
// number in range. code is of the problem when the shape is wrong; a number out
// of range is always a bad value. at is where value stands.
func unmarshal(value []byte, out any, code Code, at jsontext.Pointer) *Problem {
	if where, found := findNull(value); found {
		return shapeProblem(code, WhyType, at+where)
	}
	err := json.Unmarshal(value, out, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	var where jsontext.Pointer
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		where = semantic.JSONPointer
	}
	switch {
	case errors.Is(err, json.ErrUnknownName):
		return shapeProblem(code, WhyUnknown, at+where)
	case errors.Is(err, strconv.ErrRange):
		return badValue(fieldOf(at + where))
	}
	return shapeProblem(code, WhyType, at+where)
}

// findNull finds a null anywhere in value: the protocol has none, and the
// decoder would read one as an empty value.
func findNull(value []byte) (at jsontext.Pointer, found bool) {
	if !bytes.Contains(value, []byte("null")) {
		return "", false
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(value))
	for {
		token, err := d.ReadToken()
		if err != nil {
			return "", false
		}
		if token.Kind() == 'n' {
			return d.StackPointer(), true
		}
	}
}

func shapeProblem(code Code, why string, at jsontext.Pointer) *Problem {
	p := &Problem{Code: code, Params: map[string]string{"why": why}}
	if at != "" {
		p.Params["at"] = clip(string(at), maxPointer)
	}
	return p
}

func badValue(field string) *Problem {
	return &Problem{Code: CodeBadValue, Params: map[string]string{"field": clip(field, maxPointer)}}
}

// fieldOf answers the name that a pointer ends in, without an index into a list.
func fieldOf(at jsontext.Pointer) string {
	last := at.LastToken()
	if _, err := strconv.Atoi(last); err == nil {
		return at.Parent().LastToken()
	}
	return last
}

func clip(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit]
	}
	return strings.ToValidUTF8(s, "")
}

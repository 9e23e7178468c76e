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

// maxEcho is how much of a client's own text an error repeats, in bytes.
const maxEcho = 80

// checkSyntax checks the syntax of JSON from a client: exactly one value, valid UTF-8, no
// name twice in an object, and at most MaxDepth levels of nesting. why is one of the Why
// constants, or empty if text is valid.
func checkSyntax(text []byte) (why string, at jsontext.Pointer) {
	d := jsontext.NewDecoder(bytes.NewBuffer(text))
	for ended := false; ; {
		_, err := d.ReadToken()
		if err == io.EOF && ended {
			return "", ""
		}
		if err != nil {
			return syntaxProblem(err)
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

func syntaxProblem(err error) (why string, at jsontext.Pointer) {
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case !ok:
		return WhySyntax, ""
	case errors.Is(err, jsontext.ErrDuplicateName):
		return WhyDuplicate, syntax.JSONPointer
	}
	return WhySyntax, syntax.JSONPointer
}

// member is a name and value of an object.
type member struct {
	name  string
	value jsontext.Value
}

// members returns the members of an object, which checkSyntax has accepted, in their
// order. ok is false if value is not an object.
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

// unmarshal decodes value into out. It refuses unknown names and null with a problem of
// this code, and a number out of range with CodeBadValue. at is the position of value in
// the whole text.
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

// findNull finds a null anywhere in value. The protocol has no null, and the decoder
// would decode it as the zero value.
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
		p.Params["at"] = truncate(string(at), maxEcho)
	}
	return p
}

func badValue(field string) *Problem {
	return &Problem{Code: CodeBadValue, Params: map[string]string{"field": truncate(field, maxEcho)}}
}

// fieldOf returns the last name of a pointer, without the index into a list.
func fieldOf(at jsontext.Pointer) string {
	last := at.LastToken()
	if _, err := strconv.Atoi(last); err == nil {
		return at.Parent().LastToken()
	}
	return last
}

func truncate(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit]
	}
	return strings.ToValidUTF8(s, "")
}

func tooLarge(limit int) *Problem {
	return &Problem{Code: CodeTooLarge, Params: map[string]string{"limit": strconv.Itoa(limit)}}
}

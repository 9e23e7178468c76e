package wire

import (
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// encodeOptions apply to everything on the wire: equal values give equal bytes on every
// node, nothing is escaped for HTML, and "omitempty" also omits false and 0. The decoder
// refuses invalid UTF-8; permitting it here keeps encoding from failing.
var encodeOptions = jsonv2.JoinOptions(
	jsonv2.Deterministic(true),
	jsonv1.OmitEmptyWithLegacySemantics(true),
	jsontext.AllowInvalidUTF8(true),
)

// mustMarshal encodes a type of wire or floor. All of these can be encoded, so that
// an error is a mistake in the program.
func mustMarshal(value any) []byte {
	b, err := jsonv2.Marshal(value, encodeOptions)
	if err != nil {
		panic("wire: a type that JSON cannot represent: " + err.Error())
	}
	return b
}

func appendQuote(b []byte, s string) []byte {
	// The error reports invalid UTF-8, which is replaced nevertheless.
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

func wrapObject(kind string, body []byte) []byte {
	b := make([]byte, 0, len(kind)+len(body)+len(`{"":}`))
	b = append(append(append(b, `{"`...), kind...), `":`...)
	return append(append(b, body...), '}')
}

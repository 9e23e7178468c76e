package commandline

import (
	"context"
	"strings"
	"testing"
)

// words is a flag that may be repeated.
type words []string

func (w *words) String() string         { return strings.Join(*w, ",") }
func (w *words) Set(value string) error { *w = append(*w, value); return nil }
func (w *words) Reset()                 { *w = nil }

// A flag takes precedence over its variable, also if it may be repeated.
func TestFlags_ListsReplaceTheirVariable(t *testing.T) {
	for _, c := range []struct{ variable, line, want string }{
		{"a", "", "a"},
		{"", "--word b --word c", "b,c"},
		{"a", "--word b", "b"},
		{"a", "--word b --word c", "b,c"},
		{"a", "--word b FILE --word c", "b,c"},
	} {
		f := NewFlags(&Program{Getenv: func(string) string { return c.variable }}, "test", "")
		var got words
		f.Var(&got, "word", "a `word`")
		if _, err := f.ParseArgs(strings.Fields(c.line), strings.Count(c.line, "FILE")); err != nil || got.String() != c.want {
			t.Errorf("%q and %q: %q, %v; want %q", c.variable, c.line, got.String(), err, c.want)
		}
	}
}

func TestTable_WarnsOfUnknownVariables(t *testing.T) {
	table := Table{{Subcommands: []Subcommand{{Name: "serve", Run: func(_ context.Context, p *Program, args []string) error {
		f := NewFlags(p, "serve", "")
		f.String("public-url", "", "a `URL`")
		_, err := f.ParseArgs(args, 0)
		return err
	}}}}}
	var printed strings.Builder
	p := &Program{Stderr: &printed}
	table.WarnOfVariables(p, []string{"PATH=/bin", "MATCHFLOOR_PUBLIC_URL=x", "MATCHFLOOR_OWN=y", "MATCHFLOORS=z"}, "MATCHFLOOR_OWN")
	if printed.Len() > 0 {
		t.Errorf("of known variables: %s", printed.String())
	}
	table.WarnOfVariables(p, []string{"MATCHFLOOR_REDIS_PASSWORD=s3cret", "MATCHFLOOR_PUBLC_URL=https://x"})
	const want = "matchfloor: the variable MATCHFLOOR_PUBLC_URL is not known and has no effect; did you mean MATCHFLOOR_PUBLIC_URL?\n" +
		"matchfloor: the variable MATCHFLOOR_REDIS_PASSWORD is not known and has no effect\n"
	if printed.String() != want {
		t.Errorf("%s\nwant %s", printed.String(), want)
	}
}

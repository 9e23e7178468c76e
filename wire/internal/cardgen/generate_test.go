package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// generateFrom returns what generate makes of a package that has one file.
func generateFrom(t *testing.T, source string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cards.go"), []byte("package floor\n"+source), 0o600); err != nil {
		t.Fatal(err)
	}
	pkg, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	text, err := generate(pkg)
	return string(text), err
}

// TestGenerate_CardsGenIsCurrent fails if a card has changed and `go generate ./wire` has not run.
func TestGenerate_CardsGenIsCurrent(t *testing.T) {
	if err := run("../../../floor", "../../cards_gen.go", true); err != nil {
		t.Error(err)
	}
}

func TestGenerate_CommasBetweenOptionalFields(t *testing.T) {
	text, err := generateFrom(t, "type ZoneCard struct {\n\tA string `json:\"a,omitzero\"`\n\tB int `json:\"b\"`\n\tC bool `json:\"c,omitempty\"`\n}")
	if err != nil {
		t.Fatal(err)
	}
	want := `func appendZoneCard(b []byte, c floor.ZoneCard) []byte {
	b = append(b, '{')
	if c.A != "" {
		b = appendQuote(appendName(b, "a"), c.A)
	}
	b = strconv.AppendInt(appendName(b, "b"), int64(c.B), 10)
	if c.C {
		b = strconv.AppendBool(append(b, ` + "`,\"c\":`" + `...), c.C)
	}
	return append(b, '}')
}
`
	if !strings.Contains(text, want) {
		t.Errorf("cardgen wrote\n%s\nwhich does not contain\n%s", text, want)
	}
}

// TestGenerate_RefusesWhatItHasNoCodeFor: each of these would be written other than the JSON encoder
// writes it.
func TestGenerate_RefusesWhatItHasNoCodeFor(t *testing.T) {
	for name, c := range map[string]struct{ field, more, want string }{
		"a map":                   {"F map[string]int `json:\"f\"`", "", "no code for the type map[string]int"},
		"a pointer":               {"F *string `json:\"f\"`", "", "no code for the type *string"},
		"a float":                 {"F float64 `json:\"f\"`", "", "no code for the type float64"},
		"bytes":                   {"F []byte `json:\"f\"`", "", "no code for the type []byte"},
		"a list of lists":         {"F [][]string `json:\"f\"`", "", "no code for the type [][]string"},
		"an interface":            {"F any `json:\"f\"`", "", "no code for the type any"},
		"an imported type":        {"F time.Time `json:\"f\"`", `import "time"`, "no code for the type invalid type"},
		"a struct without a name": {"F struct{ A int `json:\"a\"` } `json:\"f\"`", "", "no exported type of floor"},
		"MarshalText":             {"F Code `json:\"f\"`", "type Code int\nfunc (c Code) MarshalText() ([]byte, error)", "has a method MarshalText"},
		"MarshalJSON of a value":  {"F []Code `json:\"f\"`", "type Code string\nfunc (c *Code) MarshalJSON() ([]byte, error)", "has a method MarshalJSON"},
		"MarshalJSONTo of a card": {"F int `json:\"f\"`", "func (c BadCard) MarshalJSONTo(any) error", "has a method MarshalJSONTo"},
		"IsZero":                  {"F Code `json:\"f,omitzero\"`", "type Code int\nfunc (c Code) IsZero() bool", "has a method IsZero"},
		"another option":          {"F int `json:\"f,string\"`", "", `no code for the option "string"`},
		"two options":             {"F int `json:\"f,omitzero,string\"`", "", `no code for the option "omitzero,string"`},
		"omitempty of a struct":   {"F Text `json:\"f,omitempty\"`", "type Text struct { En string `json:\"en\"` }", "no code for omitempty"},
		"no tag":                  {"F int", "", `with the tag ""`},
		"a name that JSON quotes": {"F int `json:\"<f>\"`", "", "with the tag \"<f>\""},
		"an unexported field":     {"f int `json:\"f\"`", "", "not exported"},
		"an embedded name":        {"Code", "type Code string", "embedded, and no struct"},
	} {
		t.Run(name, func(t *testing.T) {
			imports, rest := "", c.more
			if strings.HasPrefix(c.more, "import") {
				imports, rest = c.more, ""
			}
			_, err := generateFrom(t, imports+"\ntype BadCard struct {\n\t"+c.field+"\n}\n"+rest)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "BadCard: ") {
				t.Errorf("the error is %v, want one that begins with BadCard and contains %q", err, c.want)
			}
		})
	}
}

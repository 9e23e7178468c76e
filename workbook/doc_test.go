package workbook

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/internal/golden"
)

const document = "../docs/WORKBOOK.md"

// docs/WORKBOOK.md must list the sheets and columns of the code.
func TestLayouts_AreListedInTheDocument(t *testing.T) {
	raw, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(raw), "<!-- sheets:")
	comment, rest, ok2 := strings.Cut(rest, "-->\n")
	_, after, ok3 := strings.Cut(rest, "<!-- end of sheets -->")
	if !ok || !ok2 || !ok3 {
		t.Fatal("the document has no marked part for the sheets")
	}
	golden.Compare(t, document, before+"<!-- sheets:"+comment+"-->\n"+listing()+"<!-- end of sheets -->"+after)
}

// listing returns the part of the document that lists the sheets and columns.
func listing() string {
	var b strings.Builder
	for _, l := range Layouts() {
		must := "may be left out"
		if l.Must {
			must = "must be there"
		}
		fmt.Fprintf(&b, "\n### %s (%s)\n\n%s This sheet %s.\n\n", l.Name, strings.Join(l.Also, ", "), l.About, must)
		b.WriteString("| column | type | must | example | | Korean, Chinese |\n|---|---|---|---|---|---|\n")
		for _, c := range l.Columns {
			kind, must := string(c.Type), ""
			if c.Of != "" {
				kind += " " + c.Of
			}
			if c.Must {
				must = "**yes**"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | `%s` | %s | %s |\n", c.Name, kind, must, c.Example, c.About, strings.Join(c.Also, ", "))
		}
	}
	b.WriteString("\n### Words\n\nThe words of yes/no and of choices, in any case. Each row is one meaning.\n\n| column | write | or |\n|---|---|---|\n")
	row := func(column, word string, also []string) {
		fmt.Fprintf(&b, "| %s | `%s` | `%s` |\n", column, word, strings.Join(also, "` `"))
	}
	row("yes/no", yesWords[0], yesWords[1:])
	row("yes/no", noWords[0], noWords[1:])
	for _, l := range Layouts() {
		for _, c := range l.Columns {
			for _, one := range choices[c.Name] {
				row(l.Name+" "+c.Name, one.word, one.also)
			}
		}
	}
	return b.String() + "\n"
}

// The examples in the document must be readable as their column, and the faults that it
// quotes must be those of Read.
func TestDocument_ExamplesAreRight(t *testing.T) {
	raw, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []Fault{
		{Sheet: "companies", Row: 48, Column: "languages", Code: NearLanguage, Params: params("value", "cn", "near", "zh")},
		{Sheet: "attendees", Row: 134, Column: "id", Code: Duplicate, Params: params("value", "c17b", "row", "92")},
		{Sheet: "meetings", Row: 170, Column: "host", Code: PersonTwice, Params: params("person", "k05a, k05b", "round", "R3", "meeting", "m046", "row", "47")},
	} {
		if !strings.Contains(string(raw), f.Error()+"\n") {
			t.Errorf("the document does not quote: %s", f.Error())
		}
	}
	seen := map[string]string{}
	for _, l := range Layouts() {
		for _, c := range l.Columns {
			if c.Example == "" || c.About == "" {
				t.Errorf("%s.%s has no example or sentence", l.Name, c.Name)
			}
			for _, header := range append([]string{c.Name}, c.Also...) {
				if got := l.columnFor(header); got == nil || got.Name != c.Name {
					t.Errorf("%s: the header %s does not lead to %s", l.Name, header, c.Name)
				}
			}
		}
		for _, name := range append([]string{l.Name}, l.Also...) {
			if other, taken := seen[name]; taken || layoutName(name) != l.Name {
				t.Errorf("%s names the sheets %s and %s", name, l.Name, other)
			}
			seen[name] = l.Name
		}
	}
}

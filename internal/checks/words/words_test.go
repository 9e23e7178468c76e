package words

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/internal/checks/tree"
)

// TestProse_IsFoundAndCodeIsNot compares the lines of each sample in testdata at
// which a denied word is found with those that hold the mark HERE.
func TestProse_IsFoundAndCodeIsNot(t *testing.T) {
	list, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sample.go", "sample.tsx", "sample.md", "CHANGELOG.md"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for i, line := range strings.Split(string(text), "\n") {
			for range strings.Count(line, "HERE") {
				want = append(want, strconv.Itoa(i+1))
			}
		}
		paragraphs, err := proseOf(tree.File{Name: name, Text: string(text)})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paragraphs {
			for _, use := range p.uses(list) {
				got = append(got, strconv.Itoa(use.Line))
			}
		}
		slices.SortFunc(got, func(a, b string) int { return len(a)*100 - len(b)*100 + strings.Compare(a, b) })
		if !slices.Equal(got, want) {
			t.Errorf("%s: found in the lines %v, want %v", name, got, want)
		}
	}
}

func TestParseDenied_NeedsAnExpressionAndAnAlternative(t *testing.T) {
	for _, text := range []string{"word", "word\t \n", "(\tinstead\n"} {
		if _, err := parseDenied(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

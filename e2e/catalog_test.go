package e2e_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// catalogOf returns the texts of the pages in a language.
func catalogOf(t *testing.T, language string) map[string]string {
	t.Helper()
	data, err := os.ReadFile("../static/catalogs/" + language + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var words map[string]string
	if err := json.Unmarshal(data, &words); err != nil {
		t.Fatal(err)
	}
	return words
}

// longestLiteral returns the longest part of a text that is not a placeholder.
func longestLiteral(sentence string) string {
	longest := ""
	for _, part := range strings.FieldsFunc(sentence, func(r rune) bool { return r == '{' || r == '}' }) {
		if len(part) > len(longest) && part != "who" {
			longest = part
		}
	}
	return strings.TrimSpace(longest)
}

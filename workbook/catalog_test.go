package workbook

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// Every code must have a sentence in each language, with the same placeholders, and every
// sentence a code.
func TestCodes_HaveASentenceInEachCatalog(t *testing.T) {
	for _, lang := range []string{"en", "ko", "zh"} {
		raw, err := os.ReadFile("../static/catalogs/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var catalog map[string]string
		if err := json.Unmarshal(raw, &catalog); err != nil {
			t.Fatal(err)
		}
		for _, code := range Codes() {
			said := catalog["workbook."+string(code)]
			if want, got := placeholders(Message(code)), placeholders(said); said == "" || !slices.Equal(want, got) {
				t.Errorf("%s: workbook.%s has the placeholders %v, want %v: %q", lang, code, got, want, said)
			}
			if lang == "en" && said != Message(code) {
				t.Errorf("workbook.%s is %q in the catalog and %q on the command line", code, said, Message(code))
			}
		}
		for key := range catalog {
			if code, ok := strings.CutPrefix(key, "workbook."); ok && !slices.Contains(Codes(), Code(code)) {
				t.Errorf("%s: %s is no code", lang, key)
			}
		}
	}
}

func placeholders(sentence string) []string {
	found := placeholder.FindAllString(sentence, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

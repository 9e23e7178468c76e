package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// markdownLink finds the target of a link or a picture in Markdown.
var markdownLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestDocs_LinksLeadSomewhere follows each link from one document of ours to another file, and to a
// heading in it.
func TestDocs_LinksLeadSomewhere(t *testing.T) {
	root := ourModule(t).Dir
	followed := 0
	for _, f := range ourFiles(t, ".md") {
		for _, m := range markdownLink.FindAllStringSubmatch(withoutFences(f.Text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			followed++
			path, heading, _ := strings.Cut(m[1], "#")
			target := f.Name
			if path != "" {
				target = filepath.Join(filepath.Dir(f.Name), path)
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s: %s: %v", f.Name, m[1], err)
				continue
			}
			if heading != "" && !headings(readFile(t, target))[heading] {
				t.Errorf("%s: %s: %s has no such heading", f.Name, m[1], target)
			}
		}
	}
	if followed < 100 {
		t.Errorf("only %d links were followed", followed)
	}
}

// withoutFences returns a document without its blocks of code.
func withoutFences(text string) string {
	return regexp.MustCompile("(?ms)^ *```.*?^ *```$").ReplaceAllString(text, "")
}

// headings returns the anchors of a document's headings, made as GitHub makes them: lower case, no
// punctuation, and a hyphen for each space.
func headings(text string) map[string]bool {
	anchors := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(withoutFences(text), -1) {
		words := regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(m[1]), "")
		anchors[strings.ReplaceAll(words, " ", "-")] = true
	}
	return anchors
}

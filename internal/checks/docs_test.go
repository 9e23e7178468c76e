//go:build !race

package main

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// maxProse is how many characters a line of Markdown may have. Tables, code and lines that cannot
// be broken are not prose.
const maxProse = 100

// TestDocs_ProseIsWrapped holds Markdown to maxProse, so that a change of one sentence is a change
// of few lines.
func TestDocs_ProseIsWrapped(t *testing.T) {
	for _, f := range ourFiles(t, ".md") {
		fenced, generated := false, false
		for i, line := range strings.Split(f.Text, "\n") {
			switch trimmed := strings.TrimSpace(line); {
			case strings.HasPrefix(trimmed, "```"):
				fenced = !fenced
			case strings.HasPrefix(trimmed, "<!--"): // what a test writes stands between two of these
				generated = !strings.HasPrefix(trimmed, "<!-- end")
			case fenced, generated, strings.HasPrefix(trimmed, "|"), !strings.Contains(trimmed, " "):
			case utf8.RuneCountInString(line) > maxProse:
				t.Errorf("%s:%d: %d characters, more than %d", f.Name, i+1, utf8.RuneCountInString(line), maxProse)
			}
		}
	}
}

// TestDocs_NamedTestsExist holds the documents to the tests that they name: a figure or a control
// is worth what the test behind it shows.
func TestDocs_NamedTestsExist(t *testing.T) {
	declared := map[string]bool{}
	for _, s := range goSources(t) {
		for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark|Example)\w+)\(`).FindAllStringSubmatch(s.Text, -1) {
			declared[m[1]] = true
		}
	}
	named := 0
	for _, f := range ourFiles(t, ".md") {
		if strings.HasSuffix(f.Name, "CHANGELOG.md") {
			continue
		}
		for _, m := range regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z]\\w+)`").FindAllStringSubmatch(f.Text, -1) {
			if named++; !declared[m[1]] {
				t.Errorf("%s names %s, which is no test", f.Name, m[1])
			}
		}
	}
	if named < 100 {
		t.Errorf("only %d tests are named", named)
	}
}

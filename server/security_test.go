package server

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// SECURITY.md names for each threat the tests of what protects against it. They
// exist.
func TestSecurity_NamedTestsExist(t *testing.T) {
	text, err := os.ReadFile("../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	exist := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err = filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		code, err := os.ReadFile(path)
		for _, m := range declared.FindAllStringSubmatch(string(code), -1) {
			exist[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w+)`").FindAllStringSubmatch(string(text), -1)
	for _, m := range named {
		if !exist[m[1]] {
			t.Errorf("there is no test %s", m[1])
		}
	}
	if len(named) < 40 {
		t.Errorf("only %d tests are named", len(named))
	}
	for row := range strings.Lines(string(text)) {
		if cells := strings.Split(row, "|"); len(cells) == 5 && !strings.HasPrefix(row, "|--") && !strings.Contains(row, "`Test") && !strings.Contains(row, "what shows it") {
			t.Errorf("a threat without a test: %s", cells[1])
		}
	}
}

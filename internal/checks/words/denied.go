// Package words finds the denied words in the prose of the module's files: Go and TypeScript comments, Go string literals, and Markdown.
package words

import (
	_ "embed" // denied.txt
	"fmt"
	"path"
	"regexp"
	"strings"
)

//go:embed denied.txt
var deniedText string

// Denied is one entry of denied.txt.
type Denied struct {
	Pattern string
	Instead string // what to write
	match   *regexp.Regexp
	perLine bool // matched with the lines of comments, not with paragraphs
}

// Use is one use of a denied word.
type Use struct {
	File string
	Line int
	Text string // as it stands there
	Denied
}

// Folder returns the folder of the file; "." is the root.
func (u Use) Folder() string { return path.Dir(u.File) }

func (u Use) String() string { return fmt.Sprintf("%s:%d: %q: %s", u.File, u.Line, u.Text, u.Instead) }

// Load returns the entries of denied.txt.
func Load() ([]Denied, error) { return parseDenied(deniedText) }

func parseDenied(text string) ([]Denied, error) {
	var list []Denied
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		pattern, instead, ok := strings.Cut(line, "\t")
		if !ok || strings.TrimSpace(instead) == "" {
			return nil, fmt.Errorf("denied.txt: %q does not say what to write instead", line)
		}
		match, err := regexp.Compile("(?i)" + pattern)
		if err != nil {
			return nil, fmt.Errorf("denied.txt: %w", err)
		}
		list = append(list, Denied{pattern, instead, match, strings.HasPrefix(pattern, "^")})
	}
	return list, nil
}

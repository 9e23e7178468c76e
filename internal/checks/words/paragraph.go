package words

import (
	"regexp"
	"strings"
)

// paragraph is running text: its lines without the marks of a comment.
type paragraph struct {
	first   int // the line of the file in which it begins
	lines   []string
	comment bool
}

// codeSpan matches code in running text. A span does not cross lines.
var codeSpan = regexp.MustCompile("`[^`\n]*`")

// uses returns the uses of denied words, without the name of the file. A phrase
// is found if it is wrapped, too; its line is the one in which it begins.
func (p paragraph) uses(list []Denied) []Use {
	lines := make([]string, len(p.lines))
	for i, line := range p.lines {
		lines[i] = codeSpan.ReplaceAllString(strings.TrimSpace(line), "`")
	}
	text := strings.Join(lines, " ")
	var uses []Use
	for _, denied := range list {
		if denied.perLine {
			uses = append(uses, p.linesThatBegin(denied, lines)...)
			continue
		}
		for _, at := range denied.match.FindAllStringIndex(text, -1) {
			uses = append(uses, Use{Line: p.first + lineOf(lines, at[0]), Text: text[at[0]:at[1]], Denied: denied})
		}
	}
	return uses
}

func (p paragraph) linesThatBegin(denied Denied, lines []string) []Use {
	var uses []Use
	for i, line := range lines {
		if found := denied.match.FindString("// " + line); p.comment && found != "" {
			uses = append(uses, Use{Line: p.first + i, Text: found, Denied: denied})
		}
	}
	return uses
}

// lineOf returns the index of the line that holds an offset of the joined lines.
func lineOf(lines []string, offset int) int {
	for i, line := range lines {
		if offset -= len(line) + 1; offset < 0 {
			return i
		}
	}
	return len(lines) - 1
}

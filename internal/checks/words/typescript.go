package words

import (
	"slices"
	"strings"
)

// typescriptProse returns the comments of a TypeScript file. Line comments that
// follow each other directly are one paragraph.
func typescriptProse(text string) []paragraph {
	var prose []paragraph
	for _, c := range typescriptComments(text) {
		line := strings.Count(text[:c.begin], "\n") + 1
		comment := text[c.begin:c.end]
		if last := len(prose) - 1; strings.HasPrefix(comment, "//") && last >= 0 && c.joins &&
			prose[last].first+len(prose[last].lines) == line {
			prose[last].lines = append(prose[last].lines, commentLines(comment)...)
			continue
		}
		prose = append(prose, paragraph{first: line, lines: commentLines(comment), comment: true})
	}
	return prose
}

// span is the place of a comment in a file.
type span struct {
	begin, end int
	joins      bool // nothing but white space stands between it and the comment before it
}

// typescriptComments finds the comments of a file by skipping string literals,
// template literals and regular expressions. It needs no more of the grammar: a
// string ends with its line at the latest, so that an apostrophe in the text of
// an element does no harm beyond that line.
func typescriptComments(text string) []span {
	var found []span
	code := true // there was code since the last comment
	before := byte(0)
	for i := 0; i < len(text); {
		switch {
		case strings.HasPrefix(text[i:], "//") && before != ':':
			end := i + indexOr(text[i:], "\n", 0)
			found = append(found, span{i, end, !code})
			code, i = false, end
		case strings.HasPrefix(text[i:], "/*"):
			end := i + indexOr(text[i:], "*/", 2)
			found = append(found, span{i, end, false})
			code, i = true, end
		case slices.Contains([]byte("'\"`"), text[i]), text[i] == '/' && beginsRegexp(text[:i]):
			before, code = text[i], true
			i = endOfLiteral(text, i)
		default:
			before = text[i]
			if !strings.ContainsRune(" \t\r\n", rune(text[i])) {
				code = true
			}
			i++
		}
	}
	return found
}

// indexOr returns where the text after a mark ends: extra bytes beyond its first
// occurrence, or at the end of the text.
func indexOr(text, mark string, extra int) int {
	if at := strings.Index(text, mark); at >= 0 {
		return at + extra
	}
	return len(text)
}

// endOfLiteral returns where the literal ends that begins at i. A template
// literal may span lines; what it holds in ${} counts as part of it.
func endOfLiteral(text string, i int) int {
	quote, class := text[i], false
	for i++; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == '\n' && quote != '`':
			return i
		case quote == '/' && c == '[':
			class = true
		case quote == '/' && c == ']':
			class = false
		case c == quote && !class:
			return i + 1
		}
	}
	return len(text)
}

// beginsRegexp reports whether a slash after this code begins a regular
// expression: an operand cannot end here.
func beginsRegexp(code string) bool {
	code = strings.TrimRight(code, " \t\n")
	return code == "" || strings.HasSuffix(code, "return") || strings.ContainsRune("(,=:[!&|?{};+", rune(code[len(code)-1]))
}

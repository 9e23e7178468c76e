package workbook

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// trim removes white space at both ends, including the ideographic space.
func trim(s string) string { return strings.TrimSpace(s) }

// compareForm returns the form in which headers, sheet names and words are compared:
// half-width, lower case, with underscores for spaces.
func compareForm(s string) string {
	s = strings.ToLower(normalize(trim(s)))
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '_' }), "_")
}

// normalize converts full-width digits, letters and signs to the usual ones, and composes
// characters. It is for everything except names.
func normalize(s string) string { return trim(norm.NFC.String(width.Fold.String(s))) }

// findInvisible returns the first character that is invisible but affects a page or a log:
// controls, bidirectional marks, zero-width characters, line and paragraph separators, and
// invalid UTF-8.
func findInvisible(s string) (rune, bool) {
	for _, r := range s {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar {
			return r, true
		}
	}
	return 0, false
}

func codePoint(r rune) string { return fmt.Sprintf("U+%04X", r) }

// splitList splits a cell at ; and , and their East Asian forms. Empty parts are dropped.
func splitList(s string) []string {
	var parts []string
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool {
		return strings.ContainsRune(";,、，；､\n", r)
	}) {
		if part = trim(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// quote shortens the text of a cell for use in a sentence, and replaces its invisible
// characters.
func quote(s string) string {
	s = strings.Map(func(r rune) rune {
		if _, bad := findInvisible(string(r)); bad {
			return '�'
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > 60 {
		return string(runes[:59]) + "…"
	}
	return s
}

// cellErrors are the values that a spreadsheet program stores for a failed formula.
var cellErrors = map[string]bool{
	"#DIV/0!": true, "#N/A": true, "#NAME?": true, "#NULL!": true, "#NUM!": true,
	"#REF!": true, "#VALUE!": true, "#SPILL!": true, "#CALC!": true,
}

var (
	yes = words("yes y true 1 o x ✓ ✔ 예 네 是 有")
	no  = words("no n false 0 - 아니오 아니요 없음 否 无")
)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// choices maps the words of a TypeChoice column to their English words.
var choices = map[string]map[string]string{
	"kind": {
		"talk": "talk", "강연": "talk", "발표": "talk", "演讲": "talk", "报告": "talk",
		"matching": "matching", "상담": "matching", "洽谈": "matching", "对接": "matching",
		"break": "break", "휴식": "break", "오찬": "break", "休息": "break", "午餐": "break", "茶歇": "break",
		"visit": "visit", "견학": "visit", "방문": "visit", "参观": "visit", "考察": "visit",
	},
	"role": {
		"lead": "lead", "총괄": "lead", "总场控": "lead", "总控": "lead",
		"moderator": "moderator", "현장운영": "moderator", "场控": "moderator",
		"runner": "runner", "진행요원": "runner", "跑场": "runner",
	},
}

// choiceWords are the English words of each choice, in the order of the documentation.
var choiceWords = map[string]string{
	"kind": "talk, matching, break, visit",
	"role": "lead, moderator, runner",
}

package workbook

import (
	"fmt"
	"slices"
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
// controls, bidirectional marks, zero-width characters, blank letters, line and paragraph
// separators, and invalid UTF-8. A zero-width joiner or non-joiner is allowed where writing
// needs it.
func findInvisible(s string) (rune, bool) {
	runes := []rune(s)
	for i, r := range runes {
		if isInvisible(r) && !joins(runes, i) {
			return r, true
		}
	}
	return 0, false
}

const brailleBlank = '\u2800'

func isInvisible(r rune) bool {
	return r == unicode.ReplacementChar || r == brailleBlank ||
		unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point)
}

const (
	nonJoiner = '\u200c'
	joiner    = '\u200d'
)

// plainScripts need no joiners: in them a joiner would only make two equal names differ.
var plainScripts = []*unicode.RangeTable{
	unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana,
}

// joins reports whether the character at i is a joiner or non-joiner between two letters of a
// script that needs them, as in Persian, or a joiner between two parts of an emoji.
func joins(s []rune, i int) bool {
	if s[i] != joiner && s[i] != nonJoiner || i == 0 || i == len(s)-1 {
		return false
	}
	before, after := s[i-1], s[i+1]
	script := func(r rune) bool { return unicode.In(r, unicode.L, unicode.M) && !unicode.In(r, plainScripts...) }
	emojiEnd := unicode.In(before, unicode.So, unicode.Sk, unicode.Variation_Selector) // Sk: the tones of skin
	return script(before) && script(after) || s[i] == joiner && emojiEnd && unicode.Is(unicode.So, after)
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

// The words of a TypeYesNo column, in the order of the documentation.
var (
	yesWords = strings.Fields("yes y true 1 o ○ ◯ 〇 ✓ ✔ 예 네 是 有")
	noWords  = strings.Fields("no n false 0 - x × ✕ ✗ ✘ 아니오 아니요 없음 否 无")

	yes, no = wordSet(yesWords), wordSet(noWords)
)

func wordSet(list []string) map[string]bool {
	set := map[string]bool{}
	for _, w := range list {
		set[w] = true
	}
	return set
}

// choice is a word that a TypeChoice column may hold.
type choice struct {
	word string   // in English
	also []string // other words that mean the same
}

// choices are the choices of each TypeChoice column, in the order of the documentation.
var choices = map[string][]choice{
	"kind": {
		{"talk", []string{"강연", "발표", "演讲", "报告"}},
		{"matching", []string{"상담", "洽谈", "对接"}},
		{"break", []string{"휴식", "오찬", "休息", "午餐", "茶歇"}},
		{"visit", []string{"견학", "방문", "参观", "考察"}},
	},
	"role": {
		{"lead", []string{"총괄", "总场控", "总控"}},
		{"moderator", []string{"현장운영", "场控"}},
		{"runner", []string{"진행요원", "跑场"}},
	},
}

// findChoice returns the English word for what s means in a column; ok is false if it means none.
func findChoice(column, s string) (word string, ok bool) {
	for _, c := range choices[column] {
		if c.word == s || slices.Contains(c.also, s) {
			return c.word, true
		}
	}
	return "", false
}

// choiceWords returns the English words of a column's choices, separated by commas.
func choiceWords(column string) string {
	var list []string
	for _, c := range choices[column] {
		list = append(list, c.word)
	}
	return strings.Join(list, ", ")
}

package workbook

import (
	"regexp"
	"strings"

	"golang.org/x/text/language"

	"github.com/matchfloor/matchfloor/floor"
)

// languageNames are names of languages that people write instead of a code.
var languageNames = map[string]floor.Lang{
	"korean": "ko", "한국어": "ko", "한국말": "ko", "韩语": "ko", "韩文": "ko", "한": "ko", "韩": "ko",
	"chinese": "zh", "중국어": "zh", "中文": "zh", "汉语": "zh", "普通话": "zh", "중": "zh", "中": "zh",
	"english": "en", "영어": "en", "英语": "en", "英文": "en", "영": "en", "英": "en",
}

var languageCode = regexp.MustCompile(`^[a-z]{2,3}$`)

// parseLanguage parses a language's code or name. A code must be one that ISO 639 assigns to
// a language.
func parseLanguage(s string) (floor.Lang, bool) {
	s = strings.ToLower(normalize(s))
	if l, ok := languageNames[s]; ok {
		return l, true
	}
	if !languageCode.MatchString(s) {
		return "", false
	}
	if _, err := language.ParseBase(s); err != nil {
		return "", false
	}
	return floor.Lang(s), s != "und"
}

var pairSeparator = regexp.MustCompile(`\s*[-‐‑–—↔⇄~〜/:]\s*`)

// parsePair parses two languages with a hyphen, dash, arrow, slash or colon between them. If
// code is not empty, it says what is wrong with the returned word.
func parsePair(s string) (floor.Pair, Code, string) {
	halves := pairSeparator.Split(normalize(s), -1)
	if len(halves) != 2 || halves[0] == "" || halves[1] == "" {
		return "", BadPair, s
	}
	var langs [2]floor.Lang
	for i, half := range halves {
		l, ok := parseLanguage(half)
		if !ok {
			return "", BadLanguage, half
		}
		langs[i] = l
	}
	if langs[0] == langs[1] {
		return "", BadPair, s
	}
	return floor.MakePair(langs[0], langs[1]), "", ""
}

// parseCountry parses an ISO 3166 alpha-2 code of a country.
func parseCountry(s string) (string, bool) {
	s = strings.ToUpper(normalize(s))
	if len(s) != 2 {
		return "", false
	}
	r, err := language.ParseRegion(s)
	if err != nil || !r.IsCountry() {
		return "", false
	}
	return s, true
}

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
	"chinese": "zh", "중국어": "zh", "中文": "zh", "汉语": "zh", "普通话": "zh", "cmn": "zh", "중": "zh", "中": "zh",
	"english": "en", "영어": "en", "英语": "en", "英文": "en", "영": "en", "英": "en",
}

// countryCodes are codes of countries that people write for a language. ISO 639 assigns them to
// other languages: Kanuri and Chamorro.
var countryCodes = map[string]floor.Lang{"kr": "ko", "ch": "zh"}

var languageCode = regexp.MustCompile(`^[a-z]{2,3}$`)

// parseLanguage parses a language's code or name. A code must be one that ISO 639 assigns to
// a language; the result is the shortest for it: ko for kor. If s is the code of a country
// instead, near is the language that is probably meant.
func parseLanguage(s string) (l, near floor.Lang, ok bool) {
	s = strings.ToLower(normalize(s))
	if l, ok := languageNames[s]; ok {
		return l, "", true
	}
	if near, ok := countryCodes[s]; ok {
		return "", near, false
	}
	if !languageCode.MatchString(s) {
		return "", "", false
	}
	if tag, err := language.Parse(s); err == nil { // it makes kor to ko, and chi to zh
		base, _ := tag.Base()
		if tag == language.Und || base.IsPrivateUse() {
			return "", "", false
		}
		return floor.Lang(base.String()), "", true
	}
	if region, err := language.ParseRegion(s); err == nil && region.IsCountry() && len(s) == 2 {
		if tag, err := language.Compose(region); err == nil {
			base, _ := tag.Base() // the likeliest of the country
			return "", floor.Lang(base.String()), false
		}
	}
	return "", "", false
}

var pairSeparator = regexp.MustCompile(`\s*[-‐‑–—↔⇄~〜/:]\s*`)

// parsePair parses two languages with a hyphen, dash, arrow, slash or colon between them. If
// code is not empty, it says what is wrong, with the details of the fault.
func parsePair(s string) (p floor.Pair, code Code, details []string) {
	halves := pairSeparator.Split(normalize(s), -1)
	if len(halves) != 2 || halves[0] == "" || halves[1] == "" {
		return "", BadPair, []string{"value", quote(s)}
	}
	var langs [2]floor.Lang
	for i, half := range halves {
		l, near, ok := parseLanguage(half)
		if near != "" {
			return "", NearLanguage, []string{"value", quote(half), "near", string(near)}
		}
		if !ok {
			return "", BadLanguage, []string{"value", quote(half)}
		}
		langs[i] = l
	}
	if langs[0] == langs[1] {
		return "", BadPair, []string{"value", quote(s)}
	}
	return floor.MakePair(langs[0], langs[1]), "", nil
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

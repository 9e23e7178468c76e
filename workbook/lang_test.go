package workbook

import (
	"testing"

	"github.com/matchfloor/matchfloor/floor"
)

func TestParseLanguage_TakesCodesAndNamesAndNamesWhatIsMeant(t *testing.T) {
	type result struct {
		lang, near floor.Lang
		ok         bool
	}
	for s, want := range map[string]result{
		"ko": {"ko", "", true}, "KOR": {"ko", "", true}, "한국어": {"ko", "", true}, "kr": {"", "ko", false},
		"zh": {"zh", "", true}, "zho": {"zh", "", true}, "chi": {"zh", "", true}, "cmn": {"zh", "", true},
		"cn": {"", "zh", false}, "ch": {"", "zh", false},
		"ja": {"ja", "", true}, "jpn": {"ja", "", true}, "jp": {"", "ja", false},
		"vi": {"vi", "", true}, "vie": {"vi", "", true}, "vn": {"", "vi", false},
		"ｅｎ": {"en", "", true}, "eng": {"en", "", true}, "gb": {"", "en", false}, "hk": {"", "zh", false},
		"und": {"", "", false}, "xx": {"", "", false}, "qqq": {"", "", false}, "k": {"", "", false}, "": {"", "", false},
	} {
		if lang, near, ok := parseLanguage(s); (result{lang, near, ok}) != want {
			t.Errorf("%q: %q, near %q, %t; want %+v", s, lang, near, ok, want)
		}
	}
}

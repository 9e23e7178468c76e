package workbook

import "testing"

func TestFindInvisible_LeavesWhatWritingNeeds(t *testing.T) {
	for s, want := range map[string]rune{
		"김서연": 0, "Ni\u00f1o": 0, "می\u200cخواهم": 0, "क्\u200dष": 0, "\U0001f469\u200d\U0001f680": 0,
		"\U0001f469\U0001f3fd\u200d\U0001f680": 0, "\u2764\ufe0f\u200d\U0001f525": 0,
		"Kim\u200dLee": 0x200d, "김\u200c서연": 0x200c, "\u200cخ": 0x200c, "خ\u200c": 0x200c, "خ\u200c\u200cخ": 0x200c,
		"خ\u200d ": 0x200d, "\U0001f469\u200c\U0001f680": 0x200c,
		"\u3164": 0x3164, "김\u115f": 0x115f, "\u1160": 0x1160, "\uffa0": 0xffa0, "a\u2800": 0x2800, "a\u034fb": 0x34f,
		"a\u202eb": 0x202e, "a\u200bb": 0x200b, "\ufeffa": 0xfeff, "a\u0007": 7, "a\u2028b": 0x2028, "\xff": 0xfffd,
	} {
		if got, _ := findInvisible(s); got != want {
			t.Errorf("%+q: %U, want %U", s, got, want)
		}
	}
}

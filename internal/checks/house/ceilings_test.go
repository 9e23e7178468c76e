package house

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestLimit_CheckAllowsNothingToGrowAndNoCeilingToStay(t *testing.T) {
	l := newLimit("words", "words", always(10))
	l.Now = map[string]int{"grown": 21, "new": 11, "same": 20, "less": 19, "good": 10, "fine": 3}
	ceilings := map[string]int{"grown": 20, "same": 20, "less": 20, "good": 20, "away": 20}
	var got []string
	for _, fault := range l.Check(ceilings) {
		key, text, _ := strings.Cut(fault, ":")
		if strings.Contains(text, "shrink the list") {
			key += " shrink"
		}
		got = append(got, key)
	}
	want := []string{"good shrink", "grown", "less shrink", "new", "away shrink"}
	if !slices.Equal(got, want) {
		t.Errorf("faults: %v, want %v", got, want)
	}
}

func TestLimit_LowerNeverRaisesOrAdds(t *testing.T) {
	l := newLimit("words", "words", always(10))
	l.Now = map[string]int{"grown": 21, "new": 11, "same": 20, "less": 19, "good": 10}
	lowered := l.Lower(map[string]int{"grown": 20, "same": 20, "less": 20, "good": 20, "away": 20})
	if want := map[string]int{"grown": 20, "same": 20, "less": 19}; !maps.Equal(lowered, want) {
		t.Errorf("lowered to %v, want %v", lowered, want)
	}
	if first, want := l.Exceeding(), map[string]int{"grown": 21, "new": 11, "same": 20, "less": 19}; !maps.Equal(first, want) {
		t.Errorf("first ceilings %v, want %v", first, want)
	}
}

func TestMethodLimits_CountByTypeInTightFoldersOnly(t *testing.T) {
	methods, files := methodLimits([]MethodSet{
		{"hub/replica", "big", 30, []string{"a", "b"}},
		{"hub/replica", "small", 2, []string{"a"}},
		{"client", "big", 40, []string{"a"}},
		{"client", "wide", 7, []string{"a", "b", "c"}},
		{"hubris", "one", 1, []string{"a"}},
	})
	if want := map[string]int{"hub/replica.big": 30, "hub/replica.small": 2, "client": 40, "hubris": 1}; !maps.Equal(methods.Now, want) {
		t.Errorf("methods: %v, want %v", methods.Now, want)
	}
	if want := map[string]int{"hub/replica.big": 2, "hub/replica.small": 1, "client": 3, "hubris": 1}; !maps.Equal(files.Now, want) {
		t.Errorf("files: %v, want %v", files.Now, want)
	}
}

func TestTangleLimit_IsStricterInTightFolders(t *testing.T) {
	cycle := []string{"a", "b", "c", "d"}
	l := tangleLimit([]Tangle{{"hub", 10, cycle}, {"client", 8, cycle}, {"sheet", 7, cycle}, {"server", 11, cycle}, {unlimited, 4, cycle}})
	if want := map[string]int{"hub": 40, "sheet": 57}; !maps.Equal(l.Exceeding(), want) {
		t.Errorf("over the limit: %v, want %v", l.Exceeding(), want)
	}
}

func TestCeilings_SurviveBeingWritten(t *testing.T) {
	const text = "# why\n# this is\nhub 7\nhub/replica.big 30\n"
	c, err := ParseCeilings(text)
	if err != nil {
		t.Fatal(err)
	}
	if c.String() != text {
		t.Errorf("written as %q", c)
	}
	for _, broken := range []string{"hub\n", "hub x\n", "hub 1 2\n", "hub 1\nhub 2\n"} {
		if _, err := ParseCeilings(broken); err == nil {
			t.Errorf("%q was accepted", broken)
		}
	}
}

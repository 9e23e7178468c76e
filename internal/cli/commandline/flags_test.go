package commandline

import (
	"strings"
	"testing"
)

// TestFlags_KeepTheirSpelling holds what scripts rely on: one dash or two, a value after a
// space or an equals sign, flags before and after arguments, and "--" before an argument
// that looks like a flag.
func TestFlags_KeepTheirSpelling(t *testing.T) {
	for _, line := range []string{
		"-text a -count -1 -yes FILE", "--text a --count -1 --yes FILE", "--text=a --count=-1 --yes=true FILE",
		"FILE -text=a -count=-1 -yes", "-yes FILE --text a --count=-1", "--text a --count -1 -yes -- FILE",
	} {
		f := NewFlags(&Program{Getenv: func(name string) string { return map[string]string{"MATCHFLOOR_TEXT": "e"}[name] }}, "test", "")
		text, count, yes := f.String("text", "", "a text"), f.Int("count", 3, "a number"), f.Bool("yes", false, "a switch")
		rest, err := f.ParseArgs(strings.Fields(line), 1)
		if err != nil || rest[0] != "FILE" || *text != "a" || *count != -1 || !*yes {
			t.Errorf("%s: %q, %d, %t, %q, %v", line, *text, *count, *yes, rest, err)
		}
	}
	for _, line := range []string{"--text -yes -", "-text -yes -- -"} { // the value of --text is "-yes"
		f := NewFlags(&Program{Getenv: func(string) string { return "" }}, "test", "")
		text, yes := f.String("text", "", "a text"), f.Bool("yes", false, "a switch")
		if rest, err := f.ParseArgs(strings.Fields(line), 1); err != nil || rest[0] != "-" || *text != "-yes" || *yes {
			t.Errorf("%s: %q, %t, %q, %v", line, *text, *yes, rest, err)
		}
	}
}

func TestDistance_CountsChanges(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"serve", "serve", 0}, {"srve", "serve", 1}, {"improt", "import", 2}, {"kitten", "sitting", 3}} {
		if ab, ba := distance(c.a, c.b), distance(c.b, c.a); ab != c.want || ba != c.want {
			t.Errorf("%q and %q: %d and %d, want %d", c.a, c.b, ab, ba, c.want)
		}
	}
}

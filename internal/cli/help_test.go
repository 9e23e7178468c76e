package cli

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/golden"
)

// columns is the width of a plain terminal.
const columns = 80

// TestHelp_IsAsReviewed pins the help of every subcommand, so that a change of one is
// read. All lines fit a terminal of 80 columns.
func TestHelp_IsAsReviewed(t *testing.T) {
	var all strings.Builder
	for _, words := range append([][]string{nil}, commandLines()...) {
		args := append([]string{"help"}, words...)
		o := runOnce(t, args)
		if o.code != commandline.ExitOK || o.stderr != "" {
			t.Errorf("%v: %+v", args, o)
		}
		all.WriteString("$ " + strings.Join(append([]string{"matchfloor"}, args...), " ") + "\n" + o.stdout + "\n")
	}
	golden.Compare(t, "testdata/help.txt", all.String())
	for line := range strings.Lines(all.String()) {
		if line = strings.TrimSuffix(line, "\n"); utf8.RuneCountInString(line) > columns {
			t.Errorf("longer than %d columns: %s", columns, line)
		}
	}
}

// commandLines returns the words of every subcommand and of every form of one.
func commandLines() (all [][]string) {
	for _, c := range table().All() {
		all = append(all, strings.Fields(c.Name))
	}
	return all
}

// The flag -h prints the same as help, but on stderr.
func TestHelp_GoesWhereItIsExpected(t *testing.T) {
	want := runOnce(t, []string{"help", "serve"}).stdout
	for _, flag := range []string{"-h", "-help", "--help"} {
		if o := runOnce(t, []string{"serve", flag}); o.code != commandline.ExitOK || o.stdout != "" || o.stderr != want {
			t.Errorf("serve %s: %+v", flag, o)
		}
	}
	list := runOnce(t, []string{"help"}).stdout
	for _, word := range []string{"-h", "-help", "--help"} {
		if o := runOnce(t, []string{word}); o.code != commandline.ExitOK || o.stdout != list || o.stderr != "" {
			t.Errorf("%s: %+v", word, o)
		}
	}
	for _, line := range []string{"help help", "help -h", "help --help", "-h -h", "--help help"} {
		if o := runOnce(t, strings.Fields(line)); o.code != commandline.ExitOK || o.stdout != list || o.stderr != "" {
			t.Errorf("%s: %+v", line, o)
		}
	}
	version := runOnce(t, []string{"help", "version"}).stdout
	for _, line := range []string{"version -h", "version --help", "-version -h", "--version --help"} {
		if o := runOnce(t, strings.Fields(line)); o.code != commandline.ExitOK || o.stdout != "" || o.stderr != version || !strings.Contains(version, "usage: matchfloor version") {
			t.Errorf("%s: %+v", line, o)
		}
	}
	if o := runOnce(t, nil); o.code != commandline.ExitUsage || o.stdout != "" || o.stderr != list {
		t.Errorf("nothing: %+v", o)
	}
}

func TestRun_SuggestsTheWordThatWasMeant(t *testing.T) {
	for _, c := range []struct{ line, text string }{
		{"srve", "; did you mean serve?"},
		{"improt x", "; did you mean import?"},
		{"help lnks", "; did you mean links?"},
		{"serve --publc-url x", "; did you mean --public-url?"},
		{"serve -dta x", "; did you mean --data?"},
		{"load compare --phone 3", "; did you mean --phones?"},
	} {
		o := runOnce(t, strings.Fields(c.line))
		if o.code != commandline.ExitUsage || !strings.Contains(o.stderr, c.text) || o.stdout != "" {
			t.Errorf("%s: %+v, want %q", c.line, o, c.text)
		}
	}
	for _, line := range []string{"dance", "serve --fast", "serve --max-events many"} {
		if o := runOnce(t, strings.Fields(line)); o.code != commandline.ExitUsage || strings.Contains(o.stderr, "did you mean") {
			t.Errorf("%s: %+v", line, o)
		}
	}
}

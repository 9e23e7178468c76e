//go:build !race

// The shells run the program again and again, one at a time: there is nothing to race
// with, and the race detector's program starts slowly.

package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/internal/cli/commandline"
)

// completionCases are the words after the program's name, and what they are completed to.
// None means that the shell completes file names.
var completionCases = []struct {
	words []string
	want  []string
}{
	{[]string{"se"}, []string{"serve"}},
	{[]string{"lo"}, []string{"load"}},
	{[]string{"he"}, []string{"health", "help"}},
	{[]string{"help", "ver"}, []string{"verify", "version"}},
	{[]string{"load", "b"}, []string{"baseline"}},
	{[]string{"help", "load", ""}, []string{"compare", "baseline", "hub"}},
	{[]string{"completion", ""}, []string{"bash", "zsh", "fish"}},
	{[]string{"serve", "--tls"}, []string{"--tls-cert", "--tls-key"}},
	{[]string{"serve", "-pub"}, []string{"-public-url"}},
	{[]string{"load", "compare", "--relax"}, []string{"--relax-timers"}},
	{[]string{"serve", "--log-level", "w"}, []string{"warn"}},
	{[]string{"import", "--json", "--da"}, []string{"--data"}},
	{[]string{"serve", "--key-file", "ke"}, nil},
	{[]string{"import", "for"}, nil},
	{[]string{"unknown", "--d"}, nil},
	{[]string{"help", "unknown", ""}, nil},
}

func TestCompletion_CandidatesFitTheWords(t *testing.T) {
	for _, c := range completionCases {
		if got := candidatesFor(t, c.words...); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.words, got, c.want)
		}
	}
	if all := candidatesFor(t); !slices.Contains(all, "serve") || !slices.Contains(all, "help") {
		t.Errorf("no word at all: %q", all)
	}
}

// candidatesFor returns the candidates that the program prints.
func candidatesFor(t *testing.T, words ...string) (got []string) {
	t.Helper()
	o := runOnce(t, append([]string{"completion", "candidates"}, words...))
	if o.code != commandline.ExitOK || o.stderr != "" {
		t.Errorf("%q: %+v", words, o)
	}
	for line := range strings.Lines(o.stdout) {
		word, about, _ := strings.Cut(line, "\t")
		if got = append(got, word); about == "" {
			t.Errorf("%q: no tab in %q", words, line)
		}
	}
	return got
}

// The completion of a real shell. Each runs a script that prints a candidate a line, or
// nothing if file names are completed.
func TestCompletion_WorksInShells(t *testing.T) {
	for shell, c := range map[string]struct {
		args   []string
		script string
	}{
		"bash": {[]string{"--norc", "--noprofile"}, `
			source <(matchfloor completion bash) || exit 1
			complete -p matchfloor | grep -q -- '-o default -F _matchfloor' || exit 1
			COMP_WORDS=(matchfloor "$@") COMP_CWORD=$#
			_matchfloor matchfloor "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
			(( ${#COMPREPLY[@]} )) && printf '%s\n' "${COMPREPLY[@]}"
			exit 0`},
		// The two functions of compinit that the script calls stand in for the screen.
		"zsh": {[]string{"-f"}, `
			compdef() { [[ $1 = _matchfloor && $2 = matchfloor ]] || exit 1 }
			_describe() { print -l -- "${(@)${(P)2}%%:*}" }
			_files() { : }
			source <(matchfloor completion zsh) || exit 1
			words=(matchfloor "$@") CURRENT=$(( $# + 1 ))
			_matchfloor`},
		"fish": {[]string{"--no-config"}, `
			matchfloor completion fish | source; or exit 1
			cd (mktemp -d); or exit 1
			complete -C (string join ' ' -- matchfloor $argv) | string replace -r '\t.*' ''
			true`},
	} {
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skip("left out: no " + shell + " on this machine")
			}
			dir := t.TempDir()
			if err := os.Symlink(testBinary(t), filepath.Join(dir, "matchfloor")); err != nil {
				t.Fatal(err)
			}
			for _, each := range completionCases {
				name := []string{"-c", c.script}
				if shell != "fish" { // in which $argv begins with the first argument
					name = append(name, shell)
				}
				command := exec.CommandContext(t.Context(), path, slices.Concat(c.args, name, each.words)...)
				command.Env = append(os.Environ(), asProgram+"=1", "HOME="+dir, "PATH="+dir+":"+os.Getenv("PATH"))
				command.Stderr = t.Output()
				out, err := command.Output()
				got := strings.Fields(string(out))
				slices.Sort(got)
				want := slices.Sorted(slices.Values(each.want))
				if err != nil || !slices.Equal(got, want) {
					t.Errorf("%q: %q, %v; want %q", each.words, got, err, want)
				}
			}
		})
	}
}

func TestCompletion_NamesTheShells(t *testing.T) {
	wantRun(t, commandline.ExitUsage, "bash, zsh or fish", "completion", "tcsh")
	wantRun(t, commandline.ExitUsage, "1 argument", "completion")
}

package commandline

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// candidatesWord is the argument of completion with which the scripts ask for candidates.
const candidatesWord = "candidates"

// Completion prints a script that makes a shell complete command lines of matchfloor. The
// script asks `matchfloor completion candidates WORD…` for each completion, so it fits
// every version of the program. It evaluates nothing of the command line, and needs no
// other package of the shell. If there is no candidate, the shell completes file names.
func (t Table) Completion(_ context.Context, p *Program, args []string) error {
	if len(args) > 0 && args[0] == candidatesWord {
		t.printCandidates(p.Stdout, args[1:])
		return nil
	}
	f := NewFlags(p, "completion", "bash | zsh | fish",
		"source <(matchfloor completion bash)    # in ~/.bashrc",
		"source <(matchfloor completion zsh)     # in ~/.zshrc, after compinit",
		"matchfloor completion fish | source     # in ~/.config/fish/config.fish")
	rest, err := f.ParseArgs(args, 1)
	if err != nil {
		return err
	}
	script, ok := completionScripts[rest[0]]
	if !ok {
		return UsageError("there is no completion for %q: bash, zsh or fish", rest[0])
	}
	_, err = io.WriteString(p.Stdout, script)
	return err
}

// completionScripts are the scripts, by shell.
var completionScripts = map[string]string{
	"bash": `# bash completion for matchfloor
_matchfloor() {
	local line
	COMPREPLY=()
	while IFS= read -r line; do
		COMPREPLY+=("${line%%$'\t'*}")
	done < <("${COMP_WORDS[0]}" completion candidates "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _matchfloor matchfloor
`,
	"zsh": `# zsh completion for matchfloor
_matchfloor() {
	local -a candidates
	local line
	"${words[1]}" completion candidates "${(@)words[2,CURRENT]}" 2>/dev/null | while IFS= read -r line; do
		candidates+=("${${line//:/\\:}/$'\t'/:}")
	done
	if (( ${#candidates} )); then
		_describe matchfloor candidates
	else
		_files
	fi
}
compdef _matchfloor matchfloor
`,
	"fish": `# fish completion for matchfloor
function __matchfloor_candidates
	set -l words (commandline -opc) (commandline -ct)
	$words[1] completion candidates $words[2..-1] 2>/dev/null
end
complete -c matchfloor -n 'count (__matchfloor_candidates) >/dev/null' -f -a '(__matchfloor_candidates)'
`,
}

// candidate is a word that may take the place of the last one of a command line.
type candidate struct{ word, about string }

// printCandidates prints each candidate and what it is, with a tab between them.
func (t Table) printCandidates(w io.Writer, words []string) {
	for _, c := range t.candidates(words) {
		fmt.Fprintf(w, "%s\t%s\n", c.word, c.about)
	}
}

// candidates returns what may take the place of the last of words, which may be "". The
// words are those after the program's name.
func (t Table) candidates(words []string) []candidate {
	if len(words) == 0 {
		words = []string{""}
	}
	before, last := words[:len(words)-1], words[len(words)-1]
	if len(before) > 0 && before[0] == "help" {
		return startingWith(last, t.commandCandidates(before[1:]))
	}
	if len(before) == 0 {
		return startingWith(last, append(t.commandCandidates(nil), candidate{"help", "print the help of a subcommand"}))
	}
	c, _, ok := t.find(before)
	if !ok {
		return nil
	}
	all := t.commandCandidates(before)
	if c.Name == "completion" && len(before) == 1 {
		for _, shell := range []string{"bash", "zsh", "fish"} {
			all = append(all, candidate{shell, "print the script for " + shell})
		}
	}
	if f := c.flags(); f != nil {
		if value, ok := f.valueCandidates(before[len(before)-1]); ok {
			return startingWith(last, value)
		}
		if strings.HasPrefix(last, "-") {
			all = f.flagCandidates(last)
		}
	}
	return startingWith(last, all)
}

// commandCandidates returns the subcommands, or the forms of the only one of words.
func (t Table) commandCandidates(words []string) (all []candidate) {
	list := t.subcommands()
	if len(words) > 0 {
		c, rest, _ := t.find(words)
		if list = c.Forms; len(rest) > 0 {
			list = nil
		}
	}
	for _, c := range list {
		name := strings.Fields(c.Name)
		all = append(all, candidate{name[len(name)-1], c.Summary})
	}
	return all
}

// flagCandidates returns the flags, with as many dashes as typed has, or two.
func (f *Flags) flagCandidates(typed string) (all []candidate) {
	dashes := "--"
	if len(typed) > 1 && typed[1] != '-' {
		dashes = "-"
	}
	f.VisitAll(func(fl *flag.Flag) {
		_, usage := flag.UnquoteUsage(fl)
		all = append(all, candidate{dashes + fl.Name, usage})
	})
	return all
}

// valueCandidates returns the values that may follow a word. It reports false if the word
// is no flag that takes its value from the next word.
func (f *Flags) valueCandidates(word string) (all []candidate, ok bool) {
	name := strings.TrimLeft(word, "-")
	fl := f.Lookup(name)
	if fl == nil || name == word {
		return nil, false
	}
	if b, isBool := fl.Value.(interface{ IsBoolFlag() bool }); isBool && b.IsBoolFlag() {
		return nil, false
	}
	for _, value := range f.Values[name] {
		all = append(all, candidate{value, ""})
	}
	return all, true
}

func startingWith(prefix string, all []candidate) []candidate {
	return slices.DeleteFunc(all, func(c candidate) bool { return !strings.HasPrefix(c.word, prefix) })
}

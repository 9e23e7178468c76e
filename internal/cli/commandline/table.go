// Package commandline reads the command line and the environment of matchfloor: a table
// of subcommands, their flags, their help, and the completion of both in a shell. What
// the subcommands do is in package cli.
//
// The standard library's package flag parses the flags, so that their spelling is what
// Go programs have: one dash or two, and a value after a space or an equals sign.
package commandline

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Subcommand runs with the arguments after its name. A nil error is success.
type Subcommand struct {
	Name, Summary string
	Run           func(context.Context, *Program, []string) error
	Forms         []Subcommand // chosen by the word after the name; their names are two words
}

// Group is a heading of the list of subcommands.
type Group struct {
	Title       string
	Subcommands []Subcommand
}

// Table is all subcommands, in the order of their list.
type Table []Group

// All returns the subcommands and their forms. A form follows its subcommand.
func (t Table) All() (all []Subcommand) {
	for _, c := range t.subcommands() {
		all = append(append(all, c), c.Forms...)
	}
	return all
}

// subcommands returns the subcommands without their forms.
func (t Table) subcommands() (all []Subcommand) {
	for _, g := range t {
		all = append(all, g.Subcommands...)
	}
	return all
}

// find returns the subcommand, or the form of one, that args begin with, and the
// arguments after it.
func (t Table) find(args []string) (c Subcommand, rest []string, ok bool) {
	if len(args) == 0 {
		return c, nil, false
	}
	for _, c := range t.subcommands() {
		if c.Name != args[0] {
			continue
		}
		for _, form := range c.Forms {
			if len(args) > 1 && form.Name == args[0]+" "+args[1] {
				return form, args[2:], true
			}
		}
		return c, args[1:], true
	}
	return c, nil, false
}

// helpWords ask for the help.
var helpWords = []string{"help", "-h", "-help", "--help"}

// Run runs the subcommand that args, the words after the program's name, ask for, and
// returns the exit code. It prints the reason of a failure to p.Stderr.
func (t Table) Run(ctx context.Context, p Program, args []string) int {
	if len(args) == 0 {
		t.printList(p.Stderr)
		return ExitUsage
	}
	if slices.Contains(helpWords, args[0]) {
		return p.ExitCode(t.help(&p, args[1:]))
	}
	if args[0] == "-version" || args[0] == "--version" {
		args = append([]string{"version"}, args[1:]...)
	}
	c, rest, ok := t.find(args)
	if !ok {
		code := p.ExitCode(t.unknown(args[:1])) // what follows may be a secret
		fmt.Fprintln(p.Stderr)
		t.printList(p.Stderr)
		return code
	}
	p.summary = c.Summary
	return p.ExitCode(c.Run(ctx, &p, rest))
}

// unknown returns the error about words that are not a subcommand.
func (t Table) unknown(words []string) error {
	var names []string
	for _, c := range t.subcommands() {
		names = append(names, c.Name)
	}
	return UsageError("unknown subcommand %q%s", strings.Join(words, " "), didYouMean(words[0], names, ""))
}

// help prints the list of subcommands, or the help of the one that words name.
func (t Table) help(p *Program, words []string) error {
	if len(words) == 0 || len(words) == 1 && slices.Contains(helpWords, words[0]) {
		t.printList(p.Stdout)
		return nil
	}
	c, rest, ok := t.find(words)
	if !ok || len(rest) > 0 {
		return t.unknown(words)
	}
	if f := c.flags(); f != nil {
		f.printHelp(p.Stdout)
		return nil
	}
	printAbout(p.Stdout, c.Name, "", c.Summary)
	return nil
}

// printList prints the list of subcommands.
func (t Table) printList(w io.Writer) {
	fmt.Fprint(w, "usage: matchfloor SUBCOMMAND [flags]\n")
	for _, g := range t {
		fmt.Fprintf(w, "\n%s:\n", g.Title)
		for _, c := range g.Subcommands {
			fmt.Fprintf(w, "  %-11s %s\n", c.Name, c.Summary)
		}
	}
	fmt.Fprintf(w, "\nmatchfloor help SUBCOMMAND prints its flags and examples.\n"+
		"Exit codes: %d done, %d failed, %d the workbook has faults, %d wrong usage.\n", ExitOK, ExitFailed, ExitFaults, ExitUsage)
}

// flags returns the subcommand's flags without running it, or nil if it has none.
func (c Subcommand) flags() (set *Flags) {
	nothing := func(string) string { return "" }
	p := &Program{Getenv: nothing, Stdout: io.Discard, Stderr: io.Discard, summary: c.Summary, describe: func(f *Flags) { set = f }}
	_ = c.Run(context.Background(), p, nil) // it ends with flag.ErrHelp, or it has printed its text
	return set
}

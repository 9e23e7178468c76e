package commandline

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Program is the process as a subcommand may use it.
type Program struct {
	Getenv         func(string) string
	Stdout, Stderr io.Writer

	// summary says what the subcommand that runs is for.
	summary string
	// describe receives the flags of a subcommand, which then ends with flag.ErrHelp before
	// it does anything. It is nil if the subcommand is to run.
	describe func(*Flags)
}

// Flags is the flag set of a subcommand. Its defaults come from the environment.
type Flags struct {
	*flag.FlagSet
	Program  *Program
	Given    map[string]bool // set on the command line
	synopsis string
	examples []string
	sections []string            // the headings of the help, in their order
	placed   map[string]string   // the heading of each flag
	Values   map[string][]string // of flags that take one of a few words
}

// NewFlags returns an empty flag set for a subcommand. The synopsis follows the
// subcommand's name in the help, and the examples end it.
func NewFlags(p *Program, name, synopsis string, examples ...string) *Flags {
	f := &Flags{
		FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), Program: p, Given: map[string]bool{}, synopsis: synopsis, examples: examples,
		sections: []string{"Flags"}, placed: map[string]string{}, Values: map[string][]string{},
	}
	f.SetOutput(io.Discard) // ParseArgs returns what is wrong
	f.Usage = func() {}     // and prints the help
	return f
}

// Section puts the flags that define defines under a heading of the help.
func (f *Flags) Section(title string, define func()) {
	before := map[string]bool{}
	f.VisitAll(func(fl *flag.Flag) { before[fl.Name] = true })
	define()
	f.VisitAll(func(fl *flag.Flag) {
		if !before[fl.Name] {
			f.placed[fl.Name] = title
		}
	})
	f.sections = append(f.sections, title)
}

// inSections returns all flags under their headings, in lexical order under each.
func (f *Flags) inSections() []flagSection {
	all := make([]flagSection, len(f.sections))
	for i, title := range f.sections {
		all[i].title = title
		f.VisitAll(func(fl *flag.Flag) {
			if f.placed[fl.Name] == title || i == 0 && f.placed[fl.Name] == "" {
				all[i].flags = append(all[i].flags, fl)
			}
		})
	}
	return all
}

// ParseArgs reads the environment, then args, which takes precedence. It returns the
// arguments that are not flags. There must be exactly want of them. If a flag asks for
// the help, ParseArgs prints it and returns flag.ErrHelp.
func (f *Flags) ParseArgs(args []string, want int) ([]string, error) {
	if f.Program.describe != nil {
		f.Program.describe(f)
		return nil, flag.ErrHelp
	}
	if err := f.readEnvironment(); err != nil {
		return nil, &ExitError{Code: ExitUsage, Err: err}
	}
	rest, err := f.interleaved(args)
	if errors.Is(err, flag.ErrHelp) {
		f.printHelp(f.Program.Stderr)
		return nil, err
	}
	if err != nil {
		return nil, UsageError("%w%s\nmatchfloor help %s prints the flags", err, f.suggestion(err), f.Name())
	}
	f.Visit(func(fl *flag.Flag) { f.Given[fl.Name] = true })
	if len(rest) != want {
		return nil, UsageError("%s needs %d argument(s) in addition to its flags, not %d", f.Name(), want, len(rest))
	}
	return rest, nil
}

// LogLevel defines the flag of the least level of messages to log.
func (f *Flags) LogLevel(level *slog.LevelVar) {
	f.TextVar(level, "log-level", level, "the least `level` of messages to log: debug, info, warn or error")
	f.Values["log-level"] = []string{"debug", "info", "warn", "error"}
}

// suggestion names the flag most like the one that an error of the flag package says is
// not defined. That package has no other way to tell its name.
func (f *Flags) suggestion(err error) string {
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return ""
	}
	var names []string
	f.VisitAll(func(fl *flag.Flag) { names = append(names, fl.Name) })
	return didYouMean(name, names, "--")
}

// readEnvironment sets the flags that the environment names. It sets them by their
// values, not by FlagSet.Set, so that Visit finds only those of the command line.
func (f *Flags) readEnvironment() (err error) {
	f.VisitAll(func(fl *flag.Flag) {
		name := variable(fl.Name)
		value := f.Program.Getenv(name)
		if value == "" {
			return
		}
		if invalid := fl.Value.Set(value); invalid != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", name, invalid))
		}
		if l, ok := fl.Value.(list); ok {
			fl.Value = &replacing{list: l}
		}
	})
	return err
}

// interleaved parses args and returns those that are not flags. Flags may follow
// arguments too, as in `import FILE --json`.
func (f *Flags) interleaved(args []string) (rest []string, err error) {
	for {
		if err := f.Parse(args); err != nil {
			return nil, err
		}
		if f.NArg() == 0 {
			return rest, nil
		}
		rest = append(rest, f.Arg(0))
		args = f.Args()[1:]
	}
}

// printHelp prints the subcommand's synopsis, its flags in sections, and its examples.
func (f *Flags) printHelp(w io.Writer) {
	printAbout(w, f.Name(), f.synopsis, f.Program.summary)
	flags := 0
	for _, s := range f.inSections() {
		printSection(w, s)
		flags += len(s.flags)
	}
	if len(f.examples) > 0 {
		fmt.Fprintln(w, "\nExamples:")
	}
	for _, e := range f.examples {
		fmt.Fprintln(w, "  "+e)
	}
	if flags > 0 {
		fmt.Fprintln(w, "\nA flag takes precedence over its variable. One dash works as well as two.")
	}
}

// ExitCode returns the exit code of a subcommand that ended with err, and prints err
// to Stderr unless that was done already.
func (p *Program) ExitCode(err error) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return ExitOK
	}
	own, ok := errors.AsType[*ExitError](err)
	if !ok {
		own = &ExitError{Code: ExitFailed}
	}
	if !own.Printed {
		fmt.Fprintln(p.Stderr, "matchfloor:", err)
	}
	return own.Code
}

// Logger returns a logger to Stderr of all messages of at least a level.
func (p *Program) Logger(level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewTextHandler(p.Stderr, &slog.HandlerOptions{Level: level}))
}

package cli

import (
	"errors"
	"flag"
	"fmt"
	"strings"
)

// flags is the flag set of a subcommand. Its defaults come from the environment.
type flags struct {
	*flag.FlagSet
	p     *program
	given map[string]bool // set on the command line
}

// newFlags returns an empty flag set for a subcommand. The synopsis follows the
// subcommand's name in the help.
func newFlags(p *program, name, synopsis string) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), p: p, given: map[string]bool{}}
	f.SetOutput(p.stderr)
	f.Usage = func() {
		fmt.Fprintf(p.stderr, "usage: matchfloor %s %s\n\n", name, synopsis)
		f.PrintDefaults()
		fmt.Fprintln(p.stderr, "\nEach flag can also be set as MATCHFLOOR_… in the environment: --public-url is MATCHFLOOR_PUBLIC_URL.")
	}
	return f
}

// parse reads the environment, then args, which takes precedence. It returns the
// arguments that are not flags. There must be exactly want of them.
func (f *flags) parse(args []string, want int) ([]string, error) {
	if err := f.readEnvironment(); err != nil {
		return nil, &exitError{code: exitUsage, err: err}
	}
	rest, err := f.interleaved(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil, err
	}
	if err != nil { // the flag package has printed it
		return nil, &exitError{code: exitUsage, printed: true, err: err}
	}
	f.Visit(func(fl *flag.Flag) { f.given[fl.Name] = true })
	if len(rest) != want {
		return nil, usageError("%s needs %d argument(s) in addition to its flags, not %d", f.Name(), want, len(rest))
	}
	return rest, nil
}

// readEnvironment sets the flags that the environment names. It sets them by their
// values, not by FlagSet.Set, so that Visit finds only those of the command line.
func (f *flags) readEnvironment() (err error) {
	f.VisitAll(func(fl *flag.Flag) {
		name := "MATCHFLOOR_" + strings.ToUpper(strings.ReplaceAll(fl.Name, "-", "_"))
		value := f.p.getenv(name)
		if value == "" {
			return
		}
		if invalid := fl.Value.Set(value); invalid != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", name, invalid))
		}
	})
	return err
}

// interleaved parses args and returns those that are not flags. Flags may follow
// arguments too, as in `import FILE --json`.
func (f *flags) interleaved(args []string) (rest []string, err error) {
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

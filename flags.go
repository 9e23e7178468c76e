package main

import (
	"errors"
	"flag"
	"fmt"
	"strings"
)

// flags are a subcommand's: a flag set whose defaults come from the environment.
type flags struct {
	*flag.FlagSet
	p     *program
	given map[string]bool // set on the command line
	env   map[string]bool // set by the environment
}

// newFlags begins the flags of a subcommand; shape is what follows its name.
func (p *program) newFlags(name, shape string) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), p: p,
		given: map[string]bool{}, env: map[string]bool{}}
	f.SetOutput(p.stderr)
	f.Usage = func() {
		fmt.Fprintf(p.stderr, "usage: matchfloor %s %s\n\n", name, shape)
		f.PrintDefaults()
		fmt.Fprintln(p.stderr, "\nEach flag can also be set as MATCHFLOOR_… in the environment: --public-url is MATCHFLOOR_PUBLIC_URL.")
	}
	return f
}

// parse reads the environment, then args. It answers the arguments that are no
// flags, of which there must be exactly want.
func (f *flags) parse(args []string, want int) ([]string, error) {
	var wrong error
	f.VisitAll(func(fl *flag.Flag) {
		name := "MATCHFLOOR_" + strings.ToUpper(strings.ReplaceAll(fl.Name, "-", "_"))
		value := f.p.env(name)
		if value == "" {
			return
		}
		if err := fl.Value.Set(value); err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("%s: %w", name, err))
		}
		f.env[fl.Name] = true
	})
	if wrong != nil {
		return nil, &exitError{code: exitUsage, err: wrong}
	}
	rest, err := f.interleaved(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil, err
	}
	if err != nil {
		return nil, &exitError{code: exitUsage, said: true, err: err}
	}
	f.Visit(func(fl *flag.Flag) { f.given[fl.Name] = true })
	if len(rest) != want {
		return nil, usageError("%s takes %d argument(s) beside its flags, not %d", f.Name(), want, len(rest))
	}
	return rest, nil
}

// interleaved lets flags stand after arguments too: `import FILE --json`.
func (f *flags) interleaved(args []string) (rest []string, err error) {
	for {
		if err := f.FlagSet.Parse(args); err != nil {
			return nil, err
		}
		if f.NArg() == 0 {
			return rest, nil
		}
		rest = append(rest, f.Arg(0))
		args = f.Args()[1:]
	}
}

// usageError says that the command line asks for something that cannot be.
func usageError(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

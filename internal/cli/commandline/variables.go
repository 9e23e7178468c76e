package commandline

import (
	"flag"
	"fmt"
	"slices"
	"strings"
)

// WarnOfVariables prints to p.Stderr which variables of the environment look like the
// program's and are not: they are probably mistyped, and have no effect. environ holds
// NAME=value, and others are names that the program does not read as flags. The values may
// be secrets and are not printed.
func (t Table) WarnOfVariables(p *Program, environ []string, others ...string) {
	var names []string
	for _, entry := range environ {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, variablePrefix) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return
	}
	known := append(t.variables(), others...)
	slices.Sort(names)
	for _, name := range names {
		if !slices.Contains(known, name) {
			fmt.Fprintf(p.Stderr, "matchfloor: the variable %s is not known and has no effect%s\n", name, didYouMean(name, known, ""))
		}
	}
}

// variables returns the names of the variables of all flags.
func (t Table) variables() (names []string) {
	for _, c := range t.All() {
		if f := c.flags(); f != nil {
			f.VisitAll(func(fl *flag.Flag) { names = append(names, variable(fl.Name)) })
		}
	}
	return names
}

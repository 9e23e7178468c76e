package cli

import (
	"fmt"
	"io"

	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/node/timerslack"
)

// args returns the flags that give another process the same tuning, whatever the
// environment says.
func (t *tuningFlags) args() []string {
	return []string{fmt.Sprintf("--relax-timers=%t", *t.relaxTimers), fmt.Sprintf("--pace-gc=%t", *t.paceGC)}
}

// names returns the tuning of a process that is started with args and inherits this
// process's environment and timer slack, for a report. It is empty if there is none.
func (t *tuningFlags) names(getenv func(string) string) []string {
	names := []string{}
	if *t.relaxTimers || timerslack.Relaxed() {
		names = append(names, "relax-timers")
	}
	own := false
	for _, variable := range []string{"GOGC", "GOMEMLIMIT"} {
		if value := getenv(variable); value != "" {
			names, own = append(names, variable+"="+value), true
		}
	}
	if *t.paceGC && !own {
		names = append(names, "pace-gc")
	}
	return names
}

// relaxTimers executes the program again with relaxed timers if args, the command line
// after the program's name, or the environment asks for that. It must run before a file
// or a port is open and before signals are caught. It prints nothing: the subcommand
// parses the same command line afterwards, and prints what is wrong with it.
func relaxTimers(args []string, getenv func(string) string) {
	if wantsRelaxedTimers(args, getenv) {
		timerslack.Relax()
	}
}

// wantsRelaxedTimers reports whether args is a valid command line of serve, or of load
// hub, with --relax-timers, which the environment may also set.
func wantsRelaxedTimers(args []string, getenv func(string) string) bool {
	p := &commandline.Program{Getenv: getenv, Stdout: io.Discard, Stderr: io.Discard}
	switch {
	case len(args) > 0 && args[0] == "serve":
		f := newServeFlags(p)
		_, err := f.ParseArgs(args[1:], 0)
		return err == nil && f.check() == nil && *f.tuning.relaxTimers
	case len(args) > 1 && args[0] == "load" && args[1] == "hub":
		f := newHubFlags(p)
		_, err := f.ParseArgs(args[2:], 0)
		return err == nil && *f.tuning.relaxTimers
	}
	return false
}

// Package cli is the command line of matchfloor. Each subcommand is a function in a
// file of its own. Every flag can also be given as MATCHFLOOR_<NAME> in the
// environment; the flag takes precedence.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/matchfloor/matchfloor/internal/node/timerslack"
)

// subcommand runs with the arguments after its name. A nil error is success.
type subcommand struct {
	name, summary string
	run           func(context.Context, *program, []string) error
}

func subcommands() []subcommand {
	return []subcommand{
		{"serve", "serve the pages and the live connection", serve},
		{"import", "import a workbook into the instance", importWorkbook},
		{"links", "print the links of an event", links},
		{"upgrade", "allow the record formats of this version, once all nodes run it", upgrade},
		{"erase", "remove the personal data of one person, or of everyone, from an event", erase},
		{"backup", "write all logs of an instance to an archive", backup},
		{"restore", "restore an archive into an empty instance", restore},
		{"verify", "check every record of an instance against its hash", verify},
		{"demo", "play a sample forum with simulated people", playDemo},
		{"load", "measure a server with thousands of simulated phones", measureLoad},
		{"health", "ask a running server whether it is ready", health},
		{"version", "print the version", printVersion},
	}
}

// Main runs the subcommand that args, the command line after the program's name,
// asks for, and returns the exit code. It returns early on an interrupt or SIGTERM; a
// second signal ends the process immediately. To serve, it may replace the running
// program by itself first: see timerslack.Relax.
func Main(args []string) int {
	if len(args) > 0 && args[0] == "serve" {
		timerslack.Relax()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // restores the default action for the second signal
	return run(ctx, args, os.Getenv, os.Stdout, os.Stderr)
}

// run runs the subcommand that args asks for and returns the exit code. It returns
// soon after ctx ends.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	p := &program{getenv: getenv, stdout: stdout, stderr: stderr}
	if len(args) == 0 {
		usage(stderr)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		usage(stdout)
		return exitOK
	case "-version", "--version":
		args = []string{"version"}
	}
	for _, c := range subcommands() {
		if c.name == args[0] {
			return p.exitCode(c.run(ctx, p, args[1:]))
		}
	}
	fmt.Fprintf(stderr, "matchfloor: unknown subcommand %q\n\n", args[0])
	usage(stderr)
	return exitUsage
}

func usage(w io.Writer) {
	fmt.Fprint(w, "usage: matchfloor SUBCOMMAND [flags]\n\n")
	for _, c := range subcommands() {
		fmt.Fprintf(w, "  %-8s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\nmatchfloor SUBCOMMAND -h prints the flags of a subcommand.\n")
}

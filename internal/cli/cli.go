// Package cli is the command line of matchfloor. Each subcommand is a function in a
// file of its own. Every flag can also be given as MATCHFLOOR_<NAME> in the
// environment; the flag takes precedence.
package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/matchfloor/matchfloor/internal/cli/commandline"
)

// table returns all subcommands.
func table() commandline.Table {
	return commandline.Table{
		{Title: "Try it", Subcommands: []commandline.Subcommand{
			{Name: "demo", Summary: "play a sample forum with simulated people", Run: playDemo},
		}},
		{Title: "Run an event", Subcommands: []commandline.Subcommand{
			{Name: "serve", Summary: "serve the pages and the live connection", Run: serve},
			{Name: "import", Summary: "import a workbook into the instance", Run: importWorkbook},
			{Name: "links", Summary: "print the links of an event and of the organisers", Run: links},
			{Name: "health", Summary: "ask a running server whether it is ready", Run: health},
		}},
		{Title: "Look after the data", Subcommands: []commandline.Subcommand{
			{Name: "backup", Summary: "write all logs of an instance to an archive", Run: backup},
			{Name: "restore", Summary: "restore an archive into an empty instance", Run: restore},
			{Name: "recover", Summary: "refill a journal that lost its data from a running node", Run: refillJournal},
			{Name: "verify", Summary: "check every record of an instance against its hash", Run: verify},
			{Name: "repair", Summary: "make damaged indexes again from the records", Run: repair},
			{Name: "erase", Summary: "remove the personal data of one person or of everyone", Run: erase},
			{Name: "upgrade", Summary: "allow this version's record formats, once all nodes run it", Run: upgrade},
		}},
		{Title: "Other", Subcommands: []commandline.Subcommand{
			{Name: "load", Summary: "measure a server with thousands of simulated phones", Run: measureLoad, Forms: loadForms()},
			{Name: "completion", Summary: "print a script that completes commands in a shell", Run: completion},
			{Name: "version", Summary: "print the version", Run: printVersion},
		}},
	}
}

// completion prints a shell's script, and candidates to that script.
func completion(ctx context.Context, p *commandline.Program, args []string) error {
	return table().Completion(ctx, p, args)
}

// Main runs the subcommand that args, the command line after the program's name,
// asks for, and returns the exit code. It returns early on an interrupt or SIGTERM; a
// second signal ends the process immediately. If --relax-timers is given, it first
// replaces the running program by itself: see timerslack.Relax.
func Main(args []string) int {
	relaxTimers(args, os.Getenv)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // restores the default action for the second signal
	return run(ctx, args, os.Getenv, os.Environ(), os.Stdout, os.Stderr)
}

// run runs the subcommand that args asks for and returns the exit code. It returns
// soon after ctx ends. stderr must be safe for concurrent use: the log is written to it,
// too. environ is what getenv reads, as NAME=value.
func run(ctx context.Context, args []string, getenv func(string) string, environ []string, stdout, stderr io.Writer) int {
	p := commandline.Program{Getenv: getenv, Stdout: stdout, Stderr: stderr}
	if len(args) > 0 && args[0] != "completion" { // whose output is for a shell
		table().WarnOfVariables(&p, environ, otherVariables...)
	}
	return table().Run(ctx, p, args)
}

// otherVariables are those that are not of a flag: docker-compose.yml reads the first two,
// and the program sets the last.
var otherVariables = []string{"MATCHFLOOR_PORT", "MATCHFLOOR_OPEN_FILES", "MATCHFLOOR_TIMERS_RELAXED"}

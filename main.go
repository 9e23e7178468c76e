// Command matchfloor runs the floor of a business-matching event: it serves the
// pages and the live connection, imports workbooks, prints links, and plays a
// demonstration day. Each subcommand stands in a file of its own; every flag can
// also be given as MATCHFLOOR_<NAME> in the environment, where the flag wins.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // it could not be done; the reason is on stderr
	exitFaults = 2 // the workbook has faults; all of them are on stderr
	exitUsage  = 64
)

// program is what a subcommand may use of the world.
type program struct {
	env            func(string) string
	stdout, stderr io.Writer
}

// subcommand runs with the arguments after its name. A nil error is success.
type subcommand struct {
	name, line string
	run        func(context.Context, *program, []string) error
}

func subcommands() []subcommand {
	return []subcommand{
		{"serve", "serve the pages and the live connection", serve},
		{"import", "read a workbook into the instance", importWorkbook},
		{"links", "print the links of an event", links},
		{"upgrade", "let the records of this version be written, once all nodes run it", upgrade},
		{"erase", "take a person, or everybody, out of an event", erase},
		{"backup", "write all logs of an instance to an archive", backup},
		{"restore", "read an archive into an empty instance", restore},
		{"verify", "hold all records of an instance to their hashes", verify},
		{"demo", "play a sample forum with a simulated crowd", playDemo},
		{"load", "measure a server with thousands of phones", measureLoad},
		{"health", "ask a running server how it is", health},
		{"version", "print the version", printVersion},
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		relaxTimers()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run does what args say and answers the exit code. It ends when ctx does.
func run(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) int {
	p := &program{env: env, stdout: stdout, stderr: stderr}
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
			return p.exit(c.run(ctx, p, args[1:]))
		}
	}
	fmt.Fprintf(stderr, "matchfloor: there is no subcommand %q\n\n", args[0])
	usage(stderr)
	return exitUsage
}

// exitError is an error that has its own exit code. With said, everything has
// been told already.
type exitError struct {
	code int
	said bool
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// exit tells err and answers its exit code.
func (p *program) exit(err error) int {
	var own *exitError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &own):
		if !own.said {
			fmt.Fprintln(p.stderr, "matchfloor:", err)
		}
		return own.code
	}
	fmt.Fprintln(p.stderr, "matchfloor:", err)
	return exitFailed
}

func usage(w io.Writer) {
	fmt.Fprint(w, "usage: matchfloor SUBCOMMAND [flags]\n\n")
	for _, c := range subcommands() {
		fmt.Fprintf(w, "  %-8s %s\n", c.name, c.line)
	}
	fmt.Fprint(w, "\nmatchfloor SUBCOMMAND -h tells its flags.\n")
}

// printVersion prints what the Go toolchain knows of this build.
func printVersion(_ context.Context, p *program, _ []string) error {
	fmt.Fprintln(p.stdout, "matchfloor", version())
	return nil
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" {
		v = "(devel)"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v += " " + s.Value
		}
	}
	return v
}

package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1  // the reason is on stderr
	exitFaults = 2  // the workbook has faults; all of them are on stderr
	exitUsage  = 64 // the command line or the environment is wrong
)

// program is the process as a subcommand may use it.
type program struct {
	getenv         func(string) string
	stdout, stderr io.Writer
}

// exitError is an error with an exit code of its own.
type exitError struct {
	code    int
	printed bool // the user has seen the reason already
	err     error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// usageError returns an error about the command line, with the exit code exitUsage.
func usageError(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// exitCode returns the exit code of a subcommand that ended with err, and prints err
// to stderr unless that was done already.
func (p *program) exitCode(err error) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	own, ok := errors.AsType[*exitError](err)
	if !ok {
		own = &exitError{code: exitFailed}
	}
	if !own.printed {
		fmt.Fprintln(p.stderr, "matchfloor:", err)
	}
	return own.code
}

// logger returns a logger to stderr of all messages of at least a level.
func (p *program) logger(level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: level}))
}

package commandline

import "fmt"

// The exit codes.
const (
	ExitOK     = 0
	ExitFailed = 1  // the reason is on stderr
	ExitFaults = 2  // the workbook has faults; all of them are on stderr
	ExitUsage  = 64 // the command line or the environment is wrong
)

// ExitError is an error with an exit code of its own.
type ExitError struct {
	Code    int
	Printed bool // the user has seen the reason already
	Err     error
}

func (e *ExitError) Error() string { return e.Err.Error() }
func (e *ExitError) Unwrap() error { return e.Err }

// UsageError returns an error about the command line, with the exit code ExitUsage.
func UsageError(format string, args ...any) error {
	return &ExitError{Code: ExitUsage, Err: fmt.Errorf(format, args...)}
}

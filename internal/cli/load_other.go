//go:build !linux

package cli

import (
	"context"
	"errors"

	"github.com/matchfloor/matchfloor/internal/cli/commandline"
)

// loadForms returns none: see measureLoad.
func loadForms() []commandline.Subcommand { return nil }

// measureLoad works on Linux only: it reads ten thousand sockets in one goroutine, and /proc.
func measureLoad(context.Context, *commandline.Program, []string) error {
	return errors.New("load works on Linux only")
}

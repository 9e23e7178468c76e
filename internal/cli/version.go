package cli

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/matchfloor/matchfloor/internal/cli/commandline"
)

// printVersion prints what the Go toolchain recorded about this build.
func printVersion(_ context.Context, p *commandline.Program, args []string) error {
	if _, err := commandline.NewFlags(p, "version", "").ParseArgs(args, 0); err != nil {
		return err
	}
	fmt.Fprintln(p.Stdout, "matchfloor", version())
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

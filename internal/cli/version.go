package cli

import (
	"context"
	"fmt"
	"runtime/debug"
)

// printVersion prints what the Go toolchain recorded about this build.
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

package cli

import (
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/node/gcpacer"
)

// tuningFlags are the flags that change how the Go runtime and the kernel treat the
// process of a server. They change no answer of the server.
type tuningFlags struct {
	relaxTimers, paceGC *bool
}

func newTuningFlags(f *commandline.Flags) *tuningFlags {
	t := &tuningFlags{}
	f.Section("Tuning", func() {
		t.relaxTimers = f.Bool("relax-timers", false, "on Linux, let the kernel wake this process up to a millisecond late, which saves processor time on a busy node; for this the program executes itself again once at its start")
		t.paceGC = f.Bool("pace-gc", false, "collect garbage less often while the node is busy, with up to 256 MB more memory or as much as it holds, and give memory back while it is calm; GOGC and GOMEMLIMIT in the environment take precedence")
	})
	return t
}

// start paces the garbage collector if the flags ask for it, until the caller calls stop.
func (t *tuningFlags) start(getenv func(string) string) (stop func()) {
	if !*t.paceGC {
		return func() {}
	}
	return gcpacer.Start(getenv)
}

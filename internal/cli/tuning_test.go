package cli

import (
	"runtime/debug"
	"testing"

	"github.com/matchfloor/matchfloor/internal/cli/commandline"
)

// TestServe_PacesTheCollectorOnlyWhenAsked reads the GC percent while a server runs. It is
// changed only by the pacer.
func TestServe_PacesTheCollectorOnlyWhenAsked(t *testing.T) {
	const own = 77 // percent, which neither Go nor the pacer sets by itself
	before := debug.SetGCPercent(own)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	for _, c := range []struct {
		name  string
		args  []string
		env   []string
		paced bool
	}{
		{"plain", nil, nil, false},
		{"by the flag", []string{"--pace-gc"}, nil, true},
		{"by the environment", nil, []string{"MATCHFLOOR_PACE_GC", "true"}, true},
		{"with GOGC", []string{"--pace-gc"}, []string{"GOGC", "77"}, false},
		{"with GOMEMLIMIT", []string{"--pace-gc"}, []string{"GOMEMLIMIT", "1GiB"}, false},
	} {
		s := start(t, append([]string{"serve", "--addr", "127.0.0.1:0", "--data", t.TempDir(), "--log-level", "error"}, c.args...), c.env...)
		s.line("matchfloor serves ")
		during := debug.SetGCPercent(own)
		if paced := during != own; paced != c.paced {
			t.Errorf("%s: the GC percent is %d", c.name, during)
		}
		if o := s.end(); o.code != commandline.ExitOK {
			t.Errorf("%s: stopped: %+v", c.name, o)
		}
		if after := debug.SetGCPercent(own); after != own {
			t.Errorf("%s: the GC percent was left at %d", c.name, after)
		}
	}
}

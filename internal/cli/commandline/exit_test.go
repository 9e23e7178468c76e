package commandline

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"testing"
)

func TestExitCode_FollowsTheError(t *testing.T) {
	for _, c := range []struct {
		err     error
		code    int
		printed string
	}{
		{nil, ExitOK, ""},
		{flag.ErrHelp, ExitOK, ""},
		{errors.New("the disk is full"), ExitFailed, "matchfloor: the disk is full\n"},
		{UsageError("--speed must be from 1 to 60"), ExitUsage, "matchfloor: --speed must be from 1 to 60\n"},
		{fmt.Errorf("import: %w", &ExitError{Code: ExitFaults, Printed: true, Err: errors.New("faults")}), ExitFaults, ""},
	} {
		var out bytes.Buffer
		if code := (&Program{Stderr: &out}).ExitCode(c.err); code != c.code || out.String() != c.printed {
			t.Errorf("%v: exit %d, printed %q; want %d, %q", c.err, code, out.String(), c.code, c.printed)
		}
	}
}

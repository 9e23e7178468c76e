package sqlitejournal

import (
	"os"
	"testing"
)

// torture skips a test unless MATCHFLOOR_TORTURE is set, as `make torture` does.
func torture(t *testing.T) {
	t.Helper()
	if os.Getenv("MATCHFLOOR_TORTURE") == "" {
		t.Skip("only in make torture, which sets MATCHFLOOR_TORTURE")
	}
}

package e2e_test

import (
	"os"
	"testing"
)

// torture skips a test unless `make torture` runs it, which sets the variable.
func torture(t *testing.T) {
	t.Helper()
	if os.Getenv("MATCHFLOOR_TORTURE") == "" {
		t.Skip("left out: make torture sets MATCHFLOOR_TORTURE")
	}
}

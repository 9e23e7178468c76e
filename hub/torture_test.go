package hub_test

import (
	"os"
	"testing"
)

// torture leaves a test to `make torture`, which sets the variable.
func torture(t *testing.T) {
	t.Helper()
	if os.Getenv("MATCHFLOOR_TORTURE") == "" {
		t.Skip("left out: make torture sets MATCHFLOOR_TORTURE")
	}
}

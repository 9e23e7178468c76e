package backend

import (
	"context"
	"errors"
	"testing"

	"github.com/matchfloor/matchfloor/journal"
)

func TestSnapshotSum_KeepsItsBytes(t *testing.T) {
	at := journal.Position{Epoch: 3, Seq: 7}
	for i := range at.Hash {
		at.Hash[i] = byte(i)
	}
	for _, c := range []struct {
		log   journal.LogID
		at    journal.Position
		state string
		want  string
	}{
		{"spring-forum", at, "the state", "6825981ece1921e799d8e04e0ba00fd759d63df16d3fafa88564ba0c8c820ae3"},
		{"_", journal.Genesis("_", 1), "", "5ed9ef6f27cce28184f9767c5d4ae6471588d97e663418d92332271f7068f5e5"},
	} {
		if got := SnapshotSum(c.log, c.at, []byte(c.state)).String(); got != c.want {
			t.Errorf("the sum of %q in %q is %s, want %s", c.state, c.log, got, c.want)
		}
	}
}

func TestCheckCall_ReportsTheIDBeforeTheContext(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := CheckCall(ended, "no log"); !errors.Is(err, journal.ErrMalformed) {
		t.Errorf("an unlawful id: %v, want ErrMalformed", err)
	}
	if err := CheckCall(ended, "spring-forum"); !errors.Is(err, journal.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v, want ErrUnavailable and the context's error", err)
	}
	if err := CheckCall(t.Context(), "spring-forum"); err != nil {
		t.Errorf("a lawful call: %v", err)
	}
}

func TestCheckEpoch_AllowsTheLogsOwnEpochOnly(t *testing.T) {
	head := journal.Genesis("spring-forum", 2)
	for epoch := uint64(1); epoch <= 3; epoch++ {
		err := CheckEpoch(journal.Position{Epoch: epoch, Seq: 9}, head)
		if mismatch := errors.Is(err, journal.ErrPositionMismatch); mismatch != (epoch != head.Epoch) {
			t.Errorf("epoch %d of a log in epoch %d: %v", epoch, head.Epoch, err)
		}
	}
}

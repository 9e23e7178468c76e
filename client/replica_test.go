package client

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/matchfloor/matchfloor/wire"
)

// TestReplica_FollowsTheGoldenSequences runs the sequences that also test the replica of the pages.
func TestReplica_FollowsTheGoldenSequences(t *testing.T) {
	text, err := os.ReadFile("../wire/testdata/folds.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden []struct {
		Name   string
		Have   *wire.Snapshot
		Frames []json.RawMessage
		Then   *wire.Snapshot
		Client string
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	for _, g := range golden {
		r := replica{onChange: func(ViewChange) {}}
		if g.Have != nil {
			r.load(g.Have.At, g.Have.Cards)
			r.beginConnection()
			r.synced = true
		}
		step := proceed
		for _, frame := range g.Frames {
			if step == reconnect {
				break // the connection is closed: nothing more comes
			}
			step = applyGolden(t, &r, frame)
		}
		if got := map[nextStep]string{proceed: "go on", fetch: "go on", reconnect: "resume"}[step]; got != g.Client {
			t.Errorf("%s: the client does %q, not %q", g.Name, got, g.Client)
		}
		if got, want := replicaText(&r), snapshotText(g.Then); got != want {
			t.Errorf("%s:\n got %s\nwant %s", g.Name, got, want)
		}
	}
}

// applyGolden applies one entry of a golden sequence: a frame, or the response to a fetch.
func applyGolden(t *testing.T, r *replica, text []byte) nextStep {
	t.Helper()
	var fetched struct{ Fetched *wire.Snapshot }
	if err := json.Unmarshal(text, &fetched); err != nil {
		t.Fatal(err)
	}
	frame, err := wire.DecodeServer(text)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case fetched.Fetched != nil && r.wanted == nil:
		return proceed // a later snapshot has replaced it
	case fetched.Fetched != nil:
		return r.applyFetched(*fetched.Fetched)
	case frame.Snapshot != nil:
		return r.applySnapshot(*frame.Snapshot)
	case frame.Patch != nil:
		return r.applyPatch(*frame.Patch)
	case frame.Pong != nil:
		return r.checkPong(frame.Pong.At)
	}
	t.Fatalf("no rule for the frame %s", text)
	return proceed
}

func replicaText(r *replica) string {
	if !r.exists {
		return "nothing"
	}
	return snapshotText(&wire.Snapshot{At: r.at, Cards: r.cards})
}

func snapshotText(s *wire.Snapshot) string {
	if s == nil {
		return "nothing"
	}
	return string(wire.EncodeSnapshot(*s))
}

func TestReplica_HoldsABoundedNumberOfFrames(t *testing.T) {
	r := replica{onChange: func(ViewChange) {}}
	if r.applySnapshot(wire.Snapshot{Get: "/x"}) != fetch {
		t.Fatal("the snapshot is not fetched")
	}
	for i := range maxHeld {
		if r.applyPatch(wire.Patch{From: uint64(i)}) != proceed {
			t.Fatalf("frame %d is not held", i+1)
		}
	}
	if r.applyPatch(wire.Patch{}) != reconnect {
		t.Error("frames are held without a bound")
	}
}

package client

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/matchfloor/matchfloor/wire"
)

// TestGoldenFolds holds the fold to the list that the pages' fold is held to.
func TestGoldenFolds(t *testing.T) {
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
		f := fold{tell: func(ViewChange) {}}
		if g.Have != nil {
			f.keep(g.Have.At, g.Have.Cards)
			f.connected()
			f.came = true
		}
		does := goOn
		for _, frame := range g.Frames {
			if does == resume {
				break // the connection is closed: nothing more comes
			}
			does = give(t, &f, frame)
		}
		if got := map[next]string{goOn: "go on", fetch: "go on", resume: "resume"}[does]; got != g.Client {
			t.Errorf("%s: the client does %q, not %q", g.Name, got, g.Client)
		}
		if got, want := f.held2text(), want2text(g.Then); got != want {
			t.Errorf("%s:\n got %s\nwant %s", g.Name, got, want)
		}
	}
}

func give(t *testing.T, f *fold, text []byte) next {
	var fetched struct{ Fetched *wire.Snapshot }
	if err := json.Unmarshal(text, &fetched); err != nil {
		t.Fatal(err)
	}
	frame, err := wire.DecodeServer(text)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case fetched.Fetched != nil && f.wanted == nil:
		return goOn // void: a later snapshot has come
	case fetched.Fetched != nil:
		return f.fetched(*fetched.Fetched)
	case frame.Snapshot != nil:
		return f.snapshot(*frame.Snapshot)
	case frame.Patch != nil:
		return f.patch(*frame.Patch)
	case frame.Pong != nil:
		return f.pong(frame.Pong.At)
	}
	t.Fatalf("a frame without a rule: %s", text)
	return goOn
}

func (f *fold) held2text() string {
	if !f.kept {
		return "nothing"
	}
	return want2text(&wire.Snapshot{At: f.at, Cards: f.cards})
}

func want2text(s *wire.Snapshot) string {
	if s == nil {
		return "nothing"
	}
	return string(wire.EncodeSnapshot(*s))
}

func TestHeldFramesAreBounded(t *testing.T) {
	f := fold{tell: func(ViewChange) {}}
	if f.snapshot(wire.Snapshot{Get: "/x"}) != fetch {
		t.Fatal("the snapshot is not fetched")
	}
	for i := range maxHeld {
		if f.patch(wire.Patch{From: uint64(i)}) != goOn {
			t.Fatalf("the %d. frame is not held", i+1)
		}
	}
	if f.patch(wire.Patch{}) != resume {
		t.Error("frames are held without a bound")
	}
}

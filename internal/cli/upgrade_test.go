package cli

import (
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/sqlitejournal"
)

// An older version has begun the instance.
func TestUpgrade_RaisesEveryLogOnce(t *testing.T) {
	dir := t.TempDir()
	j, err := sqlitejournal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	h := hub.New(j, j, hub.Options{})
	begin := func(log journal.LogID, key string, c floor.Command) {
		t.Helper()
		o := floor.Envelope{Key: floor.CommandKey(node.OperatorLink + "/" + key), By: floor.Operator, Unconditional: true, Version: 1, Command: c}
		if _, err := h.Submit(t.Context(), log, o); err != nil {
			t.Fatal(err)
		}
	}
	begin(journal.InstanceLog, "event", floor.RegisterEvent{Event: "autumn", Name: floor.Text{En: "Autumn"}})
	begin("autumn", "link", floor.SetClock{Event: 1, Rate: 1})
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"raised to", "stands at"} {
		o := runOnce(t, []string{"upgrade", "--data", dir})
		if o.code != exitOK || strings.Count(o.stdout, want) != 2 {
			t.Errorf("%+v", o)
		}
	}
}

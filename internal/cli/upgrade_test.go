package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/sqlitejournal"
	"github.com/matchfloor/matchfloor/server/auth"
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
	begin("autumn", "link", floor.SetClock{Event: 1, Rate: 1}) // first, as by an import
	begin(journal.InstanceLog, "event", floor.RegisterEvent{Event: "autumn", Name: floor.Text{En: "Autumn"}})
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"raised to", "stands at"} {
		o := runOnce(t, []string{"upgrade", "--data", dir})
		if o.code != commandline.ExitOK || strings.Count(o.stdout, want) != 2 || !strings.Contains(o.stdout, "the next node that starts") {
			t.Errorf("%+v", o)
		}
	}
	// With the key at hand, the upgrade records which one it is.
	writeKey(t, dir)
	wantRun(t, commandline.ExitOK, "stands at", "upgrade", "--data", dir)
	if err := os.WriteFile(filepath.Join(dir, access.KeyName), bytes.Repeat([]byte("x"), auth.MinKey), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"links", "upgrade"} {
		wantRun(t, commandline.ExitFailed, "is not the one that the instance's links were made with", command, "--data", dir)
	}
}

package cli

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
	"github.com/matchfloor/matchfloor/journal/redisjournal"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// refusedArchives returns archives that no restore accepts, each with the words of the refusal.
func refusedArchives(t *testing.T) map[string]struct {
	content []byte
	says    string
} {
	t.Helper()
	archived := func(epoch uint64, ids ...journal.LogID) []byte {
		var out bytes.Buffer
		w := archive.NewWriter(&out)
		for _, id := range ids {
			body, err := floor.EncodeRecord(floor.Record{Key: "k/1", Kind: "raiseVersion", By: floor.Operator, Changes: []floor.Change{floor.VersionRaised{Version: floor.FormatVersion}}})
			if err != nil {
				t.Fatal(err)
			}
			l := archive.Log{ID: id, Epoch: epoch, Records: []journal.Record{{Key: "k/1", Body: body}, {Key: "k/2", Body: body}}}
			switch id {
			case "kinds":
				l.Records[1].Body = []byte(`{"key":"k/2","kind":"serveTea","by":"operator:cli","wall":1,"changes":[{"kind":"teaServed","body":{}}]}`)
			case "versions":
				l.Records[1].Body = bytes.ReplaceAll(body, []byte(`"version":`), []byte(`"version":9`))
			}
			journal.Chain(journal.Genesis(id, epoch), l.Records)
			if err := w.Put(l); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	format := []byte("matchfloor.archive.2\nunknown")
	sum := sha256.Sum256(format)
	whole := archived(1, "spring", journal.InstanceLog)
	return map[string]struct {
		content []byte
		says    string
	}{
		"a later format":                {append(format, sum[:]...), "made by a newer version"},
		"a later kind of record":        {archived(1, "spring", "kinds", journal.InstanceLog), "made by a newer version"},
		"a later version of records":    {archived(1, "spring", "versions", journal.InstanceLog), "made by a newer version"},
		"cut short after its first log": {whole[:len(whole)/2], "damaged or cut short"},
		"without an instance":           {archived(1, "spring"), "does not end with an instance's log"},
		"an impossible epoch":           {archived(1<<30, "spring", journal.InstanceLog), "is in epoch"},
	}
}

// A restore that is refused leaves no directory, no file and no log, and verify says the same.
func TestRestore_RefusedLeavesNothing(t *testing.T) {
	server := redistest.Start(t)
	j, err := redisjournal.Open(server.URL, redisjournal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for name, c := range refusedArchives(t) {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			root := t.TempDir()
			file, dir := filepath.Join(root, "archive"), filepath.Join(root, "new", "data")
			if err := os.WriteFile(file, c.content, 0o600); err != nil {
				t.Fatal(err)
			}
			wantRun(t, commandline.ExitFailed, c.says, "restore", "--from", file, "--data", dir)
			if _, err := os.Stat(filepath.Dir(dir)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("it left a directory: %v", err)
			}
			wantRun(t, commandline.ExitFailed, c.says, "restore", "--from", file, "--redis", server.URL)
			for _, log := range []journal.LogID{"spring", journal.InstanceLog} {
				if page, err := j.Read(t.Context(), log, 0, 1); err != nil || page.Head != journal.Genesis(log, 1) {
					t.Errorf("it left log %q at %v, %v", log, page.Head, err)
				}
			}
			wantRun(t, commandline.ExitFailed, c.says, "verify", "--from", file)
		})
	}
}

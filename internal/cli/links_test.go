package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// Somebody who has lost what the first start printed gets the same link again on the
// machine of the server, while it runs and when it does not.
func TestLinks_BringsBackTheOrganisersLink(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	t.Run("sqlite", func(t *testing.T) { bringBackTheLink(t, "--data", dir) })
	t.Run("redis", func(t *testing.T) {
		bringBackTheLink(t, "--redis", redistest.Start(t).URL, "--key-file", keyFile(t))
	})
}

func bringBackTheLink(t *testing.T, where ...string) {
	t.Helper()
	s := start(t, append([]string{"serve", "--addr", "127.0.0.1:0", "--log-level", "error"}, where...))
	link := s.line("organiser: ")
	links := append([]string{"links"}, where...)
	during := wantRun(t, commandline.ExitOK, link, links...)
	if during.stderr != "" || strings.Count(during.stdout, "\n") != 1 {
		t.Errorf("while it runs: %+v", during)
	}
	if o := s.end(); o.code != commandline.ExitOK {
		t.Errorf("stopped: %+v", o)
	}
	if after := wantRun(t, commandline.ExitOK, link, links...); after.stdout != during.stdout {
		t.Errorf("afterwards: %+v", after)
	}
}

// A mistyped directory is not made into an instance, and a journal without an organiser is
// told from one with no links to print.
func TestLinks_SaysWhatIsMissing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dtaa")
	wantRun(t, commandline.ExitFailed, "there is no instance in "+dir, "links", "--data", dir)
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory was made: %v", err)
	}
	wantRun(t, commandline.ExitOK, "green-2026", "import", "--create", "--data", dir, sampleWorkbook(t))
	o := wantRun(t, commandline.ExitOK, "no organiser yet", "links", "--data", dir)
	if o.stdout != "" {
		t.Errorf("%+v", o)
	}
	wantRun(t, commandline.ExitFailed, `no event "nothing"`, "links", "--data", dir, "--event", "nothing")
}

// A link that got into wrong hands is replaced at the command line too, an organiser's own as
// well, next to a running server: its sessions end, and the new link signs in.
func TestLinks_RotateReplacesOneLink(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	wantRun(t, commandline.ExitOK, "green-2026", "import", "--create", "--data", dir, sampleWorkbook(t))
	s := start(t, []string{"serve", "--addr", "127.0.0.1:0", "--log-level", "error", "--data", dir})
	first := s.line("organiser: ")
	c, err := client.Dial(t.Context(), first, client.Options{Event: "green-2026"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	o := wantRun(t, commandline.ExitOK, "/organiser#_.organiser-first.", "links", "--data", dir, "--rotate", "organiser-first")
	fields := strings.Fields(o.stdout)
	if len(fields) < 3 || strings.Count(o.stdout, "\n") != 1 || strings.Contains(o.stdout, first) {
		t.Fatalf("%+v; the old one is %s", o, first)
	}
	select {
	case <-c.Done(): // its link does not sign in again
	case <-time.After(20 * time.Second):
		t.Error("the session of the old link goes on")
	}
	again, err := client.Dial(t.Context(), fields[2], client.Options{Event: "green-2026"})
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
	wantRun(t, commandline.ExitFailed, "name it with --event", "links", "--data", dir, "--rotate", "display-x")
	wantRun(t, commandline.ExitFailed, `no link "organiser-nobody"`, "links", "--data", dir, "--rotate", "organiser-nobody")
	if o := s.end(); o.code != commandline.ExitOK {
		t.Errorf("%+v", o)
	}
}

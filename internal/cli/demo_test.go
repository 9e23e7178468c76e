package cli

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/simulate"
)

func TestDemo_PlaysAndLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Cleanup(func() { goleak.VerifyNone(t) })
	d := start(t, []string{"demo", "--addr", "127.0.0.1:0", "--crowd", "3", "--speed", "60"})
	head := d.line("matchfloor plays the sample forum at ")
	url, _, _ := strings.Cut(head, ",")
	for _, role := range []string{"attendee", "interpreter", "moderator", "display", "organiser"} {
		d.line(role)
		if link := d.line("             "); !strings.HasPrefix(link, url+"/"+role+"#") {
			t.Errorf("%s: %s", role, link)
		}
	}
	if reason := d.line("There is no QR code, because "); !strings.Contains(reason, url) || !strings.Contains(reason, "--addr") {
		t.Errorf("the reason: %s", reason)
	}
	if status, _ := get(t, url+"/readyz"); status != http.StatusOK {
		t.Errorf("readyz: %d", status)
	}
	eventually(t, "a simulated person is connected", func() bool {
		_, metrics := get(t, url+"/metrics")
		return strings.Contains(metrics, "matchfloor_live_connections ") && !strings.Contains(metrics, "matchfloor_live_connections 0")
	})
	if o := d.end(); o.code != commandline.ExitOK {
		t.Errorf("ended: %+v", o)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v %v", left, err)
	}
}

func TestPrintDemoLinks_PrintsAQRCodeOnlyForPhones(t *testing.T) {
	links := []simulate.Link{{Role: floor.RoleAttendee, ID: "k01a", Name: "A", URL: "http://HOST/attendee#x"}}
	for url, want := range map[string]bool{"http://127.0.0.1:8080": false, "http://[::1]:8080": false, "http://192.168.1.5:8080": true, "http://forum.example": true} {
		var out strings.Builder
		if err := printDemoLinks(&commandline.Program{Stdout: &out}, url, links); err != nil {
			t.Fatal(err)
		}
		if code, reason := strings.Contains(out.String(), "███"), strings.Contains(out.String(), "no QR code"); code != want || reason == want {
			t.Errorf("%s: %s", url, out.String())
		}
	}
}

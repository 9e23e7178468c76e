package cli

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"
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
	d.line("███") // the QR code
	if status, _ := get(t, url+"/readyz"); status != http.StatusOK {
		t.Errorf("readyz: %d", status)
	}
	eventually(t, "a simulated person is connected", func() bool {
		_, metrics := get(t, url+"/metrics")
		return strings.Contains(metrics, "matchfloor_live_connections ") && !strings.Contains(metrics, "matchfloor_live_connections 0")
	})
	if o := d.end(); o.code != exitOK {
		t.Errorf("ended: %+v", o)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v %v", left, err)
	}
}

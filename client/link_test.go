package client_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
)

func TestParseLink_HidesTheSecret(t *testing.T) {
	l, err := client.ParseLink("https://venue.test:8443/forum/attendee#demo.attendee-k03a.mWk-9_x")
	want := client.Link{Server: "https://venue.test:8443/forum", Page: "attendee", Event: "demo", ID: "attendee-k03a", Secret: "mWk-9_x"}
	if err != nil || l != want {
		t.Errorf("%s, %v", l.Server, err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if out := fmt.Sprintf(verb, l); strings.Contains(out, "mWk") {
			t.Errorf("%s shows the secret: %s", verb, out)
		}
	}
	for _, bad := range []string{"", "attendee#demo.x.y", "ftp://h/p#a.b.c", "http:///p#a.b.c", "http://h/p", "http://h/p#a.b", "http://h/p#a.b.", "http://h#a.b.c", "http://h/%zz#a.b.c"} {
		if _, err := client.ParseLink(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		} else if bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("the error repeats the link: %v", err)
		}
	}
}

func TestDial_RefusesAMissingOrForeignEvent(t *testing.T) {
	for link, event := range map[string]floor.EventID{
		"http://h/attendee#demo.attendee-a.s": "other",
		"http://h/organiser#_.organiser-o.s":  "",
		"http://h/organiser#_.organiser-p.s":  "_",
		"nothing":                             "",
	} {
		if _, err := client.Dial(t.Context(), link, client.Options{Event: event}); err == nil {
			t.Errorf("Dial accepted the link %q for the event %q", link, event)
		}
	}
}

package auth

import (
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/floor"
)

func TestKeys_LinkURLHasTheSecretInTheFragment(t *testing.T) {
	keys := testKeys(t, 1)
	for role, page := range map[floor.Role]string{
		floor.RoleAttendee: "attendee", floor.RoleRunner: "moderator", floor.RoleModerator: "moderator",
		floor.RoleInterpreter: "interpreter", floor.RoleDisplay: "display", floor.RoleOrganiser: "organiser",
	} {
		link := floor.Link{ID: floor.LinkID(role) + "-x1", Who: floor.NewActorID(role, "x1"), Generation: 1}
		got := keys.LinkURL("https://forum.example/", "demo", link)
		want := "https://forum.example/" + page + "#demo." + string(link.ID) + "." + keys.Secret("demo", link)
		if got != want {
			t.Errorf("%s: %s, want %s", role, got, want)
		}
		if path := keys.LinkURL("", "demo", link); path != strings.TrimPrefix(want, "https://forum.example") {
			t.Errorf("%s without a base: %s", role, path)
		}
	}
}

func TestValidLinkID(t *testing.T) {
	for id, ok := range map[floor.LinkID]bool{
		"attendee-a": true, "": false, "a b": false, "a.b": false, "a/b": false, "a%2Fb": false, "ä": false,
		floor.LinkID("interpreter-" + strings.Repeat("x", floor.MaxID)):   true,
		floor.LinkID("interpreter-" + strings.Repeat("x", floor.MaxID+1)): false,
	} {
		if ValidLinkID(id) != ok {
			t.Errorf("ValidLinkID(%q) = %v", id, !ok)
		}
	}
}

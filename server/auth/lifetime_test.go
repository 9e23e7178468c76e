package auth

import (
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

func TestLimitOf_EventWithoutAnEndLetsSessionsLastLongest(t *testing.T) {
	signedIn, none := time.Unix(1_800_000_000, 0), floor.New()
	for _, role := range []floor.Role{floor.RoleOrganiser, floor.RoleModerator, floor.RoleAttendee} {
		if got, want := limitOf(role, signedIn, &none), signedIn.Add(longestLife); !got.Equal(want) {
			t.Errorf("%s: %v, want %v", role, got, want)
		}
	}
}

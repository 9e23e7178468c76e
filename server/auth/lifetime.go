package auth

import (
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

// How long sessions last. A sign-in and each renewal set the expiry idleLife ahead, but
// not past the session's limit: see limitOf.
const (
	idleLife    = 36 * time.Hour      // without use
	leastLife   = 12 * time.Hour      // of a sign-in near the end of the event, or after it
	endGrace    = 12 * time.Hour      // after the event's end
	reportGrace = 72 * time.Hour      // after it for attendees and interpreters, who may still report outcomes
	longestLife = 14 * 24 * time.Hour // of organisers, and where the event has no end yet
)

// renewEvery is how much later the expiry must become for a renewal to be worth a new
// token.
const renewEvery = time.Hour

// limitOf returns when a session ends even if it is in use. For organisers, that is
// longestLife after the sign-in; for everyone else, some time after the event's end as
// the state has it, which an extension moves. state is that of the event; it is not read
// for organisers.
func limitOf(role floor.Role, signedIn time.Time, state *floor.State) time.Time {
	if role == floor.RoleOrganiser {
		return signedIn.Add(longestLife)
	}
	end := floor.EndOf(*state)
	if end == 0 {
		return signedIn.Add(longestLife)
	}
	grace := endGrace
	if role == floor.RoleAttendee || role == floor.RoleInterpreter {
		grace = reportGrace
	}
	limit := time.UnixMilli(int64(state.Clock().WallAt(end))).Add(grace)
	if least := signedIn.Add(leastLife); least.After(limit) {
		return least
	}
	return limit
}

// expiryAt returns the expiry of a token that is made at now for a session with a limit.
func expiryAt(now, limit time.Time) time.Time {
	expires := now.Add(idleLife)
	if limit.Before(expires) {
		expires = limit
	}
	return expires.Truncate(time.Millisecond)
}

// isOver reports whether a session is past its limit, whatever its token says: the event
// may have been made shorter since.
func isOver(c Claims, role floor.Role, state *floor.State, now time.Time) bool {
	return !now.Before(c.SignedIn.Add(leastLife)) && !now.Before(limitOf(role, c.SignedIn, state))
}

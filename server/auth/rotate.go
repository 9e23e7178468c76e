package auth

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server/limit"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
)

// rotationIDSize is the length of a rotation's id, in bytes. A client that repeats a rotation with
// its id gets the new link, so ids must not be guessed.
const rotationIDSize = 16

// rotateTimeout is how long a rotation waits to be decided and durable.
const rotateTimeout = 10 * time.Second

// rateRotations is the rate of rotations, repeats included, per link and generation.
var rateRotations = limit.Rate{PerSecond: 1.0 / 10, Burst: 10}

// rotateRequest is the body of a rotation.
type rotateRequest struct {
	ID string `json:"id"` // rotationIDSize random bytes in hex, lower case; the same when it is sent again
}

// rotateResponse is what its sender gets.
type rotateResponse struct {
	Event   floor.EventID `json:"event"`
	Link    floor.LinkID  `json:"link"`
	URL     string        `json:"url"`             // the new link; only a path if the instance has no public URL
	Expires floor.Instant `json:"expires"`         // of the new session; wall time
	Token   string        `json:"token,omitempty"` // of the new session, for a bearer token
}

// Rotate replaces organisers' own links.
type Rotate struct {
	auth      *Authenticator
	rotations *limit.Limiter
}

// NewRotate returns the handler of rotations.
func NewRotate(a *Authenticator) Rotate { return Rotate{a, limit.NewLimiter(rateRotations, a.now)} }

// Handle replaces the link of the organiser who asks, which ends all of its sessions, and hands
// out the new link together with a new session. Nobody but organisers has a link of the instance.
// The response may be lost, and the earlier session is over by then: that session may repeat the
// rotation with the same id, and gets the same link.
func (h Rotate) Handle(c echo.Context) error {
	caller, err := h.auth.authenticateRotation(c)
	if err != nil {
		return err
	}
	var request rotateRequest
	if err := reply.ReadJSON(c, maxBody, &request); err != nil {
		return err
	}
	if id, err := hex.DecodeString(request.ID); err != nil || len(id) != rotationIDSize || hex.EncodeToString(id) != request.ID {
		return reply.BadValue("id")
	}
	// By generation: the holder of an earlier session must not use up what the link has now.
	if err := reply.RateLimited(h.rotations.Allow(fmt.Sprint(caller.RateKey, ".", caller.Generation))); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), rotateTimeout)
	defer cancel()
	// The command's id has the generation: sent with a later session, the same id is another rotation.
	command := wire.Command{ID: fmt.Sprintf("rotate-%d-%s", caller.Generation, request.ID), Body: floor.RotateLink{Link: caller.Link}}
	if _, err := h.auth.directory.hub.SubmitAs(ctx, journal.InstanceLog, caller.Credential, command); err != nil {
		return reply.OfCommand(ProblemOf(err))
	}
	return h.handOut(c, caller, floor.Link{ID: caller.Link, Who: caller.Actor, Generation: caller.Generation + 1})
}

// handOut writes the response: a link and a session of it.
func (h Rotate) handOut(c echo.Context, caller Caller, link floor.Link) error {
	now := h.auth.now()
	claims := newClaims(InstanceEvent, link, now, limitOf(floor.RoleOrganiser, now, nil))
	response := rotateResponse{
		Event: InstanceEvent, Link: link.ID, Expires: floor.Instant(claims.Expires.UnixMilli()),
		URL: h.auth.keys.LinkURL(h.auth.directory.PublicURL(c.Request().Context()), InstanceEvent, link),
	}
	if caller.byCookie {
		h.auth.setCookie(c, claims, now)
	} else {
		response.Token = h.auth.keys.SealToken(claims)
	}
	return reply.JSON(c, http.StatusOK, response)
}

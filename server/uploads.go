package server

import (
	"crypto/rand"
	"errors"
	"mime"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/server/limit"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
	"github.com/matchfloor/matchfloor/workbook"
)

// MaxWorkbook is the largest workbook that is accepted, in bytes.
const MaxWorkbook = 8 << 20

// uploadTimeout is how long a workbook may take to arrive.
const uploadTimeout = 2 * time.Minute

const workbookType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// uploads takes workbooks.
type uploads struct {
	hub       *hub.Hub
	auth      *auth.Authenticator
	directory auth.Directory
	rate      *limit.Limiter
	reading   *limit.Semaphore
}

// workbookFaults is the body of the refusal of a workbook. It has all of its faults.
type workbookFaults struct {
	Code   wire.Code        `json:"code"`
	Errors []workbook.Fault `json:"errors"`
}

// preview is the body of the response to ?dry=1: what an import would make.
type preview struct {
	Event  floor.EventID  `json:"event"`
	New    bool           `json:"new"` // the instance does not have the event yet
	Counts map[string]int `json:"counts"`
}

// importForum reads a workbook of an organiser and, unless ?dry=1, imports it.
func (h uploads) importForum(c echo.Context) error {
	caller, err := h.auth.AuthenticateOrganiser(c, auth.InstanceEvent, "importForum")
	if err != nil {
		return err
	}
	if err := reply.RateLimited(h.rate.Allow(caller.RateKey)); err != nil {
		return err
	}
	release, full, _ := h.reading.AcquireFunc("")
	if full || release == nil {
		return reply.Full(5 * time.Second)
	}
	defer release()
	forum, faults, err := readWorkbook(c)
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return reply.JSON(c, http.StatusUnprocessableEntity, workbookFaults{wire.CodeWorkbook, faults})
	}
	if c.QueryParam("dry") != "" {
		return h.preview(c, caller.Actor, forum)
	}
	if err := hub.ImportForum(c.Request().Context(), h.hub, caller.Actor, string(caller.Link), forum); err != nil {
		return reply.OfCommand(auth.ProblemOf(err))
	}
	return reply.JSON(c, http.StatusCreated, map[string]floor.EventID{"event": forum.Event.ID})
}

// readWorkbook reads the body with a deadline of its own.
func readWorkbook(c echo.Context) (floor.Forum, []workbook.Fault, error) {
	r := c.Request()
	kind, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if err != nil || kind != workbookType {
		return floor.Forum{}, nil, reply.BadType(workbookType)
	}
	if r.ContentLength > MaxWorkbook {
		return floor.Forum{}, nil, reply.TooLarge(MaxWorkbook)
	}
	deadline := time.Now().Add(uploadTimeout)
	control := http.NewResponseController(c.Response())
	if err := errors.Join(control.SetReadDeadline(deadline), control.SetWriteDeadline(deadline.Add(uploadTimeout))); err != nil &&
		!errors.Is(err, http.ErrNotSupported) {
		return floor.Forum{}, nil, err
	}
	forum, faults, err := workbook.Read(http.MaxBytesReader(c.Response(), r.Body, MaxWorkbook), r.ContentLength)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return floor.Forum{}, nil, reply.TooLarge(MaxWorkbook)
	}
	if err != nil {
		return floor.Forum{}, nil, reply.BadBody()
	}
	return forum, faults, nil
}

// preview says what an import would make, or why it would be refused.
func (h uploads) preview(c echo.Context, by floor.ActorID, forum floor.Forum) error {
	state, err := h.directory.State(c.Request().Context(), forum.Event.ID)
	missing := err != nil && reply.AsError(err).Problem.Code == wire.CodeNoSuchEvent
	if missing {
		state, err = floor.New(), nil
	}
	if err != nil {
		return err
	}
	if _, refused := floor.Decide(state, floor.Envelope{
		Key: floor.CommandKey("preview/" + rand.Text()), By: by, Unconditional: true, Command: floor.ImportForum{Forum: forum},
	}); refused != nil {
		return reply.OfCommand(wire.ProblemOf(refused))
	}
	return reply.JSON(c, http.StatusOK, preview{Event: forum.Event.ID, New: missing, Counts: forum.Counts()})
}

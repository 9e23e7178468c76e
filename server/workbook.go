package server

import (
	"context"
	"crypto/rand"
	"errors"
	"mime"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
	"github.com/matchfloor/matchfloor/workbook"
)

// MaxWorkbook is the largest workbook that is taken, in bytes.
const MaxWorkbook = 8 << 20

// uploadWithin is how long a workbook may be on its way.
const uploadWithin = 2 * time.Minute

const workbookType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// workbookFaults is the answer to a workbook with faults: all of them.
type workbookFaults struct {
	Code   wire.Code        `json:"code"`
	Errors []workbook.Fault `json:"errors"`
}

// preview is the answer to ?dry=1: what an import would make.
type preview struct {
	Event  floor.EventID  `json:"event"`
	New    bool           `json:"new"` // the instance has no such event yet
	Counts map[string]int `json:"counts"`
}

// importWorkbook reads a workbook and, unless ?dry=1, imports it.
func (s *Server) importWorkbook(c echo.Context) error {
	who, err := s.organiser(c, InstanceEvent, "importForum")
	if err != nil {
		return err
	}
	if err := s.paced(s.paces.uploads, who.key); err != nil {
		return err
	}
	giveBack, full, _ := s.uploads.take("", s.options.MaxUploads)
	if full || giveBack == nil {
		return refuse(http.StatusServiceUnavailable, wire.CodeFull).after(5 * time.Second)
	}
	defer giveBack()
	forum, faults, err := readWorkbook(c)
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return writeJSON(c, http.StatusUnprocessableEntity, workbookFaults{wire.CodeWorkbook, faults})
	}
	if c.QueryParam("dry") != "" {
		return s.preview(c, who.Who, forum)
	}
	if err := Enrol(c.Request().Context(), s.hub, who.Who, string(who.Link), forum); err != nil {
		return asCommandRefusal(err)
	}
	return writeJSON(c, http.StatusCreated, map[string]floor.EventID{"event": forum.Event.ID})
}

// readWorkbook reads the body, with a deadline of its own.
func readWorkbook(c echo.Context) (floor.Forum, []workbook.Fault, error) {
	r := c.Request()
	kind, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if err != nil || kind != workbookType {
		return floor.Forum{}, nil, refuse(http.StatusUnsupportedMediaType, wire.CodeBadType, "want", workbookType)
	}
	if r.ContentLength > MaxWorkbook {
		return floor.Forum{}, nil, tooLarge(MaxWorkbook)
	}
	deadline := time.Now().Add(uploadWithin)
	control := http.NewResponseController(c.Response())
	if err := errors.Join(control.SetReadDeadline(deadline), control.SetWriteDeadline(deadline.Add(uploadWithin))); err != nil &&
		!errors.Is(err, http.ErrNotSupported) {
		return floor.Forum{}, nil, err
	}
	forum, faults, err := workbook.Read(http.MaxBytesReader(c.Response(), r.Body, MaxWorkbook), r.ContentLength)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return floor.Forum{}, nil, tooLarge(MaxWorkbook)
	}
	if err != nil {
		return floor.Forum{}, nil, refuse(http.StatusBadRequest, wire.CodeBadBody, "why", wire.WhySyntax)
	}
	return forum, faults, nil
}

// preview answers what an import would make, or why it would be refused.
func (s *Server) preview(c echo.Context, by floor.ActorID, forum floor.Forum) error {
	ctx := c.Request().Context()
	state, err := s.state(ctx, forum.Event.ID)
	missing := err != nil && asRefusal(err).problem.Code == wire.CodeNoSuchEvent
	if missing {
		state, err = floor.New(), nil
	}
	if err != nil {
		return err
	}
	if _, refused := floor.Decide(state, importOrder(by, "preview", forum)); refused != nil {
		problem := wire.ProblemOf(refused)
		return asCommandRefusal(&problem)
	}
	return writeJSON(c, http.StatusOK, preview{
		Event: forum.Event.ID, New: missing,
		Counts: map[string]int{
			"agenda": len(forum.Items), "zones": len(forum.Zones), "tables": len(forum.Tables),
			"rounds": len(forum.Rounds), "companies": len(forum.Companies), "attendees": len(forum.Attendees),
			"staff": len(forum.Staff), "interpreters": len(forum.Interpreters), "displays": len(forum.Displays),
			"meetings": len(forum.Meetings), "wishes": len(forum.Wishes),
		},
	})
}

// asCommandRefusal gives what a command was refused with its status.
func asCommandRefusal(err error) error {
	p := problemIn(err)
	r := &refusal{status: statusOf(p.Code), problem: p}
	if wire.Retry(p.Code) {
		r.retry = time.Second
	}
	return r
}

func importOrder(by floor.ActorID, link string, forum floor.Forum) floor.Envelope {
	return floor.Envelope{
		Key: newKey(link), By: by, Unconditional: true, Command: floor.ImportForum{Forum: forum},
	}
}

// newKey answers the key of a command that is given once, by a program.
func newKey(link string) floor.CommandKey { return floor.CommandKey(link + "/" + rand.Text()) }

// Enrol imports a forum: first into the event's own log, then the event into the
// instance's list. If it ends between the two, doing it again completes it. by is
// an organiser or floor.Operator, and link the first part of the commands' keys.
// It blocks until both are durable; a refusal is a *wire.Problem.
func Enrol(ctx context.Context, h *hub.Hub, by floor.ActorID, link string, forum floor.Forum) error {
	event := forum.Event
	if event.ID == InstanceEvent || !floor.ValidID(string(event.ID)) {
		return &wire.Problem{Code: wire.CodeBadValue, Params: map[string]string{"field": "event"}}
	}
	if _, err := h.Submit(ctx, journal.LogID(event.ID), importOrder(by, link, forum)); err != nil {
		return err
	}
	_, err := h.Submit(ctx, journal.InstanceLog, floor.Envelope{
		Key: newKey(link), By: by, Unconditional: true, Command: floor.RegisterEvent{Event: event.ID, Name: event.Name},
	})
	if p, ok := errors.AsType[*wire.Problem](err); ok && p.Code == wire.Code(floor.CodeNothingChanges) {
		return nil
	}
	return err
}

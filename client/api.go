package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// The most that is read of a response, in bytes.
const (
	maxResponse = 1 << 20
	maxSnapshot = 64 << 20
	maxFrame    = 8 << 20 // a frame of the live connection; views over 64 KiB are fetched
	maxRetry    = 60      // seconds of Retry-After that are obeyed
)

// api calls the HTTP routes of one event. Its methods are safe for concurrent use.
type api struct {
	link    Link
	event   floor.EventID
	http    *http.Client
	session atomic.Pointer[session] // the present one; nil: not signed in
}

// token returns the token to send now, or "" without a session.
func (a *api) token() string {
	if s := a.session.Load(); s != nil {
		return s.Token
	}
	return ""
}

func (a *api) authorize(req *http.Request) { req.Header.Set("Authorization", "Bearer "+a.token()) }

// session is the answer to a sign-in.
type session struct {
	Who     floor.ActorID `json:"who"`
	Token   string        `json:"token"`
	Expires floor.Instant `json:"expires"`
}

// signIn exchanges the link for a session: docs/PROTOCOL.md, "Sign-in".
func (a *api) signIn(ctx context.Context) error {
	body, err := json.Marshal(map[string]any{
		"event": a.link.Event, "link": a.link.ID, "secret": a.link.Secret, "bearer": true,
	})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.link.Server+"/api/v1/sign-in", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	var s session
	if _, err := a.do(req, maxResponse, &s); err != nil {
		return err
	}
	if s.Token == "" {
		return errors.New("client: the response to the sign-in has no token; check that the link's host is a matchfloor server")
	}
	a.session.Store(&s)
	return nil
}

// snapshot fetches the path that a snapshot frame names. size is that of the body
// in bytes.
func (a *api) snapshot(ctx context.Context, path string) (s wire.Snapshot, size int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.link.Server+path, nil)
	if err != nil {
		return wire.Snapshot{}, 0, err
	}
	a.authorize(req)
	var raw json.RawMessage
	size, err = a.do(req, maxSnapshot, &raw)
	if err != nil {
		return wire.Snapshot{}, 0, err
	}
	s, err = wire.DecodeSnapshot(raw)
	return s, size, err
}

// command sends a command's envelope once and returns the frame with the server's
// answer: accepted or rejected. An error means that the command has no answer yet.
func (a *api) command(ctx context.Context, id string, envelope []byte) (frame []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.eventURL("commands"), bytes.NewReader(envelope))
	if err != nil {
		return nil, err
	}
	a.authorize(req)
	req.Header.Set("Content-Type", "application/json")
	var accepted wire.Accepted
	_, err = a.do(req, maxResponse, &accepted)
	if err == nil {
		return wire.Encode(wire.ServerFrame{Accepted: &accepted}), nil
	}
	if status := (*StatusError)(nil); errors.As(err, &status) && status.Problem.Code != "" && status.Status != http.StatusUnauthorized {
		return wire.Encode(wire.ServerFrame{Rejected: &wire.Rejected{ID: id, Problem: status.Problem}}), nil
	}
	return nil, err
}

// open sends a GET whose response may take any time, and returns its body. The
// caller bounds it with ctx and must close the body.
func (a *api) open(ctx context.Context, address string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	a.authorize(req)
	unbounded := *a.http
	unbounded.Timeout = 0
	r, err := unbounded.Do(req)
	if err != nil {
		return nil, err
	}
	if r.StatusCode != http.StatusOK {
		defer r.Body.Close()
		return nil, statusError(r)
	}
	return r.Body, nil
}

// do sends a request and decodes the response into out. A status other than 200
// is a *StatusError.
func (a *api) do(req *http.Request, limit int64, out any) (size int, err error) {
	r, err := a.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return 0, statusError(r)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	switch {
	case err != nil:
		return 0, err
	case int64(len(body)) > limit:
		return 0, fmt.Errorf("client: the response to %s is larger than %d bytes", req.URL.Path, limit)
	}
	if raw, ok := out.(*json.RawMessage); ok {
		*raw = body
		return len(body), nil
	}
	return len(body), json.Unmarshal(body, out)
}

// statusError reads a response's body as a problem. It does not close the body.
func statusError(r *http.Response) *StatusError {
	e := &StatusError{Status: r.StatusCode}
	if seconds, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.Retry = time.Duration(min(seconds, maxRetry)) * time.Second
	}
	// A body that is no problem of ours, such as a proxy's page, leaves the code empty.
	if body, err := io.ReadAll(io.LimitReader(r.Body, maxResponse)); err == nil {
		_ = json.Unmarshal(body, &e.Problem)
	}
	return e
}

// liveURL returns the URL of the event's WebSocket.
func (a *api) liveURL() string {
	return "ws" + strings.TrimPrefix(a.eventURL("live"), "http")
}

// eventURL returns the URL of a route of the event, such as "commands".
func (a *api) eventURL(route string) string {
	return a.link.Server + "/api/v1/events/" + url.PathEscape(string(a.event)) + "/" + route
}

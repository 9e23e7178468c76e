package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// The most that is read of an answer, in bytes.
const (
	maxAnswer   = 1 << 20
	maxSnapshot = 64 << 20
	maxFrame    = 8 << 20 // a frame on the socket; views over 64 KiB are fetched
)

// StatusError is an answer over HTTP that is not the one that was asked for.
type StatusError struct {
	Status  int          // the HTTP status
	Problem wire.Problem // its body, where it could be read
	Retry   time.Duration
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("client: the server answers %d %s", e.Status, e.Problem.Error())
}

// passing reports whether the same request may succeed later.
func (e *StatusError) passing() bool {
	return e.Status == http.StatusTooManyRequests || e.Status >= 500
}

// statusError reads an answer's body as a problem.
func statusError(r *http.Response) *StatusError {
	e := &StatusError{Status: r.StatusCode}
	if seconds, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.Retry = time.Duration(min(seconds, 60)) * time.Second
	}
	// A proxy's page is no problem of ours: then the code stays empty.
	if body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer)); err == nil {
		_ = json.Unmarshal(body, &e.Problem)
	}
	return e
}

// session is what signing in gives.
type session struct {
	Who     floor.ActorID `json:"who"`
	Token   string        `json:"token"`
	Expires floor.Instant `json:"expires"`
}

// signIn exchanges the link for a bearer token.
func (c *Client) signIn(ctx context.Context) (session, error) {
	ask, err := json.Marshal(map[string]any{
		"event": c.link.Event, "link": c.link.ID, "secret": c.link.Secret, "bearer": true,
	})
	if err != nil {
		return session{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.link.Server+"/api/v1/sign-in", bytes.NewReader(ask))
	if err != nil {
		return session{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	var s session
	if _, err := c.ask(req, maxAnswer, &s); err != nil {
		return session{}, err
	}
	if s.Token == "" {
		return session{}, errors.New("client: the server's answer to the sign-in has no token")
	}
	return s, nil
}

// getSnapshot fetches the path of a snapshot frame.
func (c *Client) getSnapshot(ctx context.Context, path, token string) (wire.Snapshot, int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.link.Server+path, nil)
	if err != nil {
		return wire.Snapshot{}, 0, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	var raw json.RawMessage
	size, err := c.ask(req, maxSnapshot, &raw)
	if err != nil {
		return wire.Snapshot{}, 0, err
	}
	s, err := wire.DecodeSnapshot(raw)
	return s, size, err
}

// ask sends a request and reads the answer into out; an answer other than 200
// is a *StatusError.
func (c *Client) ask(req *http.Request, limit int64, out any) (size int, err error) {
	r, err := c.options.HTTP.Do(req)
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
		return 0, fmt.Errorf("client: an answer of more than %d bytes", limit)
	}
	if raw, ok := out.(*json.RawMessage); ok {
		*raw = body
		return len(body), nil
	}
	return len(body), json.Unmarshal(body, out)
}

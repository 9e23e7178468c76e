//go:build linux

package loadtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
	"github.com/matchfloor/matchfloor/workbook"
)

// maxRequests is how many requests of one kind are under way at the same time.
const maxRequests = 16

// api calls a server's HTTP routes.
type api struct {
	server string // "http://host:port"
	http   *http.Client
}

func newAPI(target string) api {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	return api{target, &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{
		MaxIdleConnsPerHost: maxRequests, DialContext: dialer.DialContext, DisableCompression: true,
	}}}
}

// maxAskTries is how often a request is sent that the server asks to retry.
const maxAskTries = 10

// ask sends a request, decodes the response into out unless that is nil, and returns the
// headers. If the server asks to retry, ask waits as long as Retry-After says.
func (a api) ask(ctx context.Context, method, path, token, kind string, body []byte, out any) (http.Header, error) {
	for try := 1; ; try++ {
		header, wait, err := a.askOnce(ctx, method, path, token, kind, body, out)
		if wait == 0 || try == maxAskTries || !sleepUntil(ctx, time.Now().Add(wait)) {
			return header, err
		}
	}
}

// refusal is a response with a status of 300 or more.
type refusal struct {
	method, path string
	status       int
	body         []byte
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%s %s: %d %.200s", r.method, r.path, r.status, r.body)
}

// askOnce sends a request once. If wait is not 0, the server asks to retry after it.
func (a api) askOnce(ctx context.Context, method, path, token, kind string, body []byte, out any) (h http.Header, wait time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, method, a.server+path, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	r, err := a.http.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
		return nil, 0, err
	case r.StatusCode >= 300:
		if seconds, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil {
			wait = time.Duration(seconds) * time.Second
		}
		return nil, wait, &refusal{method, path, r.StatusCode, text}
	case out == nil:
		return r.Header, 0, nil
	}
	return r.Header, 0, json.Unmarshal(text, out)
}

// signIn exchanges a link for a token.
func (a api) signIn(ctx context.Context, l client.Link) (token string, who floor.ActorID, err error) {
	body, err := json.Marshal(map[string]any{"event": l.Event, "link": l.ID, "secret": l.Secret, "bearer": true})
	if err != nil {
		return "", "", err
	}
	var signed struct {
		Token string        `json:"token"`
		Who   floor.ActorID `json:"who"`
	}
	_, err = a.ask(ctx, http.MethodPost, "/api/v1/sign-in", "", "application/json", body, &signed)
	return signed.Token, signed.Who, err
}

// importForum imports a forum as a workbook.
func (a api) importForum(ctx context.Context, token string, forum floor.Forum) error {
	var book bytes.Buffer
	if err := workbook.Write(&book, forum); err != nil {
		return err
	}
	const kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	_, err := a.ask(ctx, http.MethodPost, "/api/v1/events", token, kind, book.Bytes(), nil)
	return err
}

// command gives a command by POST. It returns the sequence number of its record. A refusal is
// a [*wire.Rejected].
func (a api) command(ctx context.Context, event floor.EventID, token string, body floor.Command) (seq uint64, err error) {
	text := wire.EncodeCommand(wire.Command{ID: client.NewID(), Body: body})
	var accepted wire.Accepted
	_, err = a.ask(ctx, http.MethodPost, "/api/v1/events/"+string(event)+"/commands", token, "application/json", text, &accepted)
	if refused, ok := errors.AsType[*refusal](err); ok {
		rejected := new(wire.Rejected)
		if json.Unmarshal(refused.body, rejected) == nil && rejected.ID != "" {
			return 0, rejected
		}
	}
	return accepted.Seq, err
}

// personalLink is one of an event's links.
type personalLink struct {
	Role floor.Role `json:"role"`
	ID   string     `json:"id"`
	URL  string     `json:"url"`
}

// links exports an event's links, with the server's own address in place of the public one.
func (a api) links(ctx context.Context, event floor.EventID, token string) (map[floor.Role][]client.Link, error) {
	var all struct {
		Links []personalLink `json:"links"`
	}
	if _, err := a.ask(ctx, http.MethodPost, "/api/v1/events/"+string(event)+"/links", token, "", nil, &all); err != nil {
		return nil, err
	}
	links := map[floor.Role][]client.Link{}
	for _, one := range all.Links {
		l, err := client.ParseLink(one.URL)
		if err != nil {
			return nil, err
		}
		l.Server = a.server
		links[one.Role] = append(links[one.Role], l)
	}
	return links, nil
}

// linkURL returns a link's URL.
func linkURL(l client.Link) string {
	return fmt.Sprintf("%s/%s#%s.%s.%s", l.Server, l.Page, l.Event, l.ID, l.Secret)
}

// serverView is the position and digest of a view at the server.
type serverView struct {
	at     journal.Position
	digest string
}

// view returns the server's view for the owner of a token.
func (a api) view(ctx context.Context, event floor.EventID, token string) (serverView, error) {
	var body struct {
		At journal.Position `json:"at"`
	}
	header, err := a.ask(ctx, http.MethodGet, "/api/v1/events/"+string(event)+"/snapshot", token, "", nil, &body)
	return serverView{body.At, header.Get("Matchfloor-View-Digest")}, err
}

// forEach calls do for each of 0…n-1, maxRequests at a time, and returns the first error.
func forEach(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var all sync.WaitGroup
	for range min(maxRequests, n) {
		all.Go(func() {
			for i := range next {
				if err := do(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
feed:
	for i := range n {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	all.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return ctx.Err()
}

package fallback

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/server/limit"
	"github.com/matchfloor/matchfloor/server/origin"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
)

const (
	attachTimeout = 10 * time.Second
	// detachDelay is how long the hub still counts a client as connected after a
	// visit, so that nobody seems to leave between two visits.
	detachDelay = 2500 * time.Millisecond
)

// rateVisits is the rate of visits per link: a screen may come back four times a
// second. Within detachDelay it allows fewer visits than the hub has room for.
var rateVisits = limit.Rate{PerSecond: 8, Burst: 30}

// Options are what an Endpoint needs. All fields are required.
type Options struct {
	Hub      *hub.Hub
	Auth     *auth.Authenticator
	Origins  origin.Policy
	Sessions *auth.SessionRegistry
	Requests *limit.Semaphore // held while a visit is checked
	Sockets  *limit.Semaphore // held by RateKey while a visit lasts, as by a WebSocket
	Now      func() time.Time
	Log      *slog.Logger
}

// Endpoint serves visits. It is safe for concurrent use.
type Endpoint struct {
	options Options
	visits  *limit.Limiter
}

// NewEndpoint returns an endpoint.
func NewEndpoint(o Options) *Endpoint {
	return &Endpoint{o, limit.NewLimiter(rateVisits, o.Now)}
}

// Stream serves a visit as Server-Sent Events.
func (e *Endpoint) Stream(c echo.Context) error {
	return e.serve(c, newSSEEncoder, func(*wire.Ping) endCondition { return streamEnds })
}

// Poll serves a visit as one JSON response: at once or, with ?wait in seconds, when
// there is news.
func (e *Endpoint) Poll(c echo.Context) error {
	wait := time.Duration(0)
	if q := c.QueryParam("wait"); q != "" {
		n, err := strconv.ParseUint(q, 10, 8)
		if wait = time.Duration(n) * time.Second; err != nil || wait > maxPoll {
			return reply.BadValue("wait")
		}
	}
	return e.serve(c, newPollEncoder, func(p *wire.Ping) endCondition { return pollEnds(wait, p != nil) })
}

// serve checks the client as for a WebSocket. A page gets the result in the body of
// the response, because an EventSource cannot read the status of a refusal.
func (e *Endpoint) serve(c echo.Context, encoder func(http.ResponseWriter) frameEncoder, ends func(*wire.Ping) endCondition) error {
	done, full, _ := e.options.Requests.AcquireFunc("")
	if full || done == nil {
		return reply.Full(2 * time.Second)
	}
	release, caller, code, err := e.admit(c)
	done() // a visit takes a socket's place while it lasts
	if err != nil {
		return err
	}
	defer release()
	hello, ping, problem := readQuery(c)
	w := c.Response()
	visit := newConn(encoder(w), w, hello)
	switch {
	case code != 0:
		visit.end(code)
	case problem != nil:
		visit.endWithProblem(*problem)
	default:
		e.run(c.Request().Context(), visit, caller, hello, ping, ends(ping))
	}
	return nil
}

// admit authenticates the client and reserves one of the places for live connections. The calling
// function must call release. If the client is not admitted, either code is the close code to send,
// or err the HTTP error.
func (e *Endpoint) admit(c echo.Context) (release func(), caller auth.Caller, code wire.CloseCode, err error) {
	none := func() {}
	if !e.sameSite(c.Request()) {
		return none, caller, 0, reply.BadOrigin()
	}
	event, err := auth.EventParam(c)
	if err == nil {
		caller, err = e.options.Auth.Authenticate(c, event)
	}
	if err != nil {
		if code, ok := auth.CloseCodeOfRefusal(err); ok {
			return none, caller, code, nil
		}
		return none, caller, 0, err
	}
	if _, ok := e.visits.Allow(caller.RateKey); !ok {
		return none, caller, wire.CloseTooMany, nil
	}
	release, full, keyFull := e.options.Sockets.AcquireFunc(caller.RateKey)
	switch {
	case full:
		return none, caller, 0, reply.Full(5 * time.Second)
	case keyFull:
		return none, caller, wire.CloseTooMany, nil
	}
	return release, caller, 0, nil
}

// sameSite reports whether a visit is not made by another site's page. A GET of the
// server's own pages has no Origin. Sec-Fetch-Site tells in browsers that send it;
// in others the cookie is protected by SameSite=Lax.
func (e *Endpoint) sameSite(r *http.Request) bool {
	kind, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") {
		for _, site := range r.Header.Values("Sec-Fetch-Site") {
			if site != "same-origin" {
				return false
			}
		}
	}
	return e.options.Origins.Allowed(r, false)
}

// readQuery reads the frames in the query of a visit: hello and perhaps a ping, as
// they would be sent on a WebSocket.
func readQuery(c echo.Context) (*wire.Hello, *wire.Ping, *wire.Problem) {
	first, problem := wire.DecodeClient([]byte(`{"hello":` + c.QueryParam("hello") + `}`))
	if problem != nil || c.QueryParam("ping") == "" {
		return first.Hello, nil, problem
	}
	second, problem := wire.DecodeClient([]byte(`{"ping":` + c.QueryParam("ping") + `}`))
	return first.Hello, second.Ping, problem
}

// run attaches an admitted visit to the hub and returns when the visit has ended.
func (e *Endpoint) run(ctx context.Context, visit *conn, caller auth.Caller, hello *wire.Hello, ping *wire.Ping, ends endCondition) {
	// When the server's own deadline for reading passes, net/http ends the context.
	_ = visit.response.SetReadDeadline(time.Time{})
	attaching, cancel := context.WithTimeout(ctx, attachTimeout)
	session, err := e.options.Hub.Attach(attaching, caller.Log(), caller.Credential, visit)
	cancel()
	if err != nil {
		visit.end(auth.CloseCodeOf(err, e.options.Log))
		return
	}
	defer time.AfterFunc(detachDelay, session.Detach)
	live := caller.LiveSession(session)
	e.options.Sessions.Add(&live, caller)
	defer e.options.Sessions.Remove(&live)
	session.Handle(wire.ClientFrame{Hello: hello})
	if ping != nil {
		session.Handle(wire.ClientFrame{Ping: ping})
	}
	visit.end(visit.wait(ctx, session, ends))
}

package server

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/wire"
)

// The live connection for who cannot have a WebSocket. A proxy on the way may
// refuse the upgrade, hang it, or pass it and then nothing; requests it passes.
// So the connection is taken apart into visits: GETs that say in hello what the
// client has, and are answered with what it lacks. Coming back is the
// acknowledgement. No visit depends on another, nor on the node that answered
// it: nothing has to stick behind a balancer, and a node's death costs one visit.
//
//	…/stream   Server-Sent Events, while the proxy lets them through as they come
//	…/poll     one JSON answer, where it gathers answers
//
// Commands go by POST, to any node.

// The times of a visit.
const (
	visitLeast  = 250 * time.Millisecond // a full one does not end before: who comes back is not hurried
	visitBeat   = 15 * time.Second       // a sign of life for proxies, which cut what is silent
	visitWrite  = 5 * time.Second        // for a beat, or the end, to be written
	pollMost    = 20 * time.Second       // a poll may wait for news
	pollGreeted = 2 * time.Second        // a poll that does not wait lasts no longer
	// visitLinger is how long the hub still counts whoever has left: between two
	// visits nobody is gone.
	visitLinger = 2500 * time.Millisecond
)

// paceVisits counts visits, per link: a screen may come back four times a second.
// Within visitLinger it lets fewer pass than the hub has room for.
var paceVisits = pace{8, 30}

// streamEvents answers a visit as Server-Sent Events.
func (s *Server) streamEvents(c echo.Context) error {
	return s.visited(c, func(w http.ResponseWriter) form { return newEvents(w) }, func(*wire.Ping) ending { return streamEnds })
}

// pollFrames answers a visit whole, at once or when there is news.
func (s *Server) pollFrames(c echo.Context) error {
	wait := time.Duration(0)
	if q := c.QueryParam("wait"); q != "" {
		n, err := strconv.ParseUint(q, 10, 8)
		if wait = time.Duration(n) * time.Second; err != nil || wait > pollMost {
			return refuse(http.StatusUnprocessableEntity, wire.CodeBadValue, "field", "wait")
		}
	}
	return s.visited(c, func(w http.ResponseWriter) form { return newGathered(w) }, func(p *wire.Ping) ending { return pollEnds(wait, p != nil) })
}

// ending decides by what has gone out and a visit's age whether it ends, and with
// which code; otherwise when to ask again, unless more goes out before.
type ending func(seen sights, age time.Duration) (code wire.CloseCode, again time.Duration)

// streamEnds ends a stream when the client has to say what it has taken: as on
// the socket, after a snapshot or when as much is outstanding as may be.
func streamEnds(seen sights, age time.Duration) (wire.CloseCode, time.Duration) {
	switch {
	case seen.closed != 0:
		return seen.closed, 0
	case seen.snapshot, seen.full() && age >= visitLeast:
		return wire.CloseNormal, 0
	case seen.full():
		return 0, visitLeast - age
	}
	return 0, visitBeat
}

// pollEnds ends a poll that waits for news with them, and one that does not when
// all has come that is there: the view, the pong that was asked for, live.
func pollEnds(wait time.Duration, pinged bool) ending {
	return func(seen sights, age time.Duration) (wire.CloseCode, time.Duration) {
		most := max(wait, pollGreeted)
		whole := seen.lives > 0 && seen.frames > 0 && (seen.pongs > 0 || !pinged)
		news := seen.news || seen.lives > 1
		switch {
		case seen.closed != 0:
			return seen.closed, 0
		case whole && (news || age >= wait), age >= most:
			return wire.CloseNormal, 0
		case whole:
			return 0, wait - age
		}
		return 0, most - age
	}
}

// visited judges who comes, as for the WebSocket: what a page has to know is told
// in the answer, because an EventSource cannot read the status of a refusal.
func (s *Server) visited(c echo.Context, as func(http.ResponseWriter) form, ends func(*wire.Ping) ending) error {
	leave, full, _ := s.requests.take("", s.options.MaxRequests)
	if full || leave == nil {
		return refuse(http.StatusServiceUnavailable, wire.CodeFull).after(2 * time.Second)
	}
	giveBack, who, late, err := s.visitor(c)
	leave() // it was for judging only; a visit has a socket's place
	if err != nil {
		return err
	}
	defer giveBack()
	hello, ping, problem := said(c)
	w := c.Response()
	v := newVisit(as(w), w, hello)
	switch {
	case late != 0:
		v.end(late)
	case problem != nil:
		v.fail(*problem)
	default:
		s.serveVisit(c.Request().Context(), v, who, hello, ping, ends(ping))
	}
	return nil
}

// visitor answers who comes and takes a socket's place for them. late is the
// close code with which they are turned away; the error is for who is not told.
func (s *Server) visitor(c echo.Context) (giveBack func(), who caller, late wire.CloseCode, err error) {
	none := func() {}
	if err := s.sameSite(c.Request()); err != nil {
		return none, who, 0, err
	}
	event, err := eventOf(c)
	if err == nil {
		who, err = s.caller(c, event)
	}
	if err != nil {
		late, err = lateFor(err)
		return none, who, late, err
	}
	if _, ok := s.paces.visits.allow(who.key, s.now()); !ok {
		return none, who, wire.CloseTooMany, nil
	}
	giveBack, full, many := s.sockets.take(who.key, s.options.MaxLinkSockets)
	switch {
	case full:
		return none, who, 0, refuse(http.StatusServiceUnavailable, wire.CodeFull).after(5 * time.Second)
	case many:
		return none, who, wire.CloseTooMany, nil
	}
	return giveBack, who, 0, nil
}

// lateFor answers the close code that tells a refusal, or the refusal where there
// is none.
func lateFor(err error) (wire.CloseCode, error) {
	switch asRefusal(err).problem.Code {
	case wire.CodeSignedOut:
		return wire.CloseSessionOver, nil
	case wire.CodeNoSuchEvent:
		return wire.CloseNoEvent, nil
	case wire.CodeDraining:
		return wire.CloseRestart, nil
	}
	return 0, err
}

// sameSite refuses a visit that another site makes a browser pay. A GET of our
// own pages carries no Origin; Sec-Fetch-Site tells, where the browser knows it,
// and where it does not the cookie is Lax.
func (s *Server) sameSite(r *http.Request) error {
	kind, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") {
		for _, site := range r.Header.Values("Sec-Fetch-Site") {
			if site != "same-origin" {
				return refuse(http.StatusForbidden, wire.CodeBadOrigin)
			}
		}
	}
	return s.edge.origin(r, s.publicURL(r.Context()), false)
}

// said reads the frames that a visit brings in its query: hello, and perhaps a
// ping, as they would be sent on the socket.
func said(c echo.Context) (*wire.Hello, *wire.Ping, *wire.Problem) {
	first, problem := wire.DecodeClient([]byte(`{"hello":` + c.QueryParam("hello") + `}`))
	if problem != nil || c.QueryParam("ping") == "" {
		return first.Hello, nil, problem
	}
	second, problem := wire.DecodeClient([]byte(`{"ping":` + c.QueryParam("ping") + `}`))
	return first.Hello, second.Ping, problem
}

// fail tells what was wrong with what the visitor said.
func (v *visit) fail(problem wire.Problem) {
	// Both writes are for the same reader; the end shows whether there is one.
	_ = v.Write(wire.Encode(wire.ServerFrame{Error: &problem}), time.Now().Add(visitWrite))
	v.end(wire.CloseBadFrame)
}

// serveVisit is a visit's whole life after it was judged.
func (s *Server) serveVisit(ctx context.Context, v *visit, who caller, hello *wire.Hello, ping *wire.Ping, ends ending) {
	// The server's own deadline for reading would end the context with it.
	_ = v.wire.SetReadDeadline(time.Time{})
	attaching, cancel := context.WithTimeout(ctx, attachWithin)
	session, err := s.hub.Attach(attaching, who.log(), who.Credential, v)
	cancel()
	if err != nil {
		v.end(s.turnedAway(err))
		return
	}
	defer time.AfterFunc(visitLinger, session.Detach)
	held := signedIn{session: session, token: keyOf(who.token), expires: who.expires}
	s.live.add(&held, who.came)
	defer s.live.remove(&held)
	session.Handle(wire.ClientFrame{Hello: hello})
	if ping != nil {
		session.Handle(wire.ClientFrame{Ping: ping})
	}
	v.end(v.stay(ctx, session, ends))
}

// stay lasts as long as the visit and answers the code with which it ends; 0: the
// client has left.
func (v *visit) stay(ctx context.Context, session *hub.Session, ends ending) wire.CloseCode {
	began := time.Now()
	again := time.NewTimer(visitBeat)
	defer again.Stop()
	for acked := false; ; {
		seen := v.look()
		if !acked && seen.frames > 0 && !seen.news {
			// An empty patch to what hello said: that is acknowledged already.
			acked = true
			session.Handle(wire.ClientFrame{Ack: &wire.Ack{Seq: v.have}})
		}
		code, wait := ends(seen, time.Since(began))
		if code != 0 {
			return code
		}
		again.Reset(wait)
		select {
		case <-ctx.Done():
			return 0
		case <-v.changed:
		case <-again.C:
			if v.beat() != nil {
				return 0
			}
		}
	}
}

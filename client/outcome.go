package client

import (
	"errors"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/wire"
)

// outcome describes how a connection ended, or the attempt to make one.
type outcome struct {
	policy     wire.ReconnectPolicy
	synced     bool          // a snapshot or a patch arrived
	transport  Transport     // that was used; TransportAuto: signing in failed before
	lasted     time.Duration // since the transport was tried
	retryAfter time.Duration // the server asks not to return earlier
	err        error         // a *ClosedError or ErrClosed if policy forbids to return
}

// blocked reports whether the connection ended like one that something between
// client and server does not let through.
func (o outcome) blocked() bool {
	broken := o.policy == wire.ComeUsual || o.policy == wire.ComeNow
	return broken && (!o.synced || o.lasted < proven)
}

// outcomeOfClose interprets the error that reading a connection ended with.
// problem is the error frame that arrived before, if any.
func outcomeOfClose(err error, problem wire.Problem) outcome {
	var closed *websocket.CloseError
	if !errors.As(err, &closed) {
		return outcomeOfHTTP(err, true)
	}
	code := wire.CloseCode(closed.Code)
	o := outcome{policy: code.Comeback(), err: err}
	switch o.policy {
	case wire.ComeNever, wire.ComeReload:
		o.err = &ClosedError{Code: code, Problem: problem}
	}
	return o
}

// outcomeOfHTTP interprets the error of an HTTP request that should have led to a
// session or a connection. signedIn reports whether the link was accepted before, so
// that status 401 means to sign in again.
func outcomeOfHTTP(err error, signedIn bool) outcome {
	var status *StatusError
	switch {
	case !errors.As(err, &status), signedIn && status.Problem.Code == "" && status.Retry == 0:
		// The response is not our server's but that of something in between.
		return outcome{policy: wire.ComeUsual, err: err}
	case status.Status == http.StatusTooManyRequests || status.Status == http.StatusServiceUnavailable:
		return outcome{policy: wire.ComeLater, err: err, retryAfter: status.Retry}
	case status.Status == http.StatusUnauthorized && signedIn:
		return outcome{policy: wire.ComeSignIn, err: err}
	case status.Status == http.StatusForbidden, status.Status == http.StatusNotFound,
		!signedIn && !status.temporary():
		return outcome{policy: wire.ComeNever, err: &ClosedError{Cause: err}}
	}
	return outcome{policy: wire.ComeUsual, err: err}
}

package client

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/wire"
)

// connector makes one connection after another.
type connector struct {
	shared
	dialer    *websocket.Dialer
	transport Transport
	log       *slog.Logger
}

// run makes connections until ctx ends or the server refuses the client for good.
// It returns the client's error: ErrClosed or a *ClosedError.
func (m *connector) run(ctx context.Context) error {
	renewer := startRenewing(ctx, m.api, m.jitter)
	defer renewer.stop()
	backoff := backoff{jitter: m.jitter}
	choice := transportChoice{wanted: m.transport}
	for {
		o := m.connectOnce(ctx, choice.pick())
		choice.record(o)
		if ctx.Err() != nil {
			return ErrClosed
		}
		m.state.markOffline(o.err)
		switch o.policy {
		case wire.ComeNever, wire.ComeReload:
			return o.err
		case wire.ComeSignIn:
			m.api.session.Store(nil)
			m.state.discardView()
		}
		pause := backoff.pause(o)
		m.log.Debug("connection ended", "come", string(o.policy), "pause", pause, "err", o.err)
		if !sleep(ctx, pause) {
			return ErrClosed
		}
	}
}

// connectOnce signs in unless that was done before, and runs one connection.
func (m *connector) connectOnce(ctx context.Context, t Transport) outcome {
	if m.api.token() == "" {
		if err := m.api.signIn(ctx); err != nil {
			return outcomeOfHTTP(err, false)
		}
	}
	began := time.Now()
	o := m.connectOver(ctx, t)
	o.transport, o.lasted = t, time.Since(began)
	return o
}

// connectOver runs one connection over a transport.
func (m *connector) connectOver(ctx context.Context, t Transport) outcome {
	if t != TransportSocket {
		after := time.Duration(0)
		if m.transport == TransportAuto {
			after = socketAgain
		}
		fallback := newFallbackConn(ctx, m.api, m.jitter, t == TransportPoll, after)
		return newConn(m.shared, fallback).run(ctx)
	}
	header := http.Header{"Authorization": {"Bearer " + m.api.token()}}
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	ws, response, err := m.dialer.DialContext(dialing, m.api.liveURL(), header)
	if errors.Is(err, websocket.ErrBadHandshake) && response != nil {
		return outcomeOfHTTP(statusError(response), true)
	}
	if err != nil {
		return outcome{policy: wire.ComeUsual, err: err}
	}
	return newConn(m.shared, newSocketConn(ws)).run(ctx)
}

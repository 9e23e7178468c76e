package client

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// The pauses between renewals of a token: see docs/PROTOCOL.md, "Renewal".
const (
	renewInterval = time.Hour
	renewRetry    = time.Minute // after a failure that may be temporary
	renewTimeout  = 30 * time.Second
)

// renewer renews a client's token while the client runs. It has no goroutine while it waits.
type renewer struct {
	api    *api
	jitter jitter
	ctx    context.Context
	cancel context.CancelFunc
	timer  *time.Timer

	mu    sync.Mutex // held during a renewal; guards the field below
	ended bool
}

// startRenewing starts a renewer. The caller must call stop.
func startRenewing(ctx context.Context, a *api, j jitter) *renewer {
	r := &renewer{api: a, jitter: j}
	r.ctx, r.cancel = context.WithCancel(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.timer = time.AfterFunc(renewInterval, r.renew)
	return r
}

// stop ends the renewer. It waits for a renewal that is under way.
func (r *renewer) stop() {
	r.cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	r.timer.Stop()
}

// renew renews the token once, and sets the timer for the next time.
func (r *renewer) renew() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	ctx, cancel := context.WithTimeout(r.ctx, renewTimeout)
	defer cancel()
	pause := renewInterval
	err := r.api.renew(ctx)
	if status := (*StatusError)(nil); err != nil && (!errors.As(err, &status) || status.temporary()) {
		pause = renewRetry + r.jitter.usualPause(0)
	}
	r.timer.Reset(pause)
}

// renew replaces the token by one of the same session that is valid for longer. If the
// session is over, the token stays: the connection learns it too, and signs in again.
func (a *api) renew(ctx context.Context) error {
	old := a.session.Load()
	if old == nil {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.link.Server+"/api/v1/renew", http.NoBody)
	if err != nil {
		return err
	}
	a.authorize(req)
	renewed := session{Who: old.Who}
	if _, err := a.do(req, maxResponse, &renewed); err != nil {
		return err
	}
	if renewed.Token == "" {
		return errors.New("client: the response to the renewal has no token")
	}
	a.session.CompareAndSwap(old, &renewed) // unless the client has signed in again meanwhile
	return nil
}

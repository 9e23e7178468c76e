package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/static"
	"github.com/matchfloor/matchfloor/wire"
)

// How long a node takes for what.
const (
	setUpWithin = 30 * time.Second // for a journal to answer at the start
	setUpPause  = 500 * time.Millisecond
	drainWithin = 9 * time.Second // sessions and commands
	stopWithin  = time.Second     // what HTTP requests are left after that
)

// nodeOptions are what a node is made of.
type nodeOptions struct {
	opened                *opened
	keys                  auth.Keys
	listener              net.Listener
	tls                   *tls.Config // nil: plain HTTP
	proxies               []netip.Prefix
	metricsFrom           []netip.Prefix // none: this machine's own
	maxSockets, maxEvents int            // 0: the defaults
	log                   *slog.Logger
}

// node is one running server: a hub, its HTTP side, and a listener.
type node struct {
	nodeOptions
	hub  *hub.Hub
	http *http.Server
}

// newNode answers a node that is not serving yet: run does, and ends what
// newNode began. The journal stays the caller's.
func newNode(o nodeOptions) (*node, error) {
	h := hub.New(o.opened.journal, o.opened.snapshots, hub.Options{
		Presence: o.opened.beacon, Logger: o.log, MaxSessions: o.maxSockets, MaxEvents: o.maxEvents,
	})
	s, err := server.New(server.Options{
		Hub: h, Keys: o.keys, Pages: static.Dist(), TrustedProxies: o.proxies, MetricsFrom: o.metricsFrom,
		Log: o.log, MaxSockets: o.maxSockets,
	})
	if err != nil {
		return nil, errors.Join(err, h.Close())
	}
	n := &node{nodeOptions: o, hub: h, http: s.HTTP()}
	n.http.TLSConfig = o.tls
	return n, nil
}

// run serves until ctx ends, then drains; or until the journal or the listener
// fails. begun is called once requests are answered; its error ends the node too.
func (n *node) run(ctx context.Context, begun func(context.Context) error) error {
	ended := make(chan error, 1)
	go func() { ended <- n.listen() }()
	err := begun(ctx)
	if err == nil {
		select {
		case <-ctx.Done():
			return errors.Join(n.drain(), unlessClosed(<-ended))
		case err = <-n.opened.failed:
			// What the disk holds is not known any more: nothing that is under way may be acknowledged.
			err = fmt.Errorf("the journal failed, the node stops: %w", err)
		case err = <-ended:
			return errors.Join(err, n.hub.Close())
		}
	}
	return errors.Join(unlessEnded(ctx, err), n.http.Close(), n.hub.Close(), unlessClosed(<-ended))
}

func (n *node) listen() error {
	if n.tls != nil {
		return n.http.ServeTLS(n.listener, "", "")
	}
	return n.http.Serve(n.listener)
}

// drain makes the node leave in good order, within ten seconds.
func (n *node) drain() error {
	n.log.Info("draining")
	began := time.Now()
	patience, cancel := context.WithTimeout(context.Background(), drainWithin)
	drained := n.hub.Drain(patience)
	cancel()
	patience, cancel = context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	stopped := n.http.Shutdown(patience)
	if errors.Is(stopped, context.DeadlineExceeded) {
		stopped = n.http.Close()
	}
	if errors.Is(drained, context.DeadlineExceeded) {
		n.log.Warn("not everyone had gone when the time for draining was over")
		drained = nil
	}
	err := errors.Join(drained, stopped, n.hub.Close())
	n.log.Info("drained", "took", time.Since(began))
	return err
}

// unlessClosed drops the error with which a server says that it was closed.
func unlessClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// unlessEnded drops an error that only says that ctx has ended: being told to
// stop is no failure.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// url answers the node's own address as others on the network may reach it.
func (n *node) url() string {
	scheme := "http"
	if n.tls != nil {
		scheme = "https"
	}
	return scheme + "://" + reachable(n.listener.Addr())
}

// firstOrganiser is the id of the organiser that the first start makes. It is
// the same on every node, so that two that start together make one.
const firstOrganiser = floor.OrganiserID("first")

// setUp writes what a new instance lacks: an organiser, whose link it answers if
// it was made now, and a public URL. A given publicURL overwrites the one there is.
// While the journal is away it tries again, for setUpWithin.
func (n *node) setUp(ctx context.Context, publicURL string) (organiser string, err error) {
	ctx, cancel := context.WithTimeout(ctx, setUpWithin)
	defer cancel()
	instance, err := n.instance(ctx)
	if err != nil {
		return "", err
	}
	publicURL = strings.TrimRight(publicURL, "/")
	key := floor.CommandKey(operatorLink + "/" + rand.Text())
	if publicURL == "" && instance.PublicURL() == "" {
		publicURL, key = n.url(), operatorLink+"/own-address"
	}
	if publicURL != "" && publicURL != instance.PublicURL() {
		err = n.give(ctx, key, floor.SetPublicURL{URL: publicURL}, string(floor.CodeNothingChanges), wire.CodeIDReused)
	}
	none := true
	for range instance.Organisers() {
		none = false
	}
	if err != nil || !none {
		return "", err
	}
	err = n.give(ctx, operatorLink+"/first-organiser", floor.AddOrganiser{Organiser: firstOrganiser, Name: "organiser"}, string(floor.CodeAlready))
	if err != nil {
		return "", err
	}
	if instance, err = n.instance(ctx); err != nil {
		return "", err
	}
	link, ok := instance.Link(floor.NewActorID(floor.RoleOrganiser, firstOrganiser).Link())
	if !ok {
		return "", errors.New("the first organiser has no link")
	}
	return n.keys.LinkURL(instance.PublicURL(), auth.InstanceEvent, link), nil
}

// instance answers the state of the instance's own log, waiting for the journal.
func (n *node) instance(ctx context.Context) (floor.State, error) {
	for {
		state, _, err := n.hub.State(ctx, journal.InstanceLog)
		if !errors.Is(err, hub.ErrUnavailable) {
			return state, err
		}
		if pause(ctx, setUpPause) != nil {
			return state, err
		}
	}
}

// give submits a command of the operator's to the instance's log until it is
// answered. A refusal with one of the codes fine is as good as done.
func (n *node) give(ctx context.Context, key floor.CommandKey, command floor.Command, fine ...wire.Code) error {
	for {
		_, err := n.hub.Submit(ctx, journal.InstanceLog, floor.Envelope{Key: key, By: floor.Operator, Unconditional: true, Command: command})
		p, refused := errors.AsType[*wire.Problem](err)
		if !refused {
			return err
		}
		for _, code := range fine {
			if p.Code == code {
				return nil
			}
		}
		if !wire.Retry(p.Code) || pause(ctx, setUpPause) != nil {
			return err
		}
	}
}

// pause waits for d, or answers why ctx ended.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

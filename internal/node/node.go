// Package node runs one node of an instance: a hub over a journal, the HTTP server over
// the hub, and a listener. It also writes what a new instance needs before anyone can
// sign in.
package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/hub/presence"
	"github.com/matchfloor/matchfloor/internal/node/intake"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/static"
)

// A node that is asked to stop is gone ten seconds later.
const (
	drainTimeout    = 9 * time.Second // for sessions and commands
	shutdownTimeout = time.Second     // for the HTTP requests that are left after that
)

// OperatorLink is the first part of the keys of commands that the operator gives at the
// command line. The keys of other people's commands have the id of their link there.
const OperatorLink = "operator-cli"

// Store is an open journal with the services that belong to it.
type Store struct {
	Journal   journal.Journal
	Snapshots journal.Snapshots
	// Presence shares with the other nodes who is connected here. It is nil in an
	// instance of one node.
	Presence presence.Store
	// Probe returns why the journal cannot be used now, or which of its settings break a
	// promise; see ReportStart. It is nil if the journal needs none.
	Probe func(context.Context) ([]journal.Finding, error)
	// Failed receives an error if the journal can no longer say what the disk holds.
	// It is nil if the journal never fails in this way.
	Failed <-chan error
	// Incomplete is an error if the journal cannot tell whether the records that were
	// acknowledged last are there. The store can be used.
	Incomplete error
	// Close closes the journal. Only the opener of the store calls it, after the hubs
	// over the journal are closed.
	Close func() error
}

// Options configure a node. Store, Keys, Listener, OwnURL and Log are required.
type Options struct {
	Store *Store
	Keys  auth.Keys
	// NewKey accepts Keys although the instance's log names another key: every link that was
	// made with that one is void.
	NewKey   bool
	Listener net.Listener
	TLS      *tls.Config // nil: plain HTTP
	// OwnURL is the listener's address as other machines on the network reach it, with
	// the scheme and without a trailing slash. It is the public URL of an instance that
	// has no other.
	OwnURL                    string
	TrustedProxies            []netip.Prefix
	MetricsFrom               []netip.Prefix // empty: this machine only
	MaxConnections, MaxEvents int            // 0: the defaults of hub and server
	Log                       *slog.Logger
}

// Node is one running server.
type Node struct {
	options Options
	hub     *hub.Hub
	http    *http.Server
	checked atomic.Bool // the key was compared with the instance's log
}

// New returns a node that does not serve yet. The caller must call Run, which also
// releases what New has started, and closes the store after that. If New fails, the
// listener is still open and belongs to the caller.
func New(o Options) (*Node, error) {
	h := hub.New(o.Store.Journal, o.Store.Snapshots, hub.Options{
		Presence: o.Store.Presence, Logger: o.Log, MaxSessions: o.MaxConnections, MaxEvents: o.MaxEvents,
	})
	n := &Node{options: o, hub: h}
	s, err := server.New(server.Options{
		Hub: h, Keys: o.Keys, Pages: static.Dist(), TrustedProxies: o.TrustedProxies, MetricsFrom: o.MetricsFrom,
		Log: o.Log, MaxSockets: o.MaxConnections, Unready: n.unready,
	})
	if err != nil {
		return nil, errors.Join(err, h.Close())
	}
	n.http = s.HTTP()
	n.http.TLSConfig = o.TLS
	return n, nil
}

// Run serves until ctx ends, and then drains the node: clients are asked to reconnect
// elsewhere, and commands that have begun are completed. It returns earlier with an
// error if the journal or the listener fails. It calls ready once while requests are
// being answered, those of the API with 503 until SetUp has returned; an error of ready also ends the node.
func (n *Node) Run(ctx context.Context, ready func(context.Context) error) error {
	ended := make(chan error, 1)
	go func() { ended <- n.serve() }()
	err := ready(ctx)
	if err == nil {
		select {
		case <-ctx.Done():
			return errors.Join(n.drain(), unlessClosed(<-ended))
		case err = <-n.options.Store.Failed:
			// It is unknown what the disk holds: no command in progress may be acknowledged.
			err = fmt.Errorf("the journal failed, the node stops: %w", err)
		case err = <-ended:
			return errors.Join(err, n.hub.Close())
		}
	}
	return errors.Join(unlessEnded(ctx, err), n.http.Close(), n.hub.Close(), unlessClosed(<-ended))
}

// serve serves HTTP, or HTTPS, until the server is closed.
func (n *Node) serve() error {
	listener := intake.Wrap(n.options.Listener)
	defer listener.Close()
	n.http.ConnState = listener.ConnState
	if n.options.TLS != nil {
		return n.http.ServeTLS(listener, "", "")
	}
	return n.http.Serve(listener)
}

// drain stops the node in good order, within drainTimeout and shutdownTimeout.
func (n *Node) drain() error {
	log := n.options.Log
	log.Info("draining")
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	drained := n.hub.Drain(ctx)
	cancel()
	ctx, cancel = context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	stopped := n.http.Shutdown(ctx)
	if errors.Is(stopped, context.DeadlineExceeded) {
		stopped = n.http.Close()
	}
	if errors.Is(drained, context.DeadlineExceeded) {
		log.Warn("draining timed out with clients still connected")
		drained = nil
	}
	err := errors.Join(drained, stopped, n.hub.Close())
	log.Info("drained", "took", time.Since(began))
	return err
}

// Submit submits a command to a log through the node's hub. It returns once the command
// is stored, or with the *wire.Problem of a refusal.
func (n *Node) Submit(ctx context.Context, log journal.LogID, command floor.Envelope) error {
	_, err := n.hub.Submit(ctx, log, command)
	return err
}

// Import calls hub.ImportForum with the operator as the sender.
func (n *Node) Import(ctx context.Context, forum floor.Forum) error {
	return hub.ImportForum(ctx, n.hub, floor.Operator, OperatorLink, forum)
}

// unlessClosed returns err, or nil if err only says that the server was closed.
func unlessClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// unlessEnded returns err, or nil if err only says that ctx has ended: a request to
// stop is not a failure.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// errKeyUnchecked is why a node that has just started is not ready.
var errKeyUnchecked = errors.New("node: the instance key has not been compared with the instance's log yet")

// unready returns an error until SetUp has compared the key with the instance's log.
func (n *Node) unready() error {
	if n.checked.Load() {
		return nil
	}
	return errKeyUnchecked
}

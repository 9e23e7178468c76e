package node

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
	"github.com/matchfloor/matchfloor/server/auth"
)

// newNode returns a node over a journal in memory that can be made faulty. The options
// may be changed before the node is made.
func newNode(t *testing.T, change func(*Options)) (*Node, *faultyjournal.Journal) {
	t.Helper()
	keys, err := auth.NewKeys(make([]byte, auth.MinKey))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	memory := journal.NewMemory(time.Now)
	j := faultyjournal.Wrap(memory, 1, faultyjournal.Odds{})
	o := Options{
		Store: &Store{Journal: j, Snapshots: memory}, Keys: keys, Listener: listener,
		OwnURL: "http://" + listener.Addr().String(), Log: slog.New(slog.DiscardHandler),
	}
	change(&o)
	n, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return n, j
}

// runUntilReady runs a node, calls ready and then stops the node.
func runUntilReady(t *testing.T, n *Node, ready func(context.Context)) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	err := n.Run(ctx, func(ctx context.Context) error {
		ready(ctx)
		stop()
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A node must not serve from a journal that failed.
func TestRun_EndsWhenTheJournalFails(t *testing.T) {
	failed, failure := make(chan error, 1), errors.New("sync")
	n, _ := newNode(t, func(o *Options) { o.Store.Failed = failed })
	err := n.Run(t.Context(), func(context.Context) error { failed <- failure; return nil })
	if !errors.Is(err, failure) {
		t.Errorf("it ended with %v", err)
	}
	if _, err := net.Dial("tcp", n.options.Listener.Addr().String()); err == nil {
		t.Error("it still listens")
	}
}

func TestRun_EndsWhenTheListenerFails(t *testing.T) {
	n, _ := newNode(t, func(*Options) {})
	err := n.Run(t.Context(), func(context.Context) error { return n.options.Listener.Close() })
	if !errors.Is(err, net.ErrClosed) {
		t.Errorf("it ended with %v", err)
	}
}

func TestRun_EndsWithTheErrorOfReady(t *testing.T) {
	n, _ := newNode(t, func(*Options) {})
	failure := errors.New("not ready")
	if err := n.Run(t.Context(), func(context.Context) error { return failure }); !errors.Is(err, failure) {
		t.Errorf("it ended with %v", err)
	}
}

func TestSetUp_AddsOneOrganiserAndKeepsThePublicURL(t *testing.T) {
	n, _ := newNode(t, func(*Options) {})
	runUntilReady(t, n, func(ctx context.Context) {
		for i, c := range []struct{ given, public string }{
			{"", n.options.OwnURL},
			{"", n.options.OwnURL},
			{"https://forum.example/", "https://forum.example"},
			{"", "https://forum.example"},
		} {
			setup, err := n.SetUp(ctx, c.given)
			link := setup.OrganiserLink
			if err != nil || (link != "") != (i == 0) || i == 0 && !strings.HasPrefix(link, c.public+"/organiser#_.organiser-first.") {
				t.Errorf("call %d returns %q, %v", i+1, link, err)
			}
			instance, err := n.instance(ctx)
			if err != nil || instance.PublicURL() != c.public || setup.PublicURL != c.public {
				t.Errorf("after call %d the public URL is %q, %v", i+1, instance.PublicURL(), err)
			}
		}
	})
}

// An instance that was first started on a loopback address gets an address that phones can
// open as soon as a node has one. Any other address stays until it is replaced by hand.
func TestSetUp_ReplacesALoopbackAddress(t *testing.T) {
	n, _ := newNode(t, func(*Options) {})
	runUntilReady(t, n, func(ctx context.Context) {
		for _, c := range []struct{ own, given, public string }{
			{"http://127.0.0.1:8080", "", "http://127.0.0.1:8080"},
			{"http://127.0.0.1:8081", "", "http://127.0.0.1:8080"},
			{"http://192.168.1.5:8080", "", "http://192.168.1.5:8080"},
			{"http://192.168.1.9:8080", "", "http://192.168.1.5:8080"},
			{"http://127.0.0.1:8080", "", "http://192.168.1.5:8080"},
			{"http://127.0.0.1:8080", "http://[::1]:8080", "http://[::1]:8080"},
			{"http://192.168.1.9:8080", "", "http://192.168.1.9:8080"},
		} {
			n.options.OwnURL = c.own
			if setup, err := n.SetUp(ctx, c.given); err != nil || setup.PublicURL != c.public {
				t.Errorf("a node at %s with %q: %+v, %v; want %s", c.own, c.given, setup, err, c.public)
			}
		}
	})
}

func TestSetUp_RetriesWhileTheJournalIsUnavailable(t *testing.T) {
	n, j := newNode(t, func(*Options) {})
	j.SetOdds(faultyjournal.Odds{Unavailable: 1, ReadFails: 1})
	runUntilReady(t, n, func(ctx context.Context) {
		back := time.AfterFunc(2*setUpRetry, func() { j.SetOdds(faultyjournal.Odds{}) })
		defer back.Stop()
		if setup, err := n.SetUp(ctx, ""); err != nil || setup.OrganiserLink == "" {
			t.Errorf("SetUp returns %+v, %v", setup, err)
		}
	})
}

package node

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/wire"
)

const (
	setUpTimeout = 30 * time.Second // includes the wait for a journal that does not answer yet
	setUpRetry   = 500 * time.Millisecond
)

// FirstOrganiser is the id of the organiser that SetUp adds. It is the same on every
// node, so that two nodes that start at the same time add one organiser.
const FirstOrganiser = floor.OrganiserID("first")

// Setup is what an instance has after SetUp.
type Setup struct {
	PublicURL string // with which links begin
	// OrganiserLink is the sign-in link of the organiser that SetUp added. It is "" if the
	// instance had one already.
	OrganiserLink string
}

// SetUp adds what a new instance lacks: the id of its key, a public URL and an organiser. It
// returns an *OtherKeyError, and adds nothing, if the instance's log names another key than the
// node's, unless Options.NewKey is set. A publicURL that is
// not "" replaces the one that the instance has, and so does the node's own URL if the
// instance has a loopback address and the node another: no phone can open the former.
// The node answers 503 before SetUp has succeeded: see Node.unready.
// SetUp retries for up to setUpTimeout while the journal is unavailable.
func (n *Node) SetUp(ctx context.Context, publicURL string) (Setup, error) {
	ctx, cancel := context.WithTimeout(ctx, setUpTimeout)
	defer cancel()
	if err := RecordKey(ctx, n.hub, n.options.Keys, n.options.NewKey); err != nil {
		return Setup{}, err
	}
	instance, err := n.instance(ctx)
	if err != nil {
		return Setup{}, err
	}
	if err := n.setPublicURL(ctx, instance.PublicURL(), strings.TrimRight(publicURL, "/")); err != nil {
		return Setup{}, err
	}
	link, err := n.addFirstOrganiser(ctx, instance)
	if err != nil {
		return Setup{}, err
	}
	if instance, err = n.instance(ctx); err != nil {
		return Setup{}, err
	}
	n.checked.Store(true)
	return Setup{PublicURL: instance.PublicURL(), OrganiserLink: link}, nil
}

// addFirstOrganiser adds an organiser to an instance without one and returns the
// sign-in link, or "" if the instance has one.
func (n *Node) addFirstOrganiser(ctx context.Context, instance floor.State) (string, error) {
	for range instance.Organisers() {
		return "", nil
	}
	err := submitUntilDone(ctx, n.hub, OperatorLink+"/first-organiser", floor.AddOrganiser{Organiser: FirstOrganiser, Name: "organiser"}, string(floor.CodeAlready))
	if err != nil {
		return "", err
	}
	if instance, err = n.instance(ctx); err != nil {
		return "", err
	}
	link, ok := instance.Link(floor.NewActorID(floor.RoleOrganiser, FirstOrganiser).Link())
	if !ok {
		return "", errors.New("the first organiser has no link")
	}
	return n.options.Keys.LinkURL(instance.PublicURL(), auth.InstanceEvent, link), nil
}

// setPublicURL replaces the instance's public URL by the wanted one. If none is wanted,
// it sets the node's own URL where there is none that a phone could open: see SetUp.
func (n *Node) setPublicURL(ctx context.Context, current, wanted string) error {
	key := floor.CommandKey(OperatorLink + "/" + rand.Text())
	switch {
	case wanted != "":
	case current == "":
		wanted, key = n.options.OwnURL, OperatorLink+"/own-address"
	case isLoopback(current) && !isLoopback(n.options.OwnURL):
		wanted = n.options.OwnURL
	}
	if wanted == "" || wanted == current {
		return nil
	}
	// Another node may have set its own URL under the same key.
	return submitUntilDone(ctx, n.hub, key, floor.SetPublicURL{URL: wanted}, string(floor.CodeNothingChanges), wire.CodeIDReused)
}

// isLoopback reports whether only this machine can open a URL: its host is a loopback
// address.
func isLoopback(text string) bool {
	ip, ok := AddressIn(text)
	return ok && ip.IsLoopback()
}

// AddressIn returns the IP address that is the host of a URL. It reports false if the host
// is a name.
func AddressIn(text string) (netip.Addr, bool) {
	u, err := url.Parse(text)
	if err != nil {
		return netip.Addr{}, false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return ip, err == nil
}

// instance returns the state of the instance's log: see instanceState.
func (n *Node) instance(ctx context.Context) (floor.State, error) {
	return instanceState(ctx, n.hub)
}

// instanceState returns the state of the instance's log. It waits while the journal is
// unavailable.
func instanceState(ctx context.Context, h *hub.Hub) (floor.State, error) {
	for {
		state, _, err := h.State(ctx, journal.InstanceLog)
		if !errors.Is(err, hub.ErrUnavailable) {
			return state, err
		}
		if sleep(ctx, setUpRetry) != nil {
			return state, err
		}
	}
}

// submitUntilDone submits a command of the operator to the instance's log, and retries
// while the outcome is unknown or the refusal is temporary. A refusal with one of the
// codes in done counts as success.
func submitUntilDone(ctx context.Context, h *hub.Hub, key floor.CommandKey, command floor.Command, done ...wire.Code) error {
	for {
		_, err := h.Submit(ctx, journal.InstanceLog, floor.Envelope{Key: key, By: floor.Operator, Unconditional: true, Command: command})
		p, refused := errors.AsType[*wire.Problem](err)
		if !refused {
			return err
		}
		for _, code := range done {
			if p.Code == code {
				return nil
			}
		}
		if !wire.Retry(p.Code) || sleep(ctx, setUpRetry) != nil {
			return err
		}
	}
}

// sleep waits for d, or until ctx ends, and then returns the reason.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

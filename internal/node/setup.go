package node

import (
	"context"
	"crypto/rand"
	"errors"
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

// SetUp adds what a new instance lacks: a public URL and an organiser. It returns the
// organiser's sign-in link if it added one, otherwise "". A publicURL that is not ""
// replaces the one that the instance has. SetUp retries for up to setUpTimeout while the
// journal is unavailable.
func (n *Node) SetUp(ctx context.Context, publicURL string) (organiserLink string, err error) {
	ctx, cancel := context.WithTimeout(ctx, setUpTimeout)
	defer cancel()
	instance, err := n.instance(ctx)
	if err != nil {
		return "", err
	}
	if err := n.setPublicURL(ctx, instance.PublicURL(), strings.TrimRight(publicURL, "/")); err != nil {
		return "", err
	}
	for range instance.Organisers() {
		return "", nil
	}
	err = n.submitUntilDone(ctx, OperatorLink+"/first-organiser", floor.AddOrganiser{Organiser: FirstOrganiser, Name: "organiser"}, string(floor.CodeAlready))
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

// setPublicURL replaces the instance's public URL by the wanted one, or sets the node's
// own URL if there is neither.
func (n *Node) setPublicURL(ctx context.Context, current, wanted string) error {
	key := floor.CommandKey(OperatorLink + "/" + rand.Text())
	if wanted == "" && current == "" {
		wanted, key = n.options.OwnURL, OperatorLink+"/own-address"
	}
	if wanted == "" || wanted == current {
		return nil
	}
	// Another node may have set its own URL under the same key.
	return n.submitUntilDone(ctx, key, floor.SetPublicURL{URL: wanted}, string(floor.CodeNothingChanges), wire.CodeIDReused)
}

// instance returns the state of the instance's log. It waits while the journal is
// unavailable.
func (n *Node) instance(ctx context.Context) (floor.State, error) {
	for {
		state, _, err := n.hub.State(ctx, journal.InstanceLog)
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
func (n *Node) submitUntilDone(ctx context.Context, key floor.CommandKey, command floor.Command, done ...wire.Code) error {
	for {
		err := n.Submit(ctx, journal.InstanceLog, floor.Envelope{Key: key, By: floor.Operator, Unconditional: true, Command: command})
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

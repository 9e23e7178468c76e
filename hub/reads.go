package hub

import (
	"context"
	"fmt"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/replica"
	"github.com/matchfloor/matchfloor/hub/session"
	"github.com/matchfloor/matchfloor/journal"
)

// State returns the newest state of a log on this node and its position, and opens the log
// if needed: an event's, or [journal.InstanceLog]. For a log that holds nothing it returns
// ErrNoEvent, but for the instance's. While the journal does not answer, it returns the
// last known state, or ErrUnavailable if there is none.
func (h *Hub) State(ctx context.Context, log journal.LogID) (floor.State, journal.Position, error) {
	e, err := h.open(ctx, log)
	if err != nil {
		return floor.State{}, journal.Position{}, err
	}
	defer h.events.release(e)
	head := e.replica.History().Head()
	if head.State.Seq() == 0 && log != journal.InstanceLog {
		return floor.State{}, journal.Position{}, ErrNoEvent
	}
	return head.State, head.At, nil
}

// LinearizableState returns what State returns, but only after this node has applied
// everything that the journal held when it was asked. It reads the journal, so it is for
// refusals that another process may have made outdated a moment ago: a workbook that was
// just imported, a link that was just rotated. If the journal does not answer it returns
// ErrUnavailable.
func (h *Hub) LinearizableState(ctx context.Context, log journal.LogID) (floor.State, journal.Position, error) {
	e, err := h.open(ctx, log)
	if err != nil {
		return floor.State{}, journal.Position{}, err
	}
	defer h.events.release(e)
	calling, cancel := context.WithTimeout(ctx, replica.CallTimeout)
	defer cancel()
	page, err := h.journal.Read(calling, log, e.replica.History().Head().At.Seq, 1)
	if err != nil {
		return floor.State{}, journal.Position{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err := e.replica.WaitForSeq(ctx, page.Head.Seq); err != nil {
		return floor.State{}, journal.Position{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return h.State(ctx, log)
}

// View returns the view of who at the position atLeast or a later one. It is encoded once
// for all clients that see the same. If this node is behind atLeast it reads the log first;
// if that takes more than 2 s it returns ErrUnavailable, as it does if the journal does not
// answer and nothing is known. Other errors: ErrNoEvent, ErrUnauthenticated.
func (h *Hub) View(ctx context.Context, log journal.LogID, who session.Credential, atLeast uint64) (*session.EncodedView, error) {
	e, err := h.open(ctx, log)
	if err != nil {
		return nil, err
	}
	defer h.events.release(e)
	release, err := h.openInstance(ctx, who.Actor)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := e.replica.WaitForSeq(ctx, atLeast); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	for {
		head, _ := e.replica.History().HeadAndLineage()
		subjects, err := subjectsOf(e, log, who, head)
		if err != nil {
			return nil, err
		}
		if view := e.sessions.View(subjects); view.At == head.At {
			return view, nil
		} // otherwise what this credential may see has to be looked up again
	}
}

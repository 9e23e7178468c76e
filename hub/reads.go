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
		return floor.State{}, journal.Position{}, h.whyEmpty(ctx, log)
	}
	return head.State, head.At, nil
}

// LoadedInstance returns the newest state of the instance's log on this node, or a state without
// records if that is not loaded. Unlike State it never waits.
func (h *Hub) LoadedInstance() floor.State {
	instance := h.events.instanceHistory()
	if instance == nil {
		return floor.State{}
	}
	return instance.Head().State
}

// whyEmpty returns what the empty log of an event means: ErrLost if the instance lists the
// event, and otherwise ErrNoEvent.
func (h *Hub) whyEmpty(ctx context.Context, log journal.LogID) error {
	instance, _, err := h.State(ctx, journal.InstanceLog)
	if err != nil {
		return err
	}
	for e := range instance.Events() {
		if journal.LogID(e.ID) == log {
			return ErrLost
		}
	}
	return ErrNoEvent
}

// LinearizableState returns what State returns, but only after this node has applied
// everything that the journal held when it was asked. It is for refusals that another
// process may have made outdated a moment ago: a workbook that was just imported, a link
// that was just rotated. Callers that ask about the same log at the same time share a
// reading, and a log is read at most once every readEvery, so that no number of requests
// loads the journal. If the journal does not answer, or does not have the log any more, it
// returns ErrUnavailable.
func (h *Hub) LinearizableState(ctx context.Context, log journal.LogID) (floor.State, journal.Position, error) {
	e, err := h.open(ctx, log)
	if err != nil {
		return floor.State{}, journal.Position{}, err
	}
	defer h.events.release(e)
	if err := e.reads.wait(ctx); err != nil {
		return floor.State{}, journal.Position{}, err
	}
	return h.State(ctx, log)
}

// readToHead blocks until a replica has applied everything that the journal holds of its
// log now. It returns ErrUnavailable if the journal does not answer.
func (h *Hub) readToHead(r *replica.Replica) error {
	ctx, cancel := context.WithTimeout(h.ctx, replica.CallTimeout)
	defer cancel()
	held := r.History().Head().At
	page, err := h.journal.Read(ctx, r.Log(), held.Seq, 1)
	if err == nil && (page.Head.Seq < held.Seq || r.Lost() != nil) {
		r.RequestRead()
		err = fmt.Errorf("the log is at %v, this node at %v", page.Head, held)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err := r.WaitForSeq(h.ctx, page.Head.Seq); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
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
		subjects, err := h.subjectsOf(ctx, e, who, head)
		if err != nil {
			return nil, err
		}
		if view := e.sessions.View(subjects); view.At == head.At {
			return view, nil
		} // otherwise what this credential may see has to be looked up again
	}
}

package session

import (
	"context"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/hub/presence"
	"github.com/matchfloor/matchfloor/hub/replica"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// Event is what the sessions on one log share: who watches what, encoded frames, and who
// is present. It is a [replica.Subscriber] and a [presence.Log]. Its methods are safe for
// concurrent use, and do not block on a client.
type Event struct {
	env           *Env
	log           journal.LogID
	replica       *replica.Replica
	history       *history.History
	subscriptions *subscriptions
	frames        *encodedFrames
	presence      presence.Tracker
	receipts      *presence.Receipts

	statusMu sync.Mutex // held while status is replaced
	status   atomic.Pointer[statusFrames]
}

// NewEvent returns the event of a replica, without sessions.
func NewEvent(env *Env, r *replica.Replica) *Event {
	e := &Event{
		env: env, log: r.Log(), replica: r, history: r.History(), subscriptions: newSubscriptions(),
		frames: newEncodedFrames(env.Counters, r.History()),
	}
	e.receipts = presence.NewReceipts(env.Context, env.Go, e)
	e.status.Store(&statusFrames{moderators: new(statusFrame), others: new(statusFrame)})
	e.StatusChanged()
	return e
}

// Published implements replica.Subscriber.
func (e *Event) Published(scope history.Scope) { notifyAll(e.subscriptions.in(scope)) }

// Replaced implements replica.Subscriber.
func (e *Event) Replaced() {
	e.frames.clear()
	e.Notify()
}

// CaughtUp implements replica.Subscriber.
func (e *Event) CaughtUp() { notifyAll(e.subscriptions.takeAwaiting()) }

// StatusChanged implements replica.Subscriber. It makes the status frames again; sessions
// send them when they are next notified, or within a second.
func (e *Event) StatusChanged() {
	e.statusMu.Lock()
	defer e.statusMu.Unlock()
	status := wire.StatusFrame{StaleSince: e.replica.UnavailableSince(), Draining: e.env.Draining.Load()}
	others := wire.Encode(wire.ServerFrame{Live: &status})
	e.presence.Fill(&status)
	moderators := wire.Encode(wire.ServerFrame{Live: &status})
	last := e.status.Load()
	e.status.Store(&statusFrames{moderators: last.moderators.updated(moderators), others: last.others.updated(others)})
}

// Notify makes all sessions look for what is due.
func (e *Event) Notify() { notifyAll(e.subscriptions.all()) }

// NotifyLinks makes the sessions of links look for what is due.
func (e *Event) NotifyLinks(links []floor.LinkID) {
	notifyAll(e.subscriptions.in(history.Scope{Links: links}))
}

func notifyAll(sessions []*Session) {
	for _, s := range sessions {
		s.notify()
	}
}

// Close closes all sessions with a code, as [Session.Close] does.
func (e *Event) Close(code wire.CloseCode) {
	for _, s := range e.subscriptions.all() {
		s.Close(code)
	}
}

// Abort closes all sessions with a code at once, without what was not sent yet.
func (e *Event) Abort(code wire.CloseCode) {
	for _, s := range e.subscriptions.all() {
		s.abort(code)
	}
}

// Sweep closes the sessions that are silent, stalled or signed out, and makes the others
// send what has become due. It is to be called every second.
func (e *Event) Sweep() {
	head := e.history.HeadDelta()
	for _, s := range e.subscriptions.all() {
		s.expire(&head, time.Now())
	}
}

// ExchangePresence sends the other nodes who is connected here, and if a moderator watches
// it receives what they say. It blocks on the exchange's store. It reports whether the
// store can be called for another log at once.
func (e *Event) ExchangePresence(ctx context.Context, exchange *presence.Exchange) (reachable bool) {
	return exchange.Send(ctx, e.log, &e.presence, e.replica.Now()) &&
		(len(e.subscriptions.watching(floor.Moderator)) == 0 || exchange.Receive(ctx, e.log, &e.presence))
}

// RefreshPresence sends moderators who is connected, if that has changed. shared says
// whether there are other nodes to hear from.
func (e *Event) RefreshPresence(shared bool) {
	watchers := e.subscriptions.watching(floor.Moderator)
	head, _ := e.history.HeadAndLineage()
	if e.presence.Refresh(&head.State, len(watchers) > 0, shared) {
		e.StatusChanged()
		notifyAll(watchers)
	}
}

// View returns the newest whole view of subjects.
func (e *Event) View(subjects []floor.Subject) *EncodedView {
	_, _, view := e.frames.view(subjects)
	return view.view
}

// LinkValid reports whether a credential holds in a state of the event's log.
func (e *Event) LinkValid(who Credential, state *floor.State) bool {
	return e.replica.LinkValid(who.Actor, who.Link, who.Generation, state)
}

// statusOf returns the status frame for a client that watches the given subjects.
func (e *Event) statusOf(subjects []floor.Subject) *statusFrame { return e.status.Load().of(subjects) }

// headSeq returns the sequence number of the newest version.
func (e *Event) headSeq() uint64 {
	head, _ := e.history.HeadAndLineage()
	return head.At.Seq
}

// you returns what is known of a client's own person or screen. An organiser is in the
// instance's log.
func (e *Event) you(who Credential, state *floor.State) wire.You {
	if who.isOrganiser() {
		if instance := e.env.InstanceHistory(); instance != nil {
			head, _ := instance.HeadAndLineage()
			state = &head.State
		}
	}
	return who.you(state)
}

// clock returns the event's clock and the wall time.
func (e *Event) clock() (clock floor.EventClock, now floor.Instant) {
	head, _ := e.history.HeadAndLineage()
	return clockOf(&head.State), instant(e.replica.Now())
}

// instant returns a wall time as the floor counts it.
func instant(t time.Time) floor.Instant { return floor.Instant(t.UnixMilli()) }

// clockOf returns the event's clock, with a rate.
func clockOf(state *floor.State) floor.EventClock {
	c := state.Clock()
	c.Rate = max(c.Rate, 1)
	return c
}

// movePresence moves one connection of who from a state to another, and returns the state
// that it is now in. Only visitors are tracked.
func (e *Event) movePresence(who floor.ActorID, from, to presence.State) presence.State {
	if from == to || !isVisitor(who) {
		return from
	}
	e.presence.Move(who, from, to, e.replica.Now())
	return to
}

// awaitCatchUp makes the replica read the log, and notifies the session when it has been
// read to its head.
func (e *Event) awaitCatchUp(s *Session) {
	e.subscriptions.await(s)
	e.replica.RequestRead()
}

// recordAckIfNotified is recordAck for a client that may not have been sent a notice: it
// records only if the newest state has a notice that is not known to be delivered.
func (e *Event) recordAckIfNotified(who floor.ActorID, lineage int, seq uint64) {
	head, current := e.history.HeadAndLineage()
	if current == lineage && len(head.State.Undelivered(who, seq)) > 0 {
		e.recordAck(who, lineage, seq)
	}
}

// recordAck notes up to which record a client is known to hold its view, if it is one that
// is sent notices.
func (e *Event) recordAck(who floor.ActorID, lineage int, seq uint64) {
	if isVisitor(who) {
		e.receipts.Record(who, lineage, seq)
	}
}

// NewestState implements presence.Log.
func (e *Event) NewestState() (*floor.State, int) {
	head, lineage := e.history.HeadAndLineage()
	return &head.State, lineage
}

// HasSessions implements presence.Log.
func (e *Event) HasSessions() bool { return !e.subscriptions.empty() }

// SubmitDelivered implements presence.Log.
func (e *Event) SubmitDelivered(ctx context.Context, delivered floor.MarkDelivered) bool {
	done := make(chan replica.Verdict, 1)
	command := &replica.Command{
		Envelope: floor.Envelope{
			Key: floor.CommandKey("clock/delivered-" + rand.Text()), By: floor.Clock, Unconditional: true, Command: delivered,
		},
		Done: func(v replica.Verdict) { done <- v },
	}
	if refused := e.replica.Submit(command); refused != nil {
		return !wire.Retry(refused.Code)
	}
	timeout := time.NewTimer(replica.CallTimeout + replica.CommandTimeout)
	defer timeout.Stop()
	select {
	case v := <-done:
		return v.Refused == nil || !wire.Retry(v.Refused.Code)
	case <-timeout.C:
	case <-ctx.Done():
	}
	return false
}

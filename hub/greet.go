package hub

import (
	"context"
	"strconv"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/presence"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// The bounds of what a session may ask for at a time.
const (
	commandsUnder = 32                // commands without an answer
	repliesMost   = 4 * commandsUnder // answers that the client has not taken
)

func (h *Hub) attach(ctx context.Context, log journal.LogID, who Credential, outlet Transport) (*Session, error) {
	f, err := h.open(ctx, log)
	if err != nil {
		return nil, err
	}
	letGo, err := h.holdInstance(ctx, who)
	if err != nil {
		h.release(f)
		return nil, err
	}
	s := &Session{hub: h, fold: f, who: who, outlet: outlet, opened: time.Now(), letGo: letGo}
	s.heard = s.opened
	s.quick, _ = outlet.(NonblockingTransport)
	if err := s.admit(); err != nil {
		letGo()
		h.release(f)
		return nil, err
	}
	return s, nil
}

// admit joins the audience if the credential is good.
func (s *Session) admit() error {
	state := s.fold.history.Head().State
	switch {
	case state.Seq() == 0 && s.fold.log != journal.InstanceLog:
		return ErrNoEvent
	case !s.fold.good(s.who, state) || len(state.Subjects(s.who.Who)) == 0:
		return ErrUnauthenticated
	case !s.fold.audience.join(s):
		return ErrOverloaded
	case s.hub.draining.Load(): // whoever drains did not see this session, or will
		s.fold.audience.leave(s, nil)
		return ErrDraining
	}
	return nil
}

// good reports whether a credential's link stands in a state as it was proved. An
// organiser's stands in the instance's.
func (f *fold) good(who Credential, on floor.State) bool {
	if who.Who.Role() == floor.RoleOrganiser && f.log != journal.InstanceLog {
		instance := f.hub.instance.Load()
		if instance == nil {
			return false
		}
		on = instance.history.Head().State
	}
	link, ok := on.Link(who.Link)
	return ok && link.Who == who.Who && link.Generation == who.Generation
}

func (s *Session) hello(hello wire.Hello) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = time.Now()
	switch {
	case s.greeted:
		s.fail(wire.CloseBadFrame, wire.Problem{Code: wire.CodeBadFrame, Params: map[string]string{"why": wire.WhyOrder, "at": "/hello"}})
		return
	case hello.Version != wire.Version:
		s.fail(wire.CloseVersion, wire.Problem{Code: wire.CodeBadVersion, Params: map[string]string{"version": strconv.Itoa(wire.Version)}})
		return
	}
	head := s.fold.history.Head()
	if s.judge(head); s.ending != 0 || s.gone {
		s.startWriter()
		return
	}
	hash := wire.SubjectsHash(s.subjects)
	s.greeted, s.hidden = true, hello.Hidden
	s.stand(s.sight())
	if hello.Have != nil && hello.Subjects == hash {
		s.have, s.need = hello.Have, s.fold.checks.next()
	}
	s.replies = append(s.replies, wire.ServerFrame{Hello: &wire.ServerHello{
		Version: wire.Version, Event: floor.EventID(s.fold.log), You: s.you(head.State), Subjects: hash,
		Now: instant(s.fold.now()), Clock: clockOf(head.State),
	}})
	s.startWriter()
}

// you answers what the session's own person or screen is, as the state has it.
func (s *Session) you(state floor.State) wire.You {
	if s.who.Who.Role() == floor.RoleOrganiser {
		if instance := s.hub.instance.Load(); instance != nil {
			state = instance.history.Head().State
		}
	}
	profile, _ := state.Profile(s.who.Who)
	return wire.You{
		Who: s.who.Who, Link: s.who.Link, Name: profile.Name,
		Lead: profile.Lead, Zones: profile.Zones, Languages: profile.Languages,
	}
}

func (s *Session) ping(ping wire.Ping) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.hear("/ping") {
		return
	}
	s.hidden = ping.Hidden
	s.stand(s.sight())
	upTo, _ := s.acked(ping.Ack)
	s.recordAckIfNotified(upTo)
	s.pinged = &ping
	s.owed = max(s.owed, s.fold.history.Head().At.Seq)
	s.startWriter()
}

func (s *Session) ack(seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.hear("/ack") {
		return
	}
	held := !s.flow.open() // otherwise whatever is due has been sent
	if upTo, notice := s.acked(seq); notice {
		s.recordAck(upTo)
	}
	if held {
		s.startWriter()
	}
}

// hear notes that the client is there; it answers false, and the session ends,
// where a frame comes before hello.
func (s *Session) hear(at string) bool {
	if s.gone {
		return false
	}
	s.heard = time.Now()
	if !s.greeted {
		s.fail(wire.CloseBadFrame, wire.Problem{Code: wire.CodeBadFrame, Params: map[string]string{"why": wire.WhyOrder, "at": at}})
	}
	return s.greeted
}

// acked takes an acknowledgement, and answers up to which record the client is now
// known to hold its view, and whether it has just come to hold notices. What is
// acknowledged after a fetched snapshot is the position that the fetch answered: the
// next patch leads on from there.
func (s *Session) acked(seq uint64) (upTo uint64, notice bool) {
	upTo, notice = s.flow.ack(seq)
	if s.flow.fetching && seq >= s.seq {
		s.flow.fetching, s.seq = false, seq
		s.need = s.fold.checks.next()
		notice = true
	}
	if s.placed && s.flow.count == 0 && !s.flow.fetching && s.seq <= s.fold.history.Head().At.Seq {
		upTo = s.seq
	}
	return upTo, notice
}

func (s *Session) command(c wire.Command) {
	s.mu.Lock()
	ok := s.hear("/command")
	if ok && s.under >= commandsUnder {
		s.say(wire.ServerFrame{Rejected: &wire.Rejected{ID: c.ID, Problem: wire.Problem{Code: wire.CodeBusy}}})
		ok = false
	}
	if ok {
		s.under++
	}
	s.mu.Unlock()
	if !ok {
		return
	}
	p := &pending{order: orderOf(s.who, c), who: &s.who, answer: func(v verdict) { s.answered(c.ID, v) }}
	if refused := s.fold.enqueue(p); refused != nil {
		s.answered(c.ID, verdict{refused: refused})
	}
}

// answered tells the client what became of its command.
func (s *Session) answered(id string, v verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.under--
	if v.refused != nil {
		s.say(wire.ServerFrame{Rejected: &wire.Rejected{ID: id, Problem: *v.refused}})
		return
	}
	s.owed = max(s.owed, v.Seq)
	s.say(wire.ServerFrame{Accepted: &wire.Accepted{ID: id, Seq: v.Seq, Notes: v.Notes}})
}

// reply sends a frame that is no part of the view.
func (s *Session) reply(f wire.ServerFrame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = time.Now()
	s.say(f)
}

// say puts a frame behind those that wait; mu is held.
func (s *Session) say(f wire.ServerFrame) {
	if s.gone || s.ending != 0 {
		return
	}
	if len(s.replies) >= repliesMost {
		s.endLocked(wire.CloseTooMany)
	} else {
		s.replies = append(s.replies, f)
	}
	s.startWriter()
}

// fail tells what was wrong and ends the session; mu is held.
func (s *Session) fail(code wire.CloseCode, problem wire.Problem) {
	s.say(wire.ServerFrame{Error: &problem})
	s.endLocked(code)
	s.startWriter()
}

// closeWith ends the session with a code, once what was said before is out.
func (s *Session) closeWith(code wire.CloseCode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endLocked(code)
	s.startWriter()
}

// endLocked notes that the session ends; the first code counts. mu is held.
func (s *Session) endLocked(code wire.CloseCode) {
	if s.ending == 0 {
		s.ending, s.endingAt = code, time.Now()
	}
}

// breakOff ends the session at once, without what was not sent yet.
func (s *Session) breakOff(code wire.CloseCode) {
	s.mu.Lock()
	s.endLocked(code)
	s.replies = nil
	s.startWriter()
	s.mu.Unlock()
	s.outlet.Abort()
}

// hangUp closes the outlet; the session's writer calls it, and ends with it.
func (s *Session) hangUp(code wire.CloseCode) {
	s.mu.Lock()
	if s.ending != 0 {
		code = s.ending
	}
	gone := s.gone
	s.gone, s.writing = true, false
	s.mu.Unlock()
	if !gone {
		s.hub.counters.countClose(code)
		s.outlet.Close(code)
	}
	s.finish()
}

func (s *Session) ended() {
	s.mu.Lock()
	s.gone = true
	s.mu.Unlock()
	s.finish()
}

// finish lets go of what the session held, once.
func (s *Session) finish() {
	s.mu.Lock()
	finished, subjects := s.finished, s.subjects
	s.finished = true
	s.replies, s.pinged = nil, nil
	s.stand(presence.Unknown)
	s.mu.Unlock()
	if finished {
		return
	}
	s.fold.audience.leave(s, subjects)
	s.hub.sessions.Add(-1)
	s.letGo()
	s.hub.release(s.fold)
	s.hub.signal()
}

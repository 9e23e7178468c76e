package presence

import (
	"bytes"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

const (
	peerTTL     = 10 * time.Second // what a node says is valid for this time
	resendAfter = 3 * time.Second  // and is sent again after this time if nothing has changed
)

// Tracker tracks who is, or was, connected to one log: to this node, and to the
// others as they last said. It has an entry for each person who came, and no more.
// The zero value is ready for use. Its methods are safe for concurrent use.
type Tracker struct {
	mu         sync.Mutex // guards the fields below
	local      map[floor.ActorID]*person
	connected  int  // people connected to this node now
	unsent     bool // a change here was not sent to the other nodes yet
	stale      bool // a change, here or on another node, is not in summary yet
	sentAt     time.Time
	receivedAt time.Time // when the other nodes were last heard; zero: never
	peers      map[string]peerPresence
	departed   map[floor.ActorID]whereabouts // people of nodes that say nothing any more
	summary    wire.StatusFrame              // only the parts about people
	summarySeq uint64                        // sequence number of the state that summary is about
}

// person is one person's connections to this node.
type person struct {
	online, background int
	whereabouts
}

func (p *person) add(s State, n int) {
	switch s {
	case Online:
		p.online += n
	case Background:
		p.background += n
	}
}

// current returns the state that the connections make.
func (p *person) current() State {
	switch {
	case p.online > 0:
		return Online
	case p.background > 0:
		return Background
	}
	return Offline
}

// Move moves one connection of who from a state to another, at a wall time. A new
// connection comes from Unknown; one that ends goes to Unknown.
func (t *Tracker) Move(who floor.ActorID, from, to State, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.local == nil {
		t.local = make(map[floor.ActorID]*person)
	}
	p := t.local[who]
	if p == nil {
		p = new(person)
		t.local[who] = p
	}
	p.add(from, -1)
	p.add(to, 1)
	now := p.current()
	if now == p.state {
		return
	}
	if !p.state.connected() {
		t.connected++
	}
	if !now.connected() {
		t.connected--
	}
	p.whereabouts = whereabouts{now, wholeSeconds(at)}
	t.unsent, t.stale = true, true
}

// message returns what is to be sent to the other nodes now, or nil. When the last
// person has gone that is sent once, and then nothing more.
func (t *Tracker) message(now time.Time) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.unsent && (t.connected == 0 || time.Since(t.sentAt) < resendAfter) {
		return nil
	}
	t.unsent, t.sentAt = false, time.Now()
	people := make(map[floor.ActorID]whereabouts, len(t.local))
	for who, p := range t.local {
		people[who] = p.whereabouts
	}
	return encodePeer(people, wholeSeconds(now))
}

// resend makes message return something again: the last one was not sent.
func (t *Tracker) resend() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unsent = true
}

// receive takes the messages of the other nodes, by node. The people of a node that
// says nothing any more are offline since it last spoke. receive returns how many
// messages could not be decoded: these nodes count as having nobody.
func (t *Tracker) receive(messages map[string][]byte) (malformed int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.receivedAt = time.Now()
	if t.peers == nil {
		t.peers, t.departed = make(map[string]peerPresence), make(map[floor.ActorID]whereabouts)
	}
	for node, last := range t.peers {
		if _, ok := messages[node]; !ok {
			t.markNodeGone(last)
			delete(t.peers, node)
		}
	}
	for node, message := range messages {
		if bytes.Equal(t.peers[node].message, message) {
			continue
		}
		p, err := decodePeer(message)
		if err != nil {
			malformed++
		}
		t.peers[node], t.stale = p, true
	}
	return malformed
}

// markNodeGone notes that the people of a node are offline; mu is held.
func (t *Tracker) markNodeGone(last peerPresence) {
	for who, w := range last.people {
		if w.state.connected() {
			w = whereabouts{Offline, last.at}
		}
		t.departed[who] = t.departed[who].merge(w)
	}
	t.stale = true
}

// everyone returns the whereabouts of all people known of, and if partial is set of
// those connected to this node; mu is held.
func (t *Tracker) everyone(partial bool) map[floor.ActorID]whereabouts {
	all := make(map[floor.ActorID]whereabouts, len(t.local)+len(t.departed))
	for who, p := range t.local {
		if !partial || p.state.connected() {
			all[who] = p.whereabouts
		}
	}
	if partial {
		return all
	}
	for who, w := range t.departed {
		all[who] = all[who].merge(w)
	}
	for _, peer := range t.peers {
		for who, w := range peer.people {
			all[who] = all[who].merge(w)
		}
	}
	return all
}

// Refresh computes the summary for status frames again if something it depends on
// has changed, and reports whether it did. state is the newest one of the log.
// watched says whether a client sees the summary at all: otherwise it is empty, and
// nothing is counted. shared says whether there are other nodes to hear from.
func (t *Tracker) Refresh(state *floor.State, watched, shared bool) (changed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !watched {
		changed = len(t.summary.Here) > 0 || t.summary.Partial
		t.summary, t.summarySeq, t.stale = wire.StatusFrame{}, 0, true
		return changed
	}
	partial := shared && time.Since(t.receivedAt) > peerTTL
	if !t.stale && t.summarySeq == state.Seq() && t.summary.Partial == partial {
		return false
	}
	t.stale, t.summarySeq = false, state.Seq()
	t.summary = summarize(state, t.everyone(partial), partial)
	return true
}

// Fill sets the fields of a status frame that are about people, as of the last
// Refresh.
func (t *Tracker) Fill(f *wire.StatusFrame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &t.summary
	f.Here, f.Asleep, f.Gone, f.More, f.Partial = s.Here, s.Asleep, s.Gone, s.More, s.Partial
}

package hub

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// PresenceStore tells nodes what each of them knows of who is connected: bytes in, bytes
// out. It is never the truth of anything, and losing it loses nothing but counts.
// Its methods are safe for concurrent use and end with ctx.
type PresenceStore interface {
	// Put replaces what node says of log, for at most ttl.
	Put(ctx context.Context, log journal.LogID, node string, said []byte, ttl time.Duration) error
	// List answers what every node said of log and has not expired, by node. It may
	// leave out what the asking node said.
	List(ctx context.Context, log journal.LogID) (map[string][]byte, error)
}

// The pace and the bounds of telling other nodes.
const (
	presenceTime  = 10 * time.Second       // what a node says holds for so long
	presenceAgain = 3 * time.Second        // and is said again after this, where nothing has changed
	beaconTime    = time.Second            // for one call
	beaconSlow    = 100 * time.Millisecond // a failure that took longer makes the others wait for the next turn
	peopleTold    = 40_000                 // of one log; the others are not told of
	saidVersion   = 1
)

// said is what one other node told of a log.
type said struct {
	bytes  []byte
	at     floor.Instant // when it was told
	people map[floor.ActorID]whereabouts
}

// tellPresence tells the other nodes who is connected here, and moderators who is
// anywhere. It has a goroutine of its own because a beacon may be slow. What nobody
// is connected to, and nobody watches, costs a look a second.
func (h *Hub) tellPresence() {
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-tick.C:
		}
		reachable := h.options.Presence != nil
		for _, f := range h.all() {
			watchers := f.audience.watching(floor.Moderator)
			if reachable {
				reachable = f.tell() && (len(watchers) == 0 || f.hear())
			}
			f.showPresence(watchers)
		}
	}
}

// tell tells the other nodes what has changed here, and in time before they forget
// it. It answers false where the beacon cannot be reached.
func (f *fold) tell() bool {
	message := f.message()
	if message == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(f.hub.ctx, beaconTime)
	defer cancel()
	begun := time.Now()
	err := f.hub.options.Presence.Put(ctx, f.log, f.hub.options.Node, message, presenceTime)
	if err != nil {
		f.presence.mu.Lock()
		f.presence.untold = true
		f.presence.mu.Unlock()
	}
	return f.beaconAnswered(err, begun)
}

// beaconAnswered counts a failure. It answers false where the next call would have
// to wait as this one did.
func (f *fold) beaconAnswered(err error, begun time.Time) bool {
	if err == nil || f.hub.ctx.Err() != nil {
		return err == nil
	}
	f.hub.counters.beaconErrors.Add(1)
	return time.Since(begun) < beaconSlow
}

// message answers what is to be told now, or nil. When the last one has gone that is
// told, and then nothing more.
func (f *fold) message() []byte {
	p := &f.presence
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.untold && (p.open == 0 || time.Since(p.told) < presenceAgain) {
		return nil
	}
	p.untold, p.told = false, time.Now()
	people := make(map[floor.ActorID]whereabouts, len(p.own))
	for who, of := range p.own {
		people[who] = of.whereabouts
	}
	return encodeSaid(people, seconds(f.now()))
}

// hear takes what the other nodes told. It answers false where the beacon cannot be
// reached.
func (f *fold) hear() bool {
	ctx, cancel := context.WithTimeout(f.hub.ctx, beaconTime)
	defer cancel()
	begun := time.Now()
	heard, err := f.hub.options.Presence.List(ctx, f.log)
	if err == nil {
		delete(heard, f.hub.options.Node)
		if bad := f.presence.hear(heard); bad > 0 {
			f.hub.counters.beaconErrors.Add(uint64(bad))
		}
	}
	return f.beaconAnswered(err, begun)
}

// hear takes what other nodes told. Who was told of by a node that tells no more is
// gone since it last did. It answers how many nodes cannot be understood: these say
// nothing.
func (p *presence) hear(heard map[string][]byte) (bad int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = time.Now()
	if p.others == nil {
		p.others, p.departed = make(map[string]said), make(map[floor.ActorID]whereabouts)
	}
	for node, was := range p.others {
		if _, ok := heard[node]; !ok {
			p.depart(was)
			delete(p.others, node)
		}
	}
	for node, message := range heard {
		if bytes.Equal(p.others[node].bytes, message) {
			continue
		}
		is, err := decodeSaid(message)
		if err != nil {
			bad++
		}
		p.others[node], p.unshown = is, true
	}
	return bad
}

// depart keeps whom a node told of that tells no more; mu is held.
func (p *presence) depart(was said) {
	for who, w := range was.people {
		if w.standing > gone {
			w = whereabouts{gone, was.at}
		}
		p.departed[who] = p.departed[who].better(w)
	}
	p.unshown = true
}

// encodeSaid writes whereabouts as nodes tell them: some 8 bytes a person. That is a
// version and the time in seconds, then of each person, in the order of their names,
// how much of the name is as in the one before, the rest of it, and the standing with
// the seconds that it has lasted.
func encodeSaid(people map[floor.ActorID]whereabouts, at floor.Instant) []byte {
	b := binary.AppendUvarint([]byte{saidVersion}, uint64(at/1000))
	var before floor.ActorID
	for i, who := range slices.Sorted(maps.Keys(people)) {
		if i == peopleTold {
			break
		}
		same := 0
		for same < min(len(before), len(who)) && before[same] == who[same] {
			same++
		}
		w := people[who]
		b = binary.AppendUvarint(b, uint64(same))
		b = binary.AppendUvarint(b, uint64(len(who)-same))
		b = append(b, who[same:]...)
		b = binary.AppendUvarint(b, uint64(max(at-w.since, 0)/1000)<<2|uint64(w.standing))
		before = who
	}
	return b
}

var errSaid = errors.New("hub: what another node says of who is connected cannot be read")

// decodeSaid reads what encodeSaid wrote. Of a later version nothing is understood.
func decodeSaid(message []byte) (said, error) {
	failed := said{bytes: message}
	if len(message) == 0 || message[0] != saidVersion {
		return failed, errSaid
	}
	b := message[1:]
	next := func() (n uint64) {
		n, size := binary.Uvarint(b)
		if size <= 0 {
			b = nil
			return 1 << 62
		}
		b = b[size:]
		return n
	}
	seconds := next()
	if seconds > 1<<40 {
		return failed, errSaid
	}
	at := floor.Instant(seconds) * 1000
	people := make(map[floor.ActorID]whereabouts)
	var who floor.ActorID
	for len(b) > 0 && len(people) < peopleTold {
		same, rest := next(), next()
		if same > uint64(len(who)) || rest > uint64(len(b)) {
			return failed, errSaid
		}
		who = who[:same] + floor.ActorID(b[:rest])
		b = b[rest:]
		age := next()
		w := whereabouts{standing(age & 3), max(at-floor.Instant(age>>2)*1000, 0)}
		if age == 1<<62 || w.standing == unheard {
			return failed, errSaid
		}
		people[who] = w
	}
	return said{message, at, people}, nil
}

package presence

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"github.com/matchfloor/matchfloor/floor"
)

const (
	peerVersion = 1
	maxPeople   = 40_000 // in one message; the others are left out
)

// peerPresence is what one other node says of a log.
type peerPresence struct {
	message []byte
	at      floor.Instant // when it was sent
	people  map[floor.ActorID]whereabouts
}

// encodePeer encodes whereabouts for the other nodes, in some 8 bytes a person. The
// message is a version byte and the time in seconds; then for each person, in the
// order of their ids: how many bytes of the id are as in the one before, how many
// bytes follow, these bytes, and the seconds that the state has lasted, shifted left
// by two bits, with the state in the low bits. All numbers are unsigned varints.
func encodePeer(people map[floor.ActorID]whereabouts, at floor.Instant) []byte {
	b := binary.AppendUvarint([]byte{peerVersion}, uint64(at/1000))
	var before floor.ActorID
	for i, who := range slices.Sorted(maps.Keys(people)) {
		if i == maxPeople {
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
		b = binary.AppendUvarint(b, uint64(max(at-w.since, 0)/1000)<<2|uint64(w.state))
		before = who
	}
	return b
}

var errPeer = errors.New("presence: the message of another node is malformed or of another version")

// decodePeer decodes what encodePeer encoded. It rejects a message of another
// version as a whole. On an error the result holds the message, but nobody.
func decodePeer(message []byte) (peerPresence, error) {
	failed := peerPresence{message: message}
	if len(message) == 0 || message[0] != peerVersion {
		return failed, errPeer
	}
	const malformed = 1 << 62
	b := message[1:]
	next := func() uint64 {
		n, size := binary.Uvarint(b)
		if size <= 0 {
			b = nil
			return malformed
		}
		b = b[size:]
		return n
	}
	seconds := next()
	if seconds > 1<<40 {
		return failed, errPeer
	}
	at := floor.Instant(seconds) * 1000
	people := make(map[floor.ActorID]whereabouts)
	var who floor.ActorID
	for len(b) > 0 && len(people) < maxPeople {
		same, rest := next(), next()
		if same > uint64(len(who)) || rest > uint64(len(b)) {
			return failed, errPeer
		}
		who = who[:same] + floor.ActorID(b[:rest])
		b = b[rest:]
		age := next()
		w := whereabouts{State(age & 3), max(at-floor.Instant(age>>2)*1000, 0)}
		if age == malformed || w.state == Unknown {
			return failed, errPeer
		}
		people[who] = w
	}
	return peerPresence{message, at, people}, nil
}

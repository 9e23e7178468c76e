package simulate

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
)

const (
	second = floor.Minute / 60
	minute = floor.Minute
	hour   = 60 * minute
)

// errand is something that a person means to do.
type errand struct {
	key   string        // names it among theirs: it is done once
	at    floor.Instant // event time
	body  floor.Command
	based bool // refused if what it changes changes before it arrives
}

// plan answers what a person means to do, now and later, by what they see. It is
// asked again after every change, so it only has to look at what is.
type plan func(m *mind, v client.View) []errand

// plans are several in one.
type plans []plan

func (ps plans) plan(m *mind, v client.View) (all []errand) {
	for _, p := range ps {
		all = append(all, p(m, v)...)
	}
	return all
}

// mind is what a person's plans go by beside their view. Only their own
// goroutine uses it.
type mind struct {
	seed   uint64
	began  time.Time // the crowd: another one's commands have other ids
	who    floor.ActorID
	lead   bool
	zones  []floor.ZoneID
	joined floor.Instant // when they came
	now    floor.Instant

	seen  map[string]floor.Instant // since when something has been so
	asked map[string]bool          // what of it was asked for this time
}

func newMind(seed uint64, began time.Time, who floor.ActorID) *mind {
	return &mind{seed: seed, began: began, who: who, seen: map[string]floor.Instant{}, asked: map[string]bool{}}
}

// draw answers a number in [0, 1) that is this person's for key, at any time.
func (m *mind) draw(key string) float64 { return draw(m.seed, string(m.who)+" "+key) }

// common is draw, but the same for everybody.
func (m *mind) common(key string) float64 { return draw(m.seed, key) }

func draw(seed uint64, key string) float64 {
	return float64(binary.BigEndian.Uint64(mix(seed, key))>>11) / (1 << 53)
}

func mix(seed uint64, key string) []byte {
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint64(nil, seed))
	h.Write([]byte(key))
	return h.Sum(nil)
}

// id names the n-th try of an errand. It is drawn too, because what the floor makes
// of a command takes its own id from it.
func (m *mind) id(key string, n int) string {
	key = fmt.Sprintf("id %d %s %s %d", m.began.UnixMicro(), m.who, key, n)
	return base64.RawURLEncoding.EncodeToString(mix(m.seed, key)[:16])
}

// within draws a delay between two.
func (m *mind) within(key string, from, to floor.Instant) floor.Instant {
	return from + floor.Instant(m.draw(key)*float64(to-from))
}

// since answers when this person first found what key names to be so, without a
// break since; that is now, the first time.
func (m *mind) since(key string) floor.Instant {
	m.asked[key] = true
	if _, ok := m.seen[key]; !ok {
		m.seen[key] = m.now
	}
	return m.seen[key]
}

// after answers a delay after the time since which key is so.
func (m *mind) after(key string, from, to floor.Instant) floor.Instant {
	return m.since(key) + m.within(key, from, to)
}

// think asks a plan, and forgets what is no longer so.
func (m *mind) think(p plan, v client.View, now floor.Instant) []errand {
	m.now = now
	clear(m.asked)
	errands := p(m, v)
	for key := range m.seen {
		if !m.asked[key] {
			delete(m.seen, key)
		}
	}
	return errands
}

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

// intent is something that a person means to do.
type intent struct {
	key   string        // names it among theirs: it is done once
	at    floor.Instant // event time
	body  floor.Command
	based bool // refused if what it changes changes before it arrives
}

// behaviour answers what a person means to do, now and later, by what they see. It is
// asked again after every change, so it only has to look at what is.
type behaviour func(m *planner, v client.View) []intent

// behaviours are several in one.
type behaviours []behaviour

func (ps behaviours) intents(m *planner, v client.View) (all []intent) {
	for _, p := range ps {
		all = append(all, p(m, v)...)
	}
	return all
}

// planner is what a person's plans go by beside their view. Only their own
// goroutine uses it.
type planner struct {
	seed   uint64
	began  time.Time // the crowd: another one's commands have other ids
	who    floor.ActorID
	lead   bool
	zones  []floor.ZoneID
	joined floor.Instant // when they came
	now    floor.Instant

	trueSince map[string]floor.Instant // since when something has been so
	stillTrue map[string]bool          // what of it was asked for this time
}

func newPlanner(seed uint64, began time.Time, who floor.ActorID) *planner {
	return &planner{seed: seed, began: began, who: who, trueSince: map[string]floor.Instant{}, stillTrue: map[string]bool{}}
}

// draw answers a number in [0, 1) that is this person's for key, at any time.
func (m *planner) draw(key string) float64 { return draw(m.seed, string(m.who)+" "+key) }

// sharedDraw is draw, but the same for everybody.
func (m *planner) sharedDraw(key string) float64 { return draw(m.seed, key) }

func draw(seed uint64, key string) float64 {
	return float64(binary.BigEndian.Uint64(seededHash(seed, key))>>11) / (1 << 53)
}

func seededHash(seed uint64, key string) []byte {
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint64(nil, seed))
	h.Write([]byte(key))
	return h.Sum(nil)
}

// id names the n-th try of an errand. It is drawn too, because what the floor makes
// of a command takes its own id from it.
func (m *planner) id(key string, n int) string {
	key = fmt.Sprintf("id %d %s %s %d", m.began.UnixMicro(), m.who, key, n)
	return base64.RawURLEncoding.EncodeToString(seededHash(m.seed, key)[:16])
}

// delay draws a delay between two.
func (m *planner) delay(key string, from, to floor.Instant) floor.Instant {
	return from + floor.Instant(m.draw(key)*float64(to-from))
}

// firstSeen answers when this person first found what key names to be so, without a
// break since; that is now, the first time.
func (m *planner) firstSeen(key string) floor.Instant {
	m.stillTrue[key] = true
	if _, ok := m.trueSince[key]; !ok {
		m.trueSince[key] = m.now
	}
	return m.trueSince[key]
}

// delayAfter answers a delay after the time since which key is so.
func (m *planner) delayAfter(key string, from, to floor.Instant) floor.Instant {
	return m.firstSeen(key) + m.delay(key, from, to)
}

// think asks a plan, and forgets what is no longer so.
func (m *planner) think(p behaviour, v client.View, now floor.Instant) []intent {
	m.now = now
	clear(m.stillTrue)
	errands := p(m, v)
	for key := range m.trueSince {
		if !m.stillTrue[key] {
			delete(m.trueSince, key)
		}
	}
	return errands
}

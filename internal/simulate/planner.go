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

// intent is something that a person intends to do.
type intent struct {
	key   string        // identifies the intent among the person's: it is carried out once
	at    floor.Instant // event time
	body  floor.Command
	based bool // the command names the view that it is based on
}

// behaviour returns what a person intends to do, now and later, by what they see. It is
// called again after every change of the view, and so needs no memory of its own.
type behaviour func(p *planner, v client.View) []intent

// behaviours combines several behaviours.
type behaviours []behaviour

func (bs behaviours) intents(p *planner, v client.View) (all []intent) {
	for _, b := range bs {
		all = append(all, b(p, v)...)
	}
	return all
}

// planner holds what a person's behaviour depends on besides the view. Every choice is a
// function of the seed, the person and a key, so that a run can be repeated. Only the
// goroutine of the person uses it.
type planner struct {
	seed   uint64
	began  time.Time // when the run began: the commands of another run have other ids
	who    floor.ActorID
	lead   bool
	zones  []floor.ZoneID
	joined floor.Instant // event time at which the person connected
	now    floor.Instant

	trueSince map[string]floor.Instant // event time since which the fact of a key holds
	stillTrue map[string]bool          // the keys asked for during the current call of think
}

func newPlanner(seed uint64, began time.Time, who floor.ActorID) *planner {
	return &planner{seed: seed, began: began, who: who, trueSince: map[string]floor.Instant{}, stillTrue: map[string]bool{}}
}

// draw returns the number in [0, 1) of this person and key; it is always the same.
func (p *planner) draw(key string) float64 { return draw(p.seed, string(p.who)+" "+key) }

// sharedDraw returns the number of key, the same for all people.
func (p *planner) sharedDraw(key string) float64 { return draw(p.seed, key) }

func draw(seed uint64, key string) float64 {
	return float64(binary.BigEndian.Uint64(seededHash(seed, key))>>11) / (1 << 53)
}

func seededHash(seed uint64, key string) []byte {
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint64(nil, seed))
	h.Write([]byte(key))
	return h.Sum(nil)
}

// id returns the command id of the n-th attempt of an intent. It is derived from the seed
// too, because ids that the floor creates are derived from the command's.
func (p *planner) id(key string, n int) string {
	key = fmt.Sprintf("id %d %s %s %d", p.began.UnixMicro(), p.who, key, n)
	return base64.RawURLEncoding.EncodeToString(seededHash(p.seed, key)[:16])
}

// delay draws a delay between from and to.
func (p *planner) delay(key string, from, to floor.Instant) floor.Instant {
	return from + floor.Instant(p.draw(key)*float64(to-from))
}

// firstSeen returns when this person first saw the fact named key, if it has been true ever since.
// The first call returns the present time.
func (p *planner) firstSeen(key string) floor.Instant {
	p.stillTrue[key] = true
	if _, ok := p.trueSince[key]; !ok {
		p.trueSince[key] = p.now
	}
	return p.trueSince[key]
}

// delayAfter returns a drawn moment after firstSeen of key.
func (p *planner) delayAfter(key string, from, to floor.Instant) floor.Instant {
	return p.firstSeen(key) + p.delay(key, from, to)
}

// think calls a behaviour, and forgets the facts that no longer hold.
func (p *planner) think(b behaviour, v client.View, now floor.Instant) []intent {
	p.now = now
	clear(p.stillTrue)
	intents := b(p, v)
	for key := range p.trueSince {
		if !p.stillTrue[key] {
			delete(p.trueSince, key)
		}
	}
	return intents
}

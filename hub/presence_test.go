package hub_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// beacon is one that several hubs share: what was said expires, and it can be made
// to hang.
type beacon struct {
	mu           sync.Mutex
	said         map[string]utterance
	hangs        bool
	tells, hears int
	bytes        int // of the last Tell
}

type utterance struct {
	said  []byte
	until time.Time
}

func newBeacon() *beacon { return &beacon{said: make(map[string]utterance)} }

func (b *beacon) with(o *hub.Options) { o.Presence = b }

func (b *beacon) hang(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hangs = on
}

// counts answers how often it was told and heard since the last time it was asked.
func (b *beacon) counts() (tells, hears int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	tells, hears = b.tells, b.hears
	b.tells, b.hears = 0, 0
	return tells, hears
}

func (b *beacon) wait(ctx context.Context) error {
	b.mu.Lock()
	hangs := b.hangs
	b.mu.Unlock()
	if !hangs {
		return nil
	}
	<-ctx.Done()
	return errors.New("the beacon does not answer")
}

func (b *beacon) Put(ctx context.Context, log journal.LogID, node string, said []byte, ttl time.Duration) error {
	if err := b.wait(ctx); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tells, b.bytes = b.tells+1, len(said)
	b.said[string(log)+"/"+node] = utterance{said, time.Now().Add(ttl)}
	return nil
}

func (b *beacon) List(ctx context.Context, log journal.LogID) (map[string][]byte, error) {
	if err := b.wait(ctx); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hears++
	heard := make(map[string][]byte)
	for name, u := range b.said {
		if node, ok := strings.CutPrefix(name, string(log)+"/"); ok && time.Now().Before(u.until) {
			heard[node] = u.said
		}
	}
	return heard, nil
}

// here answers what a moderator's phone is shown of who is there.
func (p *phone) here() string { return fmt.Sprint(p.last("live").Live.Here) }

func (p *phone) hide(hidden bool) {
	p.mu.Lock()
	p.hidden = hidden
	p.mu.Unlock()
	p.session.Handle(wire.ClientFrame{Ping: &wire.Ping{Hidden: hidden, Ack: p.position().Seq}})
}

// pass lets time pass, and the phones ping as they do.
func pass(d time.Duration, phones ...*phone) {
	for left := d; left > 0; left -= 20 * time.Second {
		time.Sleep(min(left, 20*time.Second))
		for _, p := range phones {
			p.mu.Lock()
			hidden := p.hidden
			p.mu.Unlock()
			p.hide(hidden)
		}
		synctest.Wait()
	}
}

// A beacon tells moderators who is on other nodes.
func TestPresenceOfOtherNodes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m, b := newMemory(), newBeacon()
		a, c := newHub(t, m, m, b.with), newHub(t, m, m, b.with)
		open(t, a)
		o := &oracle{mem: m}
		staff := dial(t, a, o, "moderator:lead")
		dial(t, c, o, "attendee:c0a")
		roaming := dial(t, a, o, "attendee:c1a")
		roaming.session.Detach()
		roaming.connect(c)
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		if got := staff.here(); got != "map[live:2]" {
			t.Errorf("the moderator is shown %s", got)
		}
	})
}

// The phone of somebody who has not seen a notice is live, asleep since, gone since,
// wherever it is connected; and gone when its node has died.
func TestPresenceOfThoseWhoHaveNotSeen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m, b := newMemory(), newBeacon()
		a, c := newHub(t, m, m, b.with), newHub(t, m, m, b.with)
		open(t, a)
		o := &oracle{mem: m}
		staff := dial(t, a, o, "moderator:lead")
		p, q := dial(t, c, o, "attendee:c0a"), dial(t, c, o, "attendee:c1a")
		give(t, a, demo, "moderator:lead", "move", floor.MoveMeeting{Meeting: "m0", Round: "R2"}) // of c0 and c3
		time.Sleep(3 * time.Second)
		synctest.Wait()
		never := map[floor.ActorID]floor.Instant{"attendee:c0b": 0, "attendee:c3a": 0, "attendee:c3b": 0}
		if l := staff.last("live").Live; !maps.Equal(l.Gone, never) || len(l.Asleep) != 0 || l.More != 0 {
			t.Errorf("with one phone in sight: %+v", l)
		}
		hidden := floor.Instant(time.Now().UnixMilli())
		p.hide(true)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if l := staff.last("live").Live; l.Asleep["attendee:c0a"] != hidden || !maps.Equal(l.Gone, never) || staff.here() != "map[asleep:1 live:1]" {
			t.Errorf("hidden since %d: %+v", hidden, l)
		}
		left := floor.Instant(time.Now().UnixMilli())
		p.session.Detach()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if l := staff.last("live").Live; l.Gone["attendee:c0a"] != left || staff.here() != "map[gone:1 live:1]" {
			t.Errorf("gone since %d: %+v", left, l)
		}
		p.connect(c)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if l := staff.last("live").Live; !maps.Equal(l.Gone, never) {
			t.Errorf("back again: %+v", l)
		}
		nodeDies(t, c, staff, p, q)
	})
}

// nodeDies holds that the people of a node that says nothing any more are gone once
// what it said has expired, since it was last heard.
func nodeDies(t *testing.T, node *hub.Hub, staff *phone, on ...*phone) {
	t.Helper()
	died := time.Now()
	if err := node.Close(); err != nil {
		t.Fatal(err)
	}
	for staff.here() != "map[gone:2]" && time.Since(died) < time.Minute {
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
	}
	took := time.Since(died)
	since := staff.last("live").Live.Gone[on[0].who.Who]
	t.Logf("gone %v after their node died, since %v before that", took, died.Sub(time.UnixMilli(int64(since))))
	if took > 12*time.Second || since < floor.Instant(died.Add(-4*time.Second).UnixMilli()) || since > floor.Instant(died.UnixMilli()) {
		t.Errorf("gone after %v, since %v", took, time.UnixMilli(int64(since)))
	}
}

// A beacon is used where somebody is connected, when something changes; and heard
// where somebody watches.
func TestPresenceCostsWhatChanges(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m, b := newMemory(), newBeacon()
		h := newHub(t, m, m, b.with)
		people := openWide(t, h, 25)
		o := &oracle{mem: m}
		pass(30 * time.Second)
		if tells, hears := b.counts(); tells+hears > 0 {
			t.Errorf("with nobody there: %d told, %d heard", tells, hears)
		}
		var phones []*phone
		for _, who := range people {
			phones = append(phones, dial(t, h, o, who))
		}
		pass(time.Second, phones...)
		if tells, hears := b.counts(); tells != 1 || hears != 0 {
			t.Errorf("when %d came: %d told, %d heard", len(people), tells, hears)
		}
		pass(30*time.Second, phones...)
		if tells, hears := b.counts(); tells > 11 || hears != 0 {
			t.Errorf("in 30 s without a change: %d told, %d heard", tells, hears)
		}
		staff := dial(t, h, o, "moderator:lead")
		pass(10*time.Second, append(phones, staff)...)
		if _, hears := b.counts(); hears < 9 || hears > 11 || staff.here() != "map[live:100]" {
			t.Errorf("in 10 s with a moderator: %d heard, %s", hears, staff.here())
		}
		for _, p := range phones {
			p.session.Detach()
		}
		staff.session.Detach()
		pass(30 * time.Second)
		if tells, hears := b.counts(); tells != 1 || hears > 1 {
			t.Errorf("after all had gone: %d told, %d heard", tells, hears)
		}
		back := dial(t, h, o, "moderator:lead")
		if got := back.here(); got != "map[]" {
			t.Errorf("at once it is shown what was counted half a minute ago: %s", got)
		}
		pass(2*time.Second, back)
		if got := back.here(); got != "map[gone:100]" {
			t.Errorf("then it is shown %s", got)
		}
	})
}

// While the other nodes cannot be heard moderators are told so, nothing waits for
// it, and nobody is said to be gone who may be there.
func TestPresenceWithoutTheBeacon(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m, b := newMemory(), newBeacon()
		a, c := newHub(t, m, m, b.with), newHub(t, m, m, b.with)
		open(t, a)
		o := &oracle{mem: m}
		staff, here, there := dial(t, a, o, "moderator:lead"), dial(t, a, o, "attendee:c0a"), dial(t, c, o, "attendee:c3a")
		give(t, a, demo, "moderator:lead", "move", floor.MoveMeeting{Meeting: "m0", Round: "R2"})
		pass(5*time.Second, staff, here, there)
		b.hang(true)
		pass(8*time.Second, staff, here, there)
		if l := staff.last("live").Live; l.Partial || staff.here() != "map[live:2]" {
			t.Errorf("for as long as it holds what was heard: %+v", l)
		}
		pass(7*time.Second, staff, here, there)
		if l := staff.last("live").Live; !l.Partial || staff.here() != "map[live:1]" || len(l.Gone) != 0 {
			t.Errorf("after that: %+v", l)
		}
		begun := time.Now()
		give(t, a, demo, "moderator:lead", "x", announce("tea"))
		synctest.Wait()
		if took := time.Since(begun); took != 0 || there.last("patch").Patch == nil {
			t.Errorf("a command took %v", took)
		}
		b.hang(false)
		pass(4*time.Second, staff, here, there)
		if l := staff.last("live").Live; l.Partial || staff.here() != "map[live:2]" || len(l.Gone) != 2 {
			t.Errorf("once it is heard again: %+v", l)
		}
		if n := a.Stats().PresenceErrors; n == 0 || n > 30 {
			t.Errorf("%d errors", n)
		}
	})
}

// A live frame names so many people and no more.
func TestPresenceIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		people := openWide(t, h, 200)
		o := &oracle{mem: m}
		staff := dial(t, h, o, "moderator:lead")
		for _, who := range people[:150] {
			dial(t, h, o, who).hide(true)
		}
		call(t, h)
		pass(3*time.Second, staff)
		l := staff.last("live").Live
		if len(l.Gone) != 300 || len(l.Asleep) != 0 || l.More != 500 {
			t.Errorf("%d gone, %d asleep, %d more", len(l.Gone), len(l.Asleep), l.More)
		}
		if n := len(wire.Encode(wire.ServerFrame{Live: l})); n > 12<<10 {
			t.Errorf("a live frame of %d bytes", n)
		}
	})
}

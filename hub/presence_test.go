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

// presenceStore is a store that several hubs share. Messages expire, and it can be made to
// hang.
type presenceStore struct {
	mu          sync.Mutex
	messages    map[string]message
	unreachable bool
	puts, lists int
	bytes       int // of the last Put
}

type message struct {
	bytes []byte
	until time.Time
}

func newPresenceStore() *presenceStore { return &presenceStore{messages: make(map[string]message)} }

func (s *presenceStore) use(o *hub.Options) { o.Presence = s }

func (s *presenceStore) setUnreachable(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unreachable = on
}

// counts returns how often it was called since the last call of counts.
func (s *presenceStore) counts() (puts, lists int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	puts, lists = s.puts, s.lists
	s.puts, s.lists = 0, 0
	return puts, lists
}

func (s *presenceStore) wait(ctx context.Context) error {
	s.mu.Lock()
	unreachable := s.unreachable
	s.mu.Unlock()
	if !unreachable {
		return nil
	}
	<-ctx.Done()
	return errors.New("the store does not answer")
}

func (s *presenceStore) Put(ctx context.Context, log journal.LogID, node string, sent []byte, ttl time.Duration) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.puts, s.bytes = s.puts+1, len(sent)
	s.messages[string(log)+"/"+node] = message{sent, time.Now().Add(ttl)}
	return nil
}

func (s *presenceStore) List(ctx context.Context, log journal.LogID) (map[string][]byte, error) {
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists++
	found := make(map[string][]byte)
	for name, u := range s.messages {
		if node, ok := strings.CutPrefix(name, string(log)+"/"); ok && time.Now().Before(u.until) {
			found[node] = u.bytes
		}
	}
	return found, nil
}

// presence returns what a moderator's client shows of who is connected.
func (p *phone) presence() string { return fmt.Sprint(p.lastFrame("live").Live.Here) }

func (p *phone) hide(hidden bool) {
	p.mu.Lock()
	p.hidden = hidden
	p.mu.Unlock()
	p.session.Handle(wire.ClientFrame{Ping: &wire.Ping{Hidden: hidden, Ack: p.position().Seq}})
}

// passTime lets time pass while the phones ping.
func passTime(d time.Duration, phones ...*phone) {
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

// Moderators are shown who is connected to other nodes.
func TestPresence_IncludesOtherNodes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m, b := newMemory(), newPresenceStore()
		a, c := newHub(t, m, m, b.use), newHub(t, m, m, b.use)
		open(t, a)
		o := &oracle{mem: m}
		staff := dial(t, a, o, "moderator:lead")
		dial(t, c, o, "attendee:c0a")
		roaming := dial(t, a, o, "attendee:c1a")
		roaming.session.Detach()
		roaming.connect(c)
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		if got := staff.presence(); got != "map[live:2]" {
			t.Errorf("the moderator is shown %s", got)
		}
	})
}

// Of a person who has not acknowledged a notice, moderators are shown whether and since when
// they are in the background or offline, on whichever node; and offline when their node has
// died.
func TestPresence_NamesThoseWhoHaveNotAcknowledged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m, b := newMemory(), newPresenceStore()
		a, c := newHub(t, m, m, b.use), newHub(t, m, m, b.use)
		open(t, a)
		o := &oracle{mem: m}
		staff := dial(t, a, o, "moderator:lead")
		p, q := dial(t, c, o, "attendee:c0a"), dial(t, c, o, "attendee:c1a")
		mustSubmit(t, a, demo, "moderator:lead", "move", floor.MoveMeeting{Meeting: "m0", Round: "R2"}) // of c0 and c3
		time.Sleep(3 * time.Second)
		synctest.Wait()
		never := map[floor.ActorID]floor.Instant{"attendee:c0b": 0, "attendee:c3a": 0, "attendee:c3b": 0}
		if l := staff.lastFrame("live").Live; !maps.Equal(l.Gone, never) || len(l.Asleep) != 0 || l.More != 0 {
			t.Errorf("with one phone in sight: %+v", l)
		}
		hidden := floor.Instant(time.Now().UnixMilli())
		p.hide(true)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if l := staff.lastFrame("live").Live; l.Asleep["attendee:c0a"] != hidden || !maps.Equal(l.Gone, never) || staff.presence() != "map[asleep:1 live:1]" {
			t.Errorf("hidden since %d: %+v", hidden, l)
		}
		left := floor.Instant(time.Now().UnixMilli())
		p.session.Detach()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if l := staff.lastFrame("live").Live; l.Gone["attendee:c0a"] != left || staff.presence() != "map[gone:1 live:1]" {
			t.Errorf("gone since %d: %+v", left, l)
		}
		p.connect(c)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if l := staff.lastFrame("live").Live; !maps.Equal(l.Gone, never) {
			t.Errorf("back again: %+v", l)
		}
		nodeDies(t, c, staff, p, q)
	})
}

// nodeDies checks that the people of a node that says nothing any more are offline once its
// last message has expired, since the time of that message.
func nodeDies(t *testing.T, node *hub.Hub, staff *phone, on ...*phone) {
	t.Helper()
	died := time.Now()
	if err := node.Close(); err != nil {
		t.Fatal(err)
	}
	for staff.presence() != "map[gone:2]" && time.Since(died) < time.Minute {
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
	}
	took := time.Since(died)
	since := staff.lastFrame("live").Live.Gone[on[0].who.Actor]
	t.Logf("gone %v after their node died, since %v before that", took, died.Sub(time.UnixMilli(int64(since))))
	if took > 12*time.Second || since < floor.Instant(died.Add(-4*time.Second).UnixMilli()) || since > floor.Instant(died.UnixMilli()) {
		t.Errorf("gone after %v, since %v", took, time.UnixMilli(int64(since)))
	}
}

// The store is written only while somebody is connected and when something changes, and read
// only while a moderator watches.
func TestPresence_StoreIsCalledOnlyWhenNeeded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m, b := newMemory(), newPresenceStore()
		h := newHub(t, m, m, b.use)
		people := openWideForum(t, h, 25)
		o := &oracle{mem: m}
		passTime(30 * time.Second)
		if puts, lists := b.counts(); puts+lists > 0 {
			t.Errorf("with nobody there: %d puts, %d lists", puts, lists)
		}
		var phones []*phone
		for _, who := range people {
			phones = append(phones, dial(t, h, o, who))
		}
		passTime(time.Second, phones...)
		if puts, lists := b.counts(); puts != 1 || lists != 0 {
			t.Errorf("when %d came: %d puts, %d lists", len(people), puts, lists)
		}
		passTime(30*time.Second, phones...)
		if puts, lists := b.counts(); puts > 11 || lists != 0 {
			t.Errorf("in 30 s without a change: %d puts, %d lists", puts, lists)
		}
		staff := dial(t, h, o, "moderator:lead")
		passTime(10*time.Second, append(phones, staff)...)
		if _, lists := b.counts(); lists < 9 || lists > 11 || staff.presence() != "map[live:100]" {
			t.Errorf("in 10 s with a moderator: %d lists, %s", lists, staff.presence())
		}
		for _, p := range phones {
			p.session.Detach()
		}
		staff.session.Detach()
		passTime(30 * time.Second)
		if puts, lists := b.counts(); puts != 1 || lists > 1 {
			t.Errorf("after all had gone: %d puts, %d lists", puts, lists)
		}
		back := dial(t, h, o, "moderator:lead")
		if got := back.presence(); got != "map[]" {
			t.Errorf("at once it is shown what was counted half a minute ago: %s", got)
		}
		passTime(2*time.Second, back)
		if got := back.presence(); got != "map[gone:100]" {
			t.Errorf("then it is shown %s", got)
		}
	})
}

// While the other nodes cannot be heard, moderators are told so, nothing waits for the store, and
// nobody is shown as offline who may be connected elsewhere.
func TestPresence_IsPartialWithoutTheStore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m, b := newMemory(), newPresenceStore()
		a, c := newHub(t, m, m, b.use), newHub(t, m, m, b.use)
		open(t, a)
		o := &oracle{mem: m}
		staff, here, there := dial(t, a, o, "moderator:lead"), dial(t, a, o, "attendee:c0a"), dial(t, c, o, "attendee:c3a")
		mustSubmit(t, a, demo, "moderator:lead", "move", floor.MoveMeeting{Meeting: "m0", Round: "R2"})
		passTime(5*time.Second, staff, here, there)
		b.setUnreachable(true)
		passTime(8*time.Second, staff, here, there)
		if l := staff.lastFrame("live").Live; l.Partial || staff.presence() != "map[live:2]" {
			t.Errorf("while the last messages are valid: %+v", l)
		}
		passTime(7*time.Second, staff, here, there)
		if l := staff.lastFrame("live").Live; !l.Partial || staff.presence() != "map[live:1]" || len(l.Gone) != 0 {
			t.Errorf("after that: %+v", l)
		}
		begun := time.Now()
		mustSubmit(t, a, demo, "moderator:lead", "x", announce("tea"))
		synctest.Wait()
		if took := time.Since(begun); took != 0 || there.lastFrame("patch").Patch == nil {
			t.Errorf("a command took %v", took)
		}
		b.setUnreachable(false)
		passTime(4*time.Second, staff, here, there)
		if l := staff.lastFrame("live").Live; l.Partial || staff.presence() != "map[live:2]" || len(l.Gone) != 2 {
			t.Errorf("once the store answers again: %+v", l)
		}
		if n := a.Stats().PresenceErrors; n == 0 || n > 30 {
			t.Errorf("%d errors", n)
		}
	})
}

// A status frame names a bounded number of people.
func TestPresence_NamesABoundedNumber(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		people := openWideForum(t, h, 200)
		o := &oracle{mem: m}
		staff := dial(t, h, o, "moderator:lead")
		for _, who := range people[:150] {
			dial(t, h, o, who).hide(true)
		}
		callFirstRound(t, h)
		passTime(3*time.Second, staff)
		l := staff.lastFrame("live").Live
		if len(l.Gone) != 300 || len(l.Asleep) != 0 || l.More != 500 {
			t.Errorf("%d gone, %d asleep, %d more", len(l.Gone), len(l.Asleep), l.More)
		}
		if n := len(wire.Encode(wire.ServerFrame{Live: l})); n > 12<<10 {
			t.Errorf("a live frame of %d bytes", n)
		}
	})
}

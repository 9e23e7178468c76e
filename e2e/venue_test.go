package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
	"github.com/matchfloor/matchfloor/journal/sqlitejournal"
	"github.com/matchfloor/matchfloor/wire"
)

// venue is a running instance and the people in it.
type venue struct {
	t          *testing.T
	nodes      []*node
	redis      *redistest.Server // nil: one node with SQLite
	storeFlags []string          // --data or --redis and its value first
	journal    journal.Journal   // the test's own access to the same logs
	links      map[string]personLink
	people     map[string]*person // by "role:id"
	states     []floor.State      // by sequence number
	records    []floor.Record     // the record with the sequence number n is at n-1
	cursor     *journal.Cursor

	killed   int     // nodes
	repeated float64 // commands that killed nodes had recognised as duplicates
}

// eventID is the id of the sample forum.
const eventID = "green-2026"

// topologies are the instances that the acceptance day runs on.
var topologies = map[string]func(*testing.T) *venue{"sqlite": sqliteVenue, "two nodes with redis": redisVenue}

func sqliteVenue(t *testing.T) *venue {
	dir := t.TempDir()
	v := &venue{t: t, storeFlags: []string{"--data", dir}}
	v.nodes = []*node{startNode(t, v.storeFlags...)}
	j, err := sqlitejournal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	v.journal = j
	return v
}

func redisVenue(t *testing.T) *venue { return nodesVenue(t, 2) }

// journalFlags returns the flags of the store for a subcommand that needs no key.
func (v *venue) journalFlags() []string { return v.storeFlags[:2] }

// writeWorkbook writes a workbook to a file.
func (v *venue) writeWorkbook(data []byte) string {
	v.t.Helper()
	file := filepath.Join(v.t.TempDir(), "forum.xlsx")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		v.t.Fatal(err)
	}
	return file
}

// importSample imports the sample forum and reads its links.
func (v *venue) importSample() {
	v.t.Helper()
	out, errs, code := matchfloor(v.t, append([]string{"import", "--create", v.writeWorkbook(demo.Workbook())}, v.journalFlags()...)...)
	if words := strings.Fields(out); code != 0 || len(words) == 0 || words[len(words)-1] != eventID {
		v.t.Fatalf("import: exit %d, %q, %s", code, out, errs)
	}
	v.links = listLinks(v.t, eventID, v.storeFlags...)
	v.people = map[string]*person{}
	v.cursor = journal.NewCursor(eventID, journal.Genesis(eventID, 1))
	v.states, v.records = []floor.State{floor.New()}, nil
}

// importAndRelease imports the sample forum, signs moderator s1 in at a URL and releases the
// schedule.
func (v *venue) importAndRelease(base string) (lead *person) {
	v.t.Helper()
	v.importSample()
	return v.release(base)
}

// release signs moderator s1 in at a URL and releases the schedule.
func (v *venue) release(base string) (lead *person) {
	v.t.Helper()
	v.signInAt(base, "moderator:s1")
	lead = v.people["moderator:s1"]
	lead.mustSubmit(floor.ReleaseSchedule{})
	return lead
}

// person is someone at the venue with a device.
type person struct {
	*client.Client
	v         *venue
	name      string          // "role:id"
	base      string          // the URL to connect to
	balancer  *clientBalancer // connects instead of base; nil: connect to base
	transport client.Transport

	observer func(client.ViewChange) // called with each frame; nil: frames are recorded

	mu     sync.Mutex
	frames []frame
}

// frame is a frame that changed a screen, with the time of its receipt.
type frame struct {
	to   uint64
	at   time.Time
	keys []string // what it set or dropped; nil for a snapshot
}

// signIn signs people in, spread over the nodes, and waits for their first views.
func (v *venue) signIn(names ...string) {
	v.t.Helper()
	var wg sync.WaitGroup
	for i, name := range names {
		p := &person{v: v, name: name, base: v.nodes[i%len(v.nodes)].url()}
		v.people[name] = p
		wg.Go(func() { p.dial(nil) })
	}
	wg.Wait()
	if v.t.Failed() {
		v.t.FailNow()
	}
}

func (p *person) dial(saved *client.SavedView) {
	link, ok := p.v.links[p.name]
	if !ok {
		p.v.t.Errorf("no link for %s", p.name)
		return
	}
	ctx, cancel := context.WithTimeout(p.v.t.Context(), 30*time.Second)
	defer cancel()
	o := client.Options{Saved: saved, Observe: p.observe, Transport: p.transport}
	if p.observer != nil {
		o.Observe = p.observer
	}
	if p.balancer != nil {
		o.HTTP, o.Dialer, o.Log, o.Jitter = p.balancer.http, p.balancer.dialer, p.balancer.log, p.balancer.jitter
	}
	if link.Role == "organiser" {
		o.Event = eventID
	}
	c, err := client.Dial(ctx, link.at(p.base), o)
	if err != nil {
		p.v.t.Errorf("%s: %v", p.name, err)
		return
	}
	p.Client = c
	p.v.t.Cleanup(c.Close)
}

func (p *person) observe(a client.ViewChange) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := frame{to: a.To.Seq, at: a.Received}
	if !a.Snapshot {
		f.keys = []string{}
		for k := range a.Set {
			f.keys = append(f.keys, string(k))
		}
		for _, k := range a.Drop {
			f.keys = append(f.keys, "-"+string(k))
		}
	}
	p.frames = append(p.frames, f)
}

// framesSince returns the frames after the first n.
func (p *person) framesSince(n int) []frame {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.frames[n:])
}

func (p *person) frameCount() int { p.mu.Lock(); defer p.mu.Unlock(); return len(p.frames) }

// submit submits a command based on what the person's screen shows.
func (p *person) submit(c floor.Command) (wire.Accepted, error) {
	ctx, cancel := context.WithTimeout(p.v.t.Context(), time.Minute)
	defer cancel()
	return p.Do(ctx, wire.Command{Base: p.Base(), Body: c})
}

// mustSubmit submits a command that must be accepted, and waits until the person's screen is
// at the log's head.
func (p *person) mustSubmit(c floor.Command) wire.Accepted {
	p.v.t.Helper()
	done, err := p.submit(c)
	if err != nil {
		p.v.t.Fatalf("%s: %T: %v", p.name, c, err)
	}
	p.syncToHead()
	return done
}

// mustBeRefused submits a command that must be refused with a code, and returns the parameters
// of the refusal.
func (p *person) mustBeRefused(c floor.Command, code floor.Code) map[string]string {
	p.v.t.Helper()
	_, err := p.submit(c)
	return p.v.wantRefusal(err, code)
}

func (v *venue) wantRefusal(err error, code floor.Code) map[string]string {
	v.t.Helper()
	var no *wire.Rejected
	if !errors.As(err, &no) || no.Code != string(code) {
		v.t.Fatalf("the result is %v, want %s", err, code)
	}
	return no.Params
}

// syncToHead waits until a person's screen is at the log's head, whichever node it is on.
func (p *person) syncToHead() {
	p.v.t.Helper()
	head := p.v.logState().Seq()
	ctx, cancel := context.WithTimeout(p.v.t.Context(), 30*time.Second)
	defer cancel()
	eventually(p.v.t, 30*time.Second, p.name+" to be level", func() error {
		at, err := p.Sync(ctx)
		if err == nil && at.Seq < head {
			return fmt.Errorf("at %d, the log at %d", at.Seq, head)
		}
		return err
	})
}

// sees waits until a person's screen satisfies a condition.
func (p *person) sees(what string, ready func(client.View) bool) {
	p.v.t.Helper()
	ctx, cancel := context.WithTimeout(p.v.t.Context(), 20*time.Second)
	defer cancel()
	if err := p.WaitFor(ctx, ready); err != nil {
		p.v.t.Fatalf("%s does not see %s: %v", p.name, what, err)
	}
}

// clock sets the event's clock, as a rehearsal would.
func (v *venue) clock(hhmm string) {
	v.t.Helper()
	v.people["moderator:s1"].mustSubmit(floor.SetClock{Event: instant(v.t, hhmm), Rate: 1})
}

// instant returns a time of the forum's day.
func instant(t *testing.T, hhmm string) floor.Instant {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04 -0700", "2026-11-24 "+hhmm+" +0900")
	if err != nil {
		t.Fatal(err)
	}
	return floor.Instant(at.UnixMilli())
}

// logState reads the log to its head and returns the state there, with which every screen is
// compared.
func (v *venue) logState() floor.State {
	v.t.Helper()
	records, err := v.cursor.CatchUp(v.t.Context(), v.journal)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, r := range records {
		record, err := floor.DecodeRecord(r.Body)
		if err != nil {
			v.t.Fatal(err)
		}
		next, _ := v.states[len(v.states)-1].Apply(record)
		v.states, v.records = append(v.states, next), append(v.records, record)
	}
	return v.states[len(v.states)-1]
}

// checkConverged waits until every screen is at the log's head, and compares it with the state
// at its position.
func (v *venue) checkConverged() {
	v.t.Helper()
	began := time.Now()
	head := v.logState().Seq()
	for _, name := range slices.Sorted(maps.Keys(v.people)) {
		p := v.people[name]
		if p.Client == nil {
			continue
		}
		p.syncToHead()
		view := p.View()
		if int(view.At.Seq) >= len(v.states) {
			v.logState()
		}
		state := v.states[view.At.Seq]
		want := cards(state, state.Subjects(floor.ActorID(p.name))...)
		if a, b := wire.Digest(view.Cards), wire.Digest(want); a != b {
			v.t.Fatalf("%s at %d does not show the log's state:\n%s", name, view.At.Seq, cardsDiff(view.Cards, want))
		}
	}
	v.t.Logf("%d screens show the log's state at %d; checked in %v", len(v.people), head, time.Since(began).Round(time.Millisecond))
}

func cards(s floor.State, subjects ...floor.Subject) wire.Cards {
	out := wire.Cards{}
	for key, card := range s.View(subjects...) {
		out[key] = wire.EncodeCard(card)
	}
	return out
}

func cardsDiff(got, want wire.Cards) string {
	var b strings.Builder
	for k, card := range want {
		if string(got[k]) != string(card) {
			fmt.Fprintf(&b, "%s: shows %s, want %s\n", k, got[k], card)
		}
	}
	for k := range got {
		if _, ok := want[k]; !ok {
			fmt.Fprintf(&b, "%s: shows %s, want nothing\n", k, got[k])
		}
	}
	return b.String()
}

// attendees returns "attendee:id" of every attendee of the sample forum, sorted.
func attendees(t *testing.T) []string {
	t.Helper()
	forum, err := demo.Forum()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range forum.Attendees {
		names = append(names, "attendee:"+string(a.ID))
	}
	slices.Sort(names)
	return names
}

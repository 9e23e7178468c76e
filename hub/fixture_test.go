package hub_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/hub/session"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const demo journal.LogID = "demo"

// forum returns a small forum: four tables in two zones, three rounds that begin an hour after
// start, six companies of two people.
func forum(start time.Time) floor.Forum {
	at := floor.Instant(start.UnixMilli())
	f := floor.Forum{Event: floor.Event{ID: "demo", Name: floor.Text{En: "Forum"}, TimeZone: "Asia/Seoul", GraceMin: 5, EscalateMin: 2}}
	for _, z := range []floor.ZoneID{"A", "B"} {
		f.Zones = append(f.Zones, floor.Zone{ID: z, Name: floor.Text{En: "Zone " + string(z)}})
	}
	for i := range 4 {
		f.Tables = append(f.Tables, floor.Table{
			ID: floor.TableID(fmt.Sprintf("T%d", i+1)), Label: fmt.Sprintf("%02d", i+1), Zone: f.Zones[i/2].ID, Capacity: 6,
		})
	}
	for i := range 3 {
		begin := at + 60*floor.Minute + floor.Instant(i)*30*floor.Minute
		plan := floor.Span{Start: begin, End: begin + 25*floor.Minute}
		f.Rounds = append(f.Rounds, floor.Round{
			ID: floor.RoundID(fmt.Sprintf("R%d", i+1)), No: i + 1, Slot: floor.Slot{Plan: plan, Now: plan, State: floor.StatePlanned},
		})
	}
	for i := range 6 {
		c := floor.CompanyID(fmt.Sprintf("c%d", i))
		f.Companies = append(f.Companies, floor.Company{
			ID: c, Name: floor.Text{En: "Firm " + string(c)}, Country: "KR", Languages: []floor.Lang{"ko"},
		})
		for _, p := range []string{"a", "b"} {
			f.Attendees = append(f.Attendees, floor.Attendee{ID: floor.AttendeeID(string(c) + p), Company: c, Name: floor.Text{En: "Person " + string(c) + p}})
		}
	}
	f.Interpreters = []floor.Interpreter{{ID: "i0", Name: floor.Text{En: "Interpreter"}, Pairs: []floor.Pair{"ko-zh"}}}
	f.Staff = []floor.Staff{
		{ID: "lead", Name: floor.Text{En: "Lead"}, Role: floor.RoleModerator, Lead: true},
		{ID: "mod", Name: floor.Text{En: "Moderator"}, Role: floor.RoleModerator, Zones: []floor.ZoneID{"A"}},
	}
	f.Displays = []floor.Display{{ID: "d0", Name: "Wall", Zones: []floor.ZoneID{"A", "B"}, Languages: []floor.Lang{"ko"}}}
	for i := range 3 { // c0–c3 at T1, c1–c4 at T2, c2–c5 at T3, all in R1
		f.Meetings = append(f.Meetings, floor.Meeting{
			ID: floor.MeetingID(fmt.Sprintf("m%d", i)), Place: floor.Place{Round: "R1", Table: floor.TableID(fmt.Sprintf("T%d", i+1))},
			Host: floor.Party{Company: f.Companies[i].ID}, Guest: floor.Party{Company: f.Companies[i+3].ID},
		})
	}
	return f
}

// bubble runs a test on fake time.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

func newMemory() *journal.Memory { return journal.NewMemory(time.Now) }

// newHub returns a hub on a journal, closed at the end of the test.
func newHub(t *testing.T, j journal.Journal, s journal.Snapshots, change ...func(*hub.Options)) *hub.Hub {
	t.Helper()
	o := hub.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	for _, c := range change {
		c(&o)
	}
	h := hub.New(j, s, o)
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	return h
}

// open imports and releases the forum, and returns the log's sequence number.
func open(t *testing.T, h *hub.Hub) uint64 {
	t.Helper()
	mustSubmit(t, h, demo, "operator:cli", "import", floor.ImportForum{Forum: forum(time.Now())})
	return mustSubmit(t, h, demo, "operator:cli", "release", floor.ReleaseSchedule{})
}

// mustSubmit submits a command that must be accepted.
func mustSubmit(t *testing.T, h *hub.Hub, log journal.LogID, by floor.ActorID, id string, c floor.Command) uint64 {
	t.Helper()
	a, err := submit(h, log, by, id, c)
	if err != nil {
		t.Fatalf("%s by %s: %v", id, by, err)
	}
	return a.Seq
}

func submit(h *hub.Hub, log journal.LogID, by floor.ActorID, id string, c floor.Command) (hub.Result, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return h.Submit(ctx, log, floor.Envelope{Key: floor.CommandKey(string(by.Link()) + "/" + id), By: by, Unconditional: true, Command: c})
}

// codeOf returns the code of a refusal.
func codeOf(err error) string {
	var p *wire.Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return fmt.Sprint(err)
}

// oracle applies a log by itself, to know what every view must be.
type oracle struct {
	mem      journal.Journal
	log      journal.LogID // "" is demo
	disabled bool          // checks nothing: the log's history will be replaced

	mu     sync.Mutex
	states []floor.State
	epoch  uint64
}

func (o *oracle) at(t *testing.T, p journal.Position) floor.State {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.epoch != p.Epoch {
		o.states, o.epoch = []floor.State{floor.New()}, p.Epoch
	}
	for uint64(len(o.states)) <= p.Seq {
		page, err := o.mem.Read(context.Background(), cmp.Or(o.log, demo), uint64(len(o.states)-1), journal.MaxPage)
		if err != nil || len(page.Records) == 0 {
			t.Errorf("the log does not hold %v: %v", p, err)
			return floor.New()
		}
		for _, r := range page.Records {
			record, err := floor.DecodeRecord(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			next, _ := o.states[len(o.states)-1].Apply(record)
			o.states = append(o.states, next)
		}
	}
	return o.states[p.Seq]
}

func (o *oracle) digest(t *testing.T, p journal.Position, who floor.ActorID) string {
	state := o.at(t, p)
	cards := make(wire.Cards)
	for key, card := range state.View(state.Subjects(who)...) {
		cards[key] = wire.EncodeCard(card)
	}
	return wire.Digest(cards)
}

func credential(who floor.ActorID) session.Credential {
	return session.Credential{Actor: who, Link: who.Link(), Generation: 1}
}

func base(seq uint64) func(*wire.Command)     { return func(c *wire.Command) { c.Base = &seq } }
func after(ids ...string) func(*wire.Command) { return func(c *wire.Command) { c.After = ids } }

// announce is a command that everyone sees.
func announce(text string) floor.Announce {
	return floor.Announce{Text: floor.Text{En: text}, Minutes: 200}
}

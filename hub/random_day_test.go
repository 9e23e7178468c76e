package hub_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
)

// A random day: clients come and go, change between two nodes, fall silent and catch up,
// while staff move everything about. After every frame the client's view is checked against
// the log (see phone.checkView). In the end all views are up to date.
func TestHub_RandomDaysEndWithTheLogsViews(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			bubble(t, func(t *testing.T) { randomDay(t, seed) })
		})
	}
}

func randomDay(t *testing.T, seed uint64) {
	m := newMemory()
	odds := faultyjournal.Odds{HintLost: 0.2, HintDoubled: 0.2, HintLate: 0.2, HintSwapped: 0.2, HintDelay: 50 * time.Millisecond}
	small := func(o *hub.Options) { o.HistorySize, o.SnapshotEvery = 12, 7 }
	nodes := []*hub.Hub{newHub(t, m, m, small), newHub(t, faultyjournal.Wrap(m, seed, odds), m, small)}
	open(t, nodes[0])
	o := &oracle{mem: m}
	r := rand.New(rand.NewPCG(seed, 1))
	var phones []*phone
	for i, who := range []floor.ActorID{
		"moderator:lead", "moderator:mod", "display:d0", "interpreter:i0", "attendee:c0a", "attendee:c1a", "attendee:c3b", "attendee:c5a",
	} {
		phones = append(phones, dial(t, nodes[i%2], o, who))
	}
	for i := range 300 {
		p := phones[r.IntN(len(phones))]
		switch r.IntN(10) {
		case 0: // it comes back, perhaps elsewhere
			p.session.Detach()
			p.setMute(false)
			p.connect(nodes[r.IntN(2)])
		case 1:
			p.setMute(r.IntN(2) == 0)
		case 2:
			time.Sleep(time.Duration(r.IntN(1500)) * time.Millisecond)
		case 3:
			p.sync()
		default:
			// most are refused for one reason or another, which is part of the test
			_, _ = submit(nodes[r.IntN(2)], demo, "moderator:lead", fmt.Sprint("n", i), drawCommand(r, i))
		}
		if p.closeCode() != 0 { // silent for too long
			p.session.Detach()
			p.setMute(false)
			p.connect(nodes[r.IntN(2)])
		}
	}
	time.Sleep(2 * time.Second)
	synctest.Wait()
	_, at, err := nodes[0].State(t.Context(), demo)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range phones {
		p.setMute(false)
		if p.closeCode() != 0 {
			p.session.Detach()
			p.connect(nodes[0])
		}
		p.sync() // acknowledges what it was sent while mute
		p.sync()
		if p.position() != at {
			t.Errorf("%s stands at %v, the log at %v", p.who.Actor, p.position(), at)
		}
	}
	if at.Seq < 60 {
		t.Errorf("only %d records: too quiet a day to show anything", at.Seq)
	}
}

// drawCommand returns a random command.
func drawCommand(r *rand.Rand, i int) floor.Command {
	meeting := func() floor.MeetingID { return floor.MeetingID(fmt.Sprint("m", r.IntN(3))) }
	table := func() floor.TableID { return floor.TableID(fmt.Sprint("T", 1+r.IntN(4))) }
	round := func() floor.RoundID { return floor.RoundID(fmt.Sprint("R", 1+r.IntN(3))) }
	switch r.IntN(12) {
	case 0, 1, 2, 3:
		return floor.MoveMeeting{Meeting: meeting(), Table: table(), Round: round()}
	case 4:
		return floor.SwapMeetings{A: meeting(), B: meeting()}
	case 5:
		return floor.MoveMeeting{Meeting: meeting(), Tray: true}
	case 6:
		return floor.CloseTable{Table: table(), Reason: "leak"}
	case 7:
		return floor.OpenTable{Table: table()}
	case 8:
		return floor.CheckIn{Attendee: floor.AttendeeID(fmt.Sprintf("c%d%c", r.IntN(6), 'a'+r.IntN(2)))}
	case 9:
		return floor.Announce{Text: floor.Text{En: fmt.Sprint("news ", i)}, Minutes: 1 + r.IntN(3)}
	case 10:
		return floor.RequestInterpreter{Meeting: meeting(), Pair: "ko-zh"}
	}
	return floor.SetDuty{Interpreter: "i0", Duty: []floor.Duty{floor.OnDuty, floor.OnBreak, floor.OffDuty}[r.IntN(3)]}
}

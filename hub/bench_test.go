package hub_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/hub/session"
	"github.com/matchfloor/matchfloor/wire"
)

// countingTransport is a transport that takes everything, and counts patches and snapshots.
type countingTransport struct {
	session *session.Session
	views   *atomic.Int64 // patches and snapshots
}

func (s *countingTransport) Write(frame []byte, _ time.Time) error {
	if bytes.HasPrefix(frame, []byte(`{"patch"`)) || bytes.HasPrefix(frame, []byte(`{"snapshot"`)) {
		s.views.Add(1)
	}
	return nil
}
func (s *countingTransport) Close(wire.CloseCode) {}
func (s *countingTransport) Abort()               {}

// hubWithAttendees returns a hub with n attendees connected.
func hubWithAttendees(b *testing.B, n int) (*hub.Hub, []*countingTransport, *atomic.Int64) {
	b.Helper()
	m := newMemory()
	h := hub.New(m, m, hub.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	b.Cleanup(func() { _ = h.Close() })
	f := forum(time.Now())
	for i := range n {
		f.Attendees = append(f.Attendees, floor.Attendee{ID: floor.AttendeeID(fmt.Sprintf("n%05d", i)), Company: "c5", Name: floor.Text{En: "Person"}})
	}
	f.Meetings = nil
	if _, err := submit(h, demo, floor.Operator, "import", floor.ImportForum{Forum: f}); err != nil {
		b.Fatal(err)
	}
	views := new(atomic.Int64)
	var sinks []*countingTransport
	for i := range n {
		s := &countingTransport{views: views}
		who := floor.NewActorID(floor.RoleAttendee, f.Attendees[len(f.Attendees)-1-i].ID)
		attached, err := h.Attach(b.Context(), demo, credential(who), s)
		if err != nil {
			b.Fatal(err)
		}
		s.session = attached
		attached.Handle(wire.ClientFrame{Hello: &wire.Hello{Version: wire.Version}})
		sinks = append(sinks, s)
	}
	awaitCount(b, views, int64(n))
	return h, sinks, views
}

// awaitCount blocks until n has reached want.
func awaitCount(b *testing.B, n *atomic.Int64, want int64) {
	b.Helper()
	for end := time.Now().Add(10 * time.Second); n.Load() < want; time.Sleep(20 * time.Microsecond) {
		if time.Now().After(end) {
			b.Fatalf("%d of %d frames", n.Load(), want)
		}
	}
}

// BenchmarkOneChangeToEveryone measures a change that every client shows, from the command
// to the last write.
func BenchmarkOneChangeToEveryone(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h, sinks, views := hubWithAttendees(b, n)
			want := views.Load()
			encoded := h.Stats().PatchesEncoded
			for i := 0; b.Loop(); i++ {
				a, err := submit(h, demo, floor.Operator, fmt.Sprint(i), floor.SetClock{Event: floor.Instant(i + 1), Rate: 1})
				if err != nil {
					b.Fatal(err)
				}
				want += int64(n)
				awaitCount(b, views, want)
				b.StopTimer()
				for _, s := range sinks {
					s.session.Handle(wire.ClientFrame{Ack: &wire.Ack{Seq: a.Seq}})
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(h.Stats().PatchesEncoded-encoded)/float64(b.N), "encodings/op")
		})
	}
}

// BenchmarkCommand measures a command that one client of many shows.
func BenchmarkCommand(b *testing.B) {
	h, sinks, _ := hubWithAttendees(b, 10000)
	for i := 0; b.Loop(); i++ {
		duty := floor.OnDuty
		if i%2 == 1 {
			duty = floor.OffDuty
		}
		if _, err := submit(h, demo, "interpreter:i0", fmt.Sprint(i), floor.SetDuty{Interpreter: "i0", Duty: duty}); err != nil {
			b.Fatal(err)
		}
	}
	_ = sinks
}

// ackingTransport is a transport that acknowledges each view at once.
type ackingTransport struct{ session *session.Session }

func (m *ackingTransport) Write(frame []byte, _ time.Time) error {
	_, rest, ok := bytes.Cut(frame, []byte(`,"seq":`))
	if ok && (bytes.HasPrefix(frame, []byte(`{"patch"`)) || bytes.HasPrefix(frame, []byte(`{"snapshot"`))) {
		digits, _, _ := bytes.Cut(rest, []byte(","))
		seq, _ := strconv.ParseUint(string(digits), 10, 64)
		m.session.Handle(wire.ClientFrame{Ack: &wire.Ack{Seq: seq}})
	}
	return nil
}
func (m *ackingTransport) TryWrite(frame []byte) (bool, error) {
	return true, m.Write(frame, time.Time{})
}
func (m *ackingTransport) Close(wire.CloseCode) {}
func (m *ackingTransport) Abort()               {}

// BenchmarkMoves measures the move of a meeting, with all attendees and six consoles
// connected; four commands come at a time.
func BenchmarkMoves(b *testing.B) {
	const meetings, spare, givers = 900, 20, 4
	m := newMemory()
	h := hub.New(m, m, hub.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	b.Cleanup(func() { _ = h.Close() })
	f := wideForum(meetings)
	for i := range spare {
		t := floor.TableID(fmt.Sprintf("S%d", i))
		f.Tables = append(f.Tables, floor.Table{ID: t, Label: string(t), Zone: "A", Capacity: 6})
	}
	for i, c := range []floor.Command{floor.ImportForum{Forum: f}, floor.ReleaseSchedule{}} {
		if _, err := submit(h, demo, floor.Operator, fmt.Sprint("setup", i), c); err != nil {
			b.Fatal(err)
		}
	}
	people := slices.Repeat([]floor.ActorID{"moderator:lead"}, 6)
	for _, a := range f.Attendees {
		people = append(people, floor.NewActorID(floor.RoleAttendee, a.ID))
	}
	for _, who := range people {
		s := new(ackingTransport)
		attached, err := h.Attach(b.Context(), demo, credential(who), s)
		if err != nil {
			b.Fatal(err)
		}
		s.session = attached
		attached.Handle(wire.ClientFrame{Hello: &wire.Hello{Version: wire.Version}})
	}
	move := func(i int) {
		of, at := i/2*7919%meetings, f.Tables[i/2*7919%meetings].ID
		if i%2 == 0 {
			at = f.Tables[meetings+i/2%spare].ID
		}
		if _, err := submit(h, demo, "moderator:lead", fmt.Sprint("move", i), floor.MoveMeeting{Meeting: f.Meetings[of].ID, Table: at}); err != nil {
			b.Error(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i += 2 * givers {
		for half := range 2 { // out to a spare table, and back
			var all sync.WaitGroup
			for k := range givers {
				all.Go(func() { move(i + 2*k + half) })
			}
			all.Wait()
		}
	}
}

// BenchmarkReconnect measures a client that comes back with the position it holds.
func BenchmarkReconnect(b *testing.B) {
	h, sinks, _ := hubWithAttendees(b, 1000)
	who := sinks[0].session.Who()
	state, at, err := h.State(b.Context(), demo)
	if err != nil {
		b.Fatal(err)
	}
	hash := wire.SubjectsHash(state.Subjects(who.Actor))
	for b.Loop() {
		s := &countingTransport{views: new(atomic.Int64)}
		attached, err := h.Attach(b.Context(), demo, who, s)
		if err != nil {
			b.Fatal(err)
		}
		attached.Handle(wire.ClientFrame{Hello: &wire.Hello{Version: wire.Version, Have: &at, Subjects: hash}})
		awaitCount(b, s.views, 1)
		attached.Detach()
	}
}

//go:build linux

package loadtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// floorTarget is an event on a matchfloor server.
type floorTarget struct {
	commandAPI, viewAPI api // of the first and the last server
	event               floor.EventID
	organiser           string // the organiser's token
	staff               []client.Link
	tokens              []string // of the staff
	post                bool     // commands are given by POST
	consoles            []*console
	phones              []*phone
	log                 *slog.Logger

	mu         sync.Mutex // guards the fields below
	meetings   []*placedMeeting
	next       int // index of the next meeting to move
	freeTables map[floor.RoundID][]floor.TableID
	rounds     []floor.RoundID
	step       int // starts and ends of rounds so far
}

// placedMeeting is a meeting with its present place.
type placedMeeting struct {
	id    floor.MeetingID
	place floor.Place
	who   []*phone
}

// console is one moderator's client.
type console struct {
	*client.Client
	mu       sync.Mutex // guards arrivals
	arrivals []arrival
}

// floorDialect is matchfloor's protocol.
func floorDialect(event floor.EventID, host string) dialect {
	return dialect{
		acks: true, pings: true,
		handshake: func(p *phone) string {
			return "GET /api/v1/events/" + string(event) + "/live HTTP/1.1\r\nHost: " + host + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
				"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer " + p.token + "\r\n\r\n"
		},
		hello: func(p *phone) []byte {
			hello := wire.Hello{Version: wire.Version}
			if p.exists {
				at := p.at
				hello.Have, hello.Subjects = &at, p.subjects
			}
			return wire.EncodeClient(wire.ClientFrame{Hello: &hello})
		},
	}
}

// newFloorTarget makes an event with the phones and consoles of the options, and signs all
// of them in.
func newFloorTarget(ctx context.Context, o Options) (*floorTarget, error) {
	organiser, err := client.ParseLink(o.Organiser)
	if err != nil {
		return nil, err
	}
	s := &floorTarget{
		log:        o.Log,
		commandAPI: newAPI(o.Targets[0]), viewAPI: newAPI(o.Targets[len(o.Targets)-1]),
		post:  o.Post,
		event: floor.EventID("load-" + strings.ToLower(rand.Text()[:10])),
	}
	if s.organiser, _, err = s.commandAPI.signIn(ctx, organiser); err != nil {
		return nil, fmt.Errorf("sign in the organiser: %w", err)
	}
	forum := newForum(s.event, o.Phones, o.moderators(), time.Now())
	if err := s.commandAPI.importForum(ctx, s.organiser, forum); err != nil {
		return nil, fmt.Errorf("import the forum: %w", err)
	}
	if _, err := s.commandAPI.command(ctx, s.event, s.organiser, floor.ReleaseSchedule{}); err != nil {
		return nil, fmt.Errorf("release the schedule: %w", err)
	}
	if err := s.signInAll(ctx, o); err != nil {
		return nil, err
	}
	s.placeMeetings(forum)
	return s, nil
}

// signInAll signs all phones and consoles in.
func (s *floorTarget) signInAll(ctx context.Context, o Options) error {
	links, err := s.commandAPI.links(ctx, s.event, s.organiser)
	if err != nil {
		return fmt.Errorf("export the links: %w", err)
	}
	s.staff = links[floor.RoleModerator]
	people := links[floor.RoleAttendee][:o.Phones]
	s.phones, s.tokens = make([]*phone, len(people)), make([]string, len(s.staff))
	err = forEach(ctx, len(people), func(ctx context.Context, i int) error {
		token, who, err := s.viewAPI.signIn(ctx, people[i])
		s.phones[i] = &phone{n: i, who: who, token: token, fd: -1}
		return err
	})
	if err != nil {
		return fmt.Errorf("sign in an attendee: %w", err)
	}
	for i, l := range s.staff {
		if s.tokens[i], _, err = s.commandAPI.signIn(ctx, l); err != nil {
			return fmt.Errorf("sign in a moderator: %w", err)
		}
	}
	return nil
}

// placeMeetings records the places of the meetings and the free tables.
func (s *floorTarget) placeMeetings(forum floor.Forum) {
	phones := make(map[floor.ActorID]*phone, len(s.phones))
	for _, p := range s.phones {
		phones[p.who] = p
	}
	taken := map[floor.Place]bool{}
	for _, m := range forum.Meetings {
		at := &placedMeeting{id: m.ID, place: m.Place}
		for _, a := range slices.Concat(m.Host.People, m.Guest.People) {
			if p := phones[floor.NewActorID(floor.RoleAttendee, a)]; p != nil {
				at.who = append(at.who, p)
			}
		}
		taken[m.Place] = true
		s.meetings = append(s.meetings, at)
	}
	mathrand.Shuffle(len(s.meetings), func(i, j int) { s.meetings[i], s.meetings[j] = s.meetings[j], s.meetings[i] })
	s.freeTables = map[floor.RoundID][]floor.TableID{}
	for _, r := range forum.Rounds {
		s.rounds = append(s.rounds, r.ID)
		for _, t := range forum.Tables {
			if !taken[floor.Place{Round: r.ID, Table: t.ID}] {
				s.freeTables[r.ID] = append(s.freeTables[r.ID], t.ID)
			}
		}
	}
}

// dialConsoles connects the consoles.
func (s *floorTarget) dialConsoles(ctx context.Context, n int) error {
	for _, l := range s.staff[:n] {
		l.Server = s.commandAPI.server
		c := new(console)
		dialed, err := client.Dial(ctx, linkURL(l), client.Options{Observe: func(a client.ViewChange) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.arrivals = append(c.arrivals, arrival{a.To.Seq, a.Received})
		}})
		if err != nil {
			return fmt.Errorf("connect a console: %w", err)
		}
		c.Client = dialed
		s.consoles = append(s.consoles, c)
	}
	return nil
}

func (s *floorTarget) close() {
	for _, c := range s.consoles {
		c.Close()
	}
}

// consoleFrames returns how many frames the consoles have received.
func (s *floorTarget) consoleFrames() (n int) {
	for _, c := range s.consoles {
		c.mu.Lock()
		n += len(c.arrivals)
		c.mu.Unlock()
	}
	return n
}

// do gives a command as one of the moderators: by a console, or by POST.
func (s *floorTarget) do(ctx context.Context, i int, body floor.Command) (change, error) {
	sent := time.Now()
	if s.post {
		seq, err := s.commandAPI.command(ctx, s.event, s.tokens[i%len(s.tokens)], body)
		if err != nil {
			return change{}, fmt.Errorf("%s: %w", floor.KindOf(body), err)
		}
		return change{sent: sent, seq: seq}, nil
	}
	done, err := s.consoles[i%len(s.consoles)].Do(ctx, wire.Command{Body: body})
	if err != nil {
		return change{}, fmt.Errorf("%s: %w", floor.KindOf(body), err)
	}
	return change{sent: sent, seq: done.Seq}, nil
}

func (s *floorTarget) slot(ctx context.Context) (change, error) {
	s.mu.Lock()
	step := s.step
	s.step++
	s.mu.Unlock()
	if step/2 >= len(s.rounds) {
		return change{}, errNoMoreRounds
	}
	ref := floor.SlotRef{Round: s.rounds[step/2]}
	if step%2 == 0 {
		return s.do(ctx, 0, floor.StartSlot{SlotRef: ref})
	}
	return s.do(ctx, 0, floor.EndSlot{SlotRef: ref})
}

func (s *floorTarget) move(ctx context.Context, i int) (change, error) {
	for {
		m, table, err := s.pickMove()
		if err != nil {
			return change{}, err
		}
		c, err := s.do(ctx, i, floor.MoveMeeting{Meeting: m.id, Table: table})
		closed := false
		if refused, ok := errors.AsType[*wire.Rejected](err); ok {
			closed = refused.Code == wire.Code(floor.CodeRoundClosed)
		}
		s.mu.Lock()
		if err == nil {
			table, m.place.Table = m.place.Table, table
		}
		s.freeTables[m.place.Round] = append(s.freeTables[m.place.Round], table)
		s.mu.Unlock()
		if c.phones = m.who; !closed {
			return c, err
		}
	}
}

func (s *floorTarget) one(ctx context.Context, i int) (change, error) {
	p := s.phones[i]
	c, err := s.do(ctx, i, floor.CheckIn{Attendee: floor.AttendeeID(p.who.ID())})
	c.phones = []*phone{p}
	return c, err
}

// pickMove picks the next meeting whose round has not ended, and takes a free table for it.
func (s *floorTarget) pickMove() (*placedMeeting, floor.TableID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range s.meetings {
		m := s.meetings[s.next%len(s.meetings)]
		s.next++
		free := s.freeTables[m.place.Round]
		if len(free) > 0 && !slices.Contains(s.rounds[:s.step/2], m.place.Round) {
			s.freeTables[m.place.Round] = free[1:]
			return m, free[0], nil
		}
	}
	return nil, "", errors.New("load: no meeting can be moved: all rounds have ended or no table is free")
}

// The announcements of a large change, with texts of the longest kind.
const (
	announcements = 8
	longText      = 300 // characters
)

func (s *floorTarget) large(ctx context.Context) ([]change, error) {
	if err := s.withdraw(ctx); err != nil {
		return nil, err
	}
	text := floor.Text{
		Ko: strings.Repeat("가", longText), Zh: strings.Repeat("中", longText), En: strings.Repeat("a", longText),
	}
	return s.doAll(ctx, announcements, func(int) floor.Command { return floor.Announce{Text: text, Minutes: 240} })
}

// withdraw withdraws all announcements.
func (s *floorTarget) withdraw(ctx context.Context) error {
	var ids []floor.AnnouncementID
	s.consoles[0].Read(func(v client.View) {
		for id := range client.Each[floor.AnnouncementCard](v, "announcement") {
			ids = append(ids, floor.AnnouncementID(id))
		}
	})
	done, err := s.doAll(ctx, len(ids), func(i int) floor.Command { return floor.WithdrawAnnouncement{Announcement: ids[i]} })
	if err != nil || len(done) == 0 {
		return err
	}
	return s.consoles[0].Wait(ctx, done[len(done)-1].seq)
}

// doAll gives n commands concurrently, spread over the consoles, and returns the changes in
// the order of their records.
func (s *floorTarget) doAll(ctx context.Context, n int, body func(int) floor.Command) ([]change, error) {
	done := make([]change, n)
	err := forEach(ctx, n, func(ctx context.Context, i int) (err error) {
		done[i], err = s.do(ctx, i, body(i))
		return err
	})
	slices.SortFunc(done, func(a, b change) int { return int(a.seq) - int(b.seq) })
	return done, err
}

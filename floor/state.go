package floor

import (
	"iter"

	"github.com/matchfloor/matchfloor/internal/hamt"
)

// State is the whole state of one log: an event's floor, or, for the log "_", the instance's
// organisers and events. It is an immutable value; the zero value is the state of the empty log.
// Copying it is cheap, and its methods only read.
type State struct {
	seq     uint64
	event   Event
	clock   EventClock
	version int // see Version; 0: the log does not say

	zones         hamt.Map[ZoneID, Zone]
	tables        hamt.Map[TableID, Table]
	rounds        hamt.Map[RoundID, Round]
	items         hamt.Map[ItemID, Item]
	companies     hamt.Map[CompanyID, Company]
	attendees     hamt.Map[AttendeeID, Attendee]
	staff         hamt.Map[StaffID, Staff]
	interpreters  hamt.Map[InterpreterID, Interpreter]
	displays      hamt.Map[DisplayID, Display]
	meetings      hamt.Map[MeetingID, Meeting]
	wishes        hamt.Map[string, Wish] // "<from>:<to>"
	requests      hamt.Map[RequestID, Request]
	announcements hamt.Map[AnnouncementID, Announcement]
	notices       hamt.Map[NoticeID, noticeStatus]
	links         hamt.Map[LinkID, Link]
	retired       hamt.Map[LinkID, Link] // links of people whom the last import left out: nobody can sign in with them
	revisions     revisions
	history       hamt.Map[CommandKey, historyEntry]
	lost          hamt.Map[LostID, LostReported] // those that nobody has dismissed
	exports       []Export                       // the last ones, oldest first

	organisers hamt.Map[OrganiserID, Organiser]
	events     hamt.Map[EventID, EventEntry]
	publicURL  string
	keyID      string

	secondaryIndexes
}

// secondaryIndexes are computed from the stored parts of a state and are not stored themselves.
type secondaryIndexes struct {
	seats           hamt.Map[RoundID, tablesOf]       // which meeting is where
	meetingsOf      hamt.Map[ActorID, []MeetingID]    // attendees and assigned interpreters
	meetingsBetween hamt.Map[string, []MeetingID]     // by "<host>|<guest>", sorted
	openRequestIDs  hamt.Map[RequestID, struct{}]     // the requests that have not ended
	pending         hamt.Map[ActorID, []NoticeID]     // the notices that each person has not acknowledged
	noticesOf       hamt.Map[MeetingID, []NoticeID]   // the notices of a meeting, sorted
	otherWindow     historyWindow                     // the remembered commands of attendees, interpreters and the clock
	staffWindow     historyWindow                     // those of everyone else
	shown           []uint64                          // sequence numbers of the commands that moderators see, ascending
	peopleOf        hamt.Map[CompanyID, []AttendeeID] // a company's representatives
}

// revision is the last change of a thing: its sequence number, who made it, and by which command.
type revision struct {
	Seq  uint64     `json:"seq"`
	By   ActorID    `json:"by"`
	Key  CommandKey `json:"key"`
	Undo bool       `json:"undo,omitzero"` // it was an undo, after which the thing is as it was at As
	As   uint64     `json:"as,omitzero"`
}

// standsAsOf returns the sequence number of the change that made the thing what it is: the last one,
// or, after an undo, the one before the change that was undone.
func (r revision) standsAsOf() uint64 {
	if r.Undo {
		return r.As
	}
	return r.Seq
}

// EventEntry is an event in the list of the instance's log.
type EventEntry struct {
	ID   EventID `json:"id"`
	Name Text    `json:"name"`
}

// Profile is what a log says about a person or a screen that signs in.
type Profile struct {
	Name      Text
	Lead      bool
	Zones     []ZoneID
	Languages []Lang
}

// New returns the state of an empty log.
func New() State { return State{} }

// Apply applies one record and returns the next state, with the cards that may differ in it. It
// accepts every record: what the log has was decided before it was logged.
func (s State) Apply(r Record) (State, Affected) {
	tx := newTransaction(s, r)
	for _, c := range r.Changes {
		c.apply(tx)
	}
	return tx.commit(r)
}

// Seq returns the sequence number of the last record that was applied.
func (s State) Seq() uint64 { return s.seq }

// Event returns the event. Its ID is empty before the first import.
func (s State) Event() Event { return s.event }

// Clock returns the event's clock.
func (s State) Clock() EventClock { return s.clock }

// EndOf returns the event time at which the last round or agenda item of a state ends, as it is
// expected now. It returns 0 if there is neither.
func EndOf(s State) (end Instant) {
	for r := range s.rounds.Values() {
		end = max(end, r.Now.End)
	}
	for i := range s.items.Values() {
		end = max(end, i.Now.End)
	}
	return end
}

// Released reports whether attendees, interpreters and displays may see the schedule.
func (s State) Released() bool { return s.event.Version > 0 }

// Link returns the link with an id.
func (s State) Link(id LinkID) (Link, bool) { return s.links.Get(id) }

// Links yields all links, in the order of their ids.
func (s State) Links() iter.Seq[Link] { return s.links.Values() }

// Organisers yields the organisers of the instance's log.
func (s State) Organisers() iter.Seq[Organiser] { return s.organisers.Values() }

// Events yields the events of the instance's log.
func (s State) Events() iter.Seq[EventEntry] { return s.events.Values() }

// PublicURL returns the address at which phones reach the instance, as its log says, or "".
func (s State) PublicURL() string { return s.publicURL }

// KeyID returns the id of the instance key that links are made with, as the instance's log says, or
// "" if it does not.
func (s State) KeyID() string { return s.keyID }

// Exports returns the last exports, oldest first, at most 50. The caller must not change the slice.
func (s State) Exports() []Export { return s.exports }

// People returns the number of people in the log: attendees, staff, interpreters and, in the
// instance's log, organisers.
func (s State) People() int {
	return s.attendees.Len() + s.staff.Len() + s.interpreters.Len() + s.organisers.Len()
}

// CommandSeq returns the sequence number of the record that a command made. ok is false if there is none,
// or if the command was forgotten: at least the last 1,024 commands of staff and the last 4,096 of
// everyone else are remembered.
func (s State) CommandSeq(key CommandKey) (seq uint64, ok bool) {
	d, ok := s.history.Get(key)
	return d.Seq, ok
}

// Profile returns what is known of a person or screen of this log.
func (s State) Profile(w ActorID) (Profile, bool) {
	switch w.Role() {
	case RoleAttendee:
		a, ok := s.attendees.Get(AttendeeID(w.ID()))
		return Profile{Name: a.Name}, ok
	case RoleInterpreter:
		i, ok := s.interpreters.Get(InterpreterID(w.ID()))
		return Profile{Name: i.Name}, ok
	case RoleModerator, RoleRunner:
		m, ok := s.staff.Get(StaffID(w.ID()))
		return Profile{Name: m.Name, Lead: m.Lead, Zones: m.Zones}, ok && m.Role == w.Role()
	case RoleDisplay:
		d, ok := s.displays.Get(DisplayID(w.ID()))
		return Profile{Name: Text{En: d.Name}, Zones: d.Zones, Languages: d.Languages}, ok
	case RoleOrganiser:
		o, ok := s.organisers.Get(OrganiserID(w.ID()))
		return Profile{Name: Text{En: o.Name}}, ok
	}
	return Profile{}, false
}

// Subjects returns the subjects that a session of w watches, or nil if w is not in this log. An
// organiser is not listed in an event's log, and watches it as moderators do.
func (s State) Subjects(w ActorID) []Subject {
	if w.Role() == RoleOrganiser {
		return []Subject{Everyone, Moderator}
	}
	p, ok := s.Profile(w)
	if !ok {
		return nil
	}
	switch w.Role() {
	case RoleModerator, RoleRunner:
		return []Subject{Everyone, Moderator}
	case RoleDisplay:
		subjects := []Subject{Everyone}
		for _, z := range p.Zones {
			subjects = append(subjects, displaySubject(z))
		}
		return subjects
	}
	return []Subject{Everyone, Subject(w)}
}

func displaySubject(z ZoneID) Subject { return Subject("display:" + string(z)) }

// tablesOf has the meetings of a round, by their tables.
type tablesOf = hamt.Map[TableID, MeetingID]

// meetingAt returns the meeting that is at a place.
func (s State) meetingAt(p Place) (Meeting, bool) {
	id, ok := s.seats.At(p.Round).Get(p.Table)
	if !ok {
		return Meeting{}, false
	}
	return s.meetings.Get(id)
}

// zoneOf returns the zone of a place's table, or "" for the tray.
func (s State) zoneOf(p Place) ZoneID { return s.tables.At(p.Table).Zone }

// slot returns the slot of a round or an agenda item.
func (s State) slot(r SlotRef) (Slot, bool) {
	if r.Round != "" {
		round, ok := s.rounds.Get(r.Round)
		return round.Slot, ok
	}
	item, ok := s.items.Get(r.Item)
	return item.Slot, ok
}

// ref returns the ref of the round or the item.
func (r SlotRef) ref() Ref {
	if r.Round != "" {
		return roundRef(r.Round)
	}
	return itemRef(r.Item)
}

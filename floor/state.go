package floor

import (
	"iter"

	"github.com/matchfloor/matchfloor/internal/hamt"
)

// State is one log's whole state: an event's floor, or, for the log "_", the
// instance's organisers and events. It is an immutable value; the zero value is
// the empty log's state. Copying one is cheap, and all methods only read.
type State struct {
	seq     uint64
	event   Event
	clock   EventClock
	version int // see Version; 0: nothing was said

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
	retired       hamt.Map[LinkID, Link] // of people whom the last import left out: they sign nobody in
	revs          revisions
	history       hamt.Map[CommandKey, historyEntry]
	lost          hamt.Map[LostID, LostReported] // that nobody has dismissed
	exports       []Export                       // the last ones, oldest first

	organisers hamt.Map[OrganiserID, Organiser]
	events     hamt.Map[EventID, EventEntry]
	publicURL  string

	secondaryIndexes
}

// secondaryIndexes is what is found again from the rest: never stored, only kept.
type secondaryIndexes struct {
	seats           hamt.Map[RoundID, tablesOf]       // who sits where
	meetingsOf      hamt.Map[ActorID, []MeetingID]    // attendees and assigned interpreters
	meetingsBetween hamt.Map[string, []MeetingID]     // by "<host>|<guest>", sorted
	openRequestIDs  hamt.Map[RequestID, struct{}]     // requests that are not ended
	pending         hamt.Map[ActorID, []NoticeID]     // what each person has not said "Got it" to
	noticesOf       hamt.Map[MeetingID, []NoticeID]   // the notices of a meeting, sorted
	otherWindow     historyWindow                     // the last commands of attendees, interpreters and the clock
	staffWindow     historyWindow                     // those of everyone else
	shown           []uint64                          // the commands that moderators see, oldest first
	peopleOf        hamt.Map[CompanyID, []AttendeeID] // a company's representatives
}

// revision is the last change of a thing: its sequence, who made it, by which command.
type revision struct {
	Seq  uint64     `json:"seq"`
	By   ActorID    `json:"by"`
	Key  CommandKey `json:"key"`
	Undo bool       `json:"undo,omitzero"` // it was an undo, which left the thing as of As
	As   uint64     `json:"as,omitzero"`
}

// standsAsOf answers the sequence as of which the thing stands: its last change's, or,
// after an undo, that of the change before the one that was undone.
func (r revision) standsAsOf() uint64 {
	if r.Undo {
		return r.As
	}
	return r.Seq
}

// EventEntry lists an event in the instance's log.
type EventEntry struct {
	ID   EventID `json:"id"`
	Name Text    `json:"name"`
}

// Profile is what a session knows of its own person or screen.
type Profile struct {
	Name      Text
	Lead      bool
	Zones     []ZoneID
	Languages []Lang
}

// New answers the state of an empty log.
func New() State { return State{} }

// Seq is the sequence number of the last record folded in.
func (s State) Seq() uint64 { return s.seq }

// Event answers the event; its ID is empty before the first import.
func (s State) Event() Event { return s.event }

// Clock answers the event's clock.
func (s State) Clock() EventClock { return s.clock }

// Released reports whether attendees, interpreters and displays may see the schedule.
func (s State) Released() bool { return s.event.Version > 0 }

// Link answers the link of an id.
func (s State) Link(id LinkID) (Link, bool) { return s.links.Get(id) }

// Links yields all links, in the order of their ids.
func (s State) Links() iter.Seq[Link] { return s.links.Values() }

// Organisers yields the organisers of the instance's log.
func (s State) Organisers() iter.Seq[Organiser] { return s.organisers.Values() }

// Events yields the events of the instance's log.
func (s State) Events() iter.Seq[EventEntry] { return s.events.Values() }

// PublicURL answers the address that the instance's log names, or "".
func (s State) PublicURL() string { return s.publicURL }

// Done answers the sequence of the record that a command made, for at least the
// last maxOtherHistory commands.
func (s State) Done(key CommandKey) (seq uint64, ok bool) {
	d, ok := s.history.Get(key)
	return d.Seq, ok
}

// Profile answers what is known of a person or screen of this log.
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

// Subjects answers what a session of w watches, or nil where this log does not
// know w. Organisers are not listed in an event's log, and watch it as
// moderators do.
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

// tablesOf is the meetings of a round, by their tables.
type tablesOf = hamt.Map[TableID, MeetingID]

// meetingAt answers the meeting that holds a place.
func (s State) meetingAt(p Place) (Meeting, bool) {
	id, ok := s.seats.At(p.Round).Get(p.Table)
	if !ok {
		return Meeting{}, false
	}
	return s.meetings.Get(id)
}

// zoneOf answers the zone of the table of a place, or "" for the tray.
func (s State) zoneOf(p Place) ZoneID { return s.tables.At(p.Table).Zone }

// slot answers a round's or item's slot.
func (s State) slot(r SlotRef) (Slot, bool) {
	if r.Round != "" {
		round, ok := s.rounds.Get(r.Round)
		return round.Slot, ok
	}
	item, ok := s.items.Get(r.Item)
	return item.Slot, ok
}

// ref answers how revisions and errors name the slot.
func (r SlotRef) ref() Ref {
	if r.Round != "" {
		return roundRef(r.Round)
	}
	return itemRef(r.Item)
}

package floor

// Subject identifies an audience: "everyone", "moderator", "attendee:<id>", "interpreter:<id>" or
// "display:<zone>". A session watches one or more.
type Subject string

// The subjects that are not of one person or one zone.
const (
	Everyone  Subject = "everyone"  // clock, rounds, agenda, announcements, zones
	Moderator Subject = "moderator" // everything else: for moderators, runners and organisers
)

// CardKey identifies a card within a session's view: "<kind>/<id>".
type CardKey string

// Card is one entry of a view, of one of the types below. A card is replaced as a whole, never merged,
// and does not have the revision of what it shows.
type Card any

// View has the cards of an audience.
type View map[CardKey]Card

// EventCard is event/<event>, for everyone.
type EventCard struct {
	Name       Text    `json:"name"`
	TimeZone   string  `json:"timeZone"`
	Place      Text    `json:"place,omitzero"`
	GraceMin   int     `json:"graceMin"`
	Version    int     `json:"version"` // 0: the schedule is not released
	ReleasedAt Instant `json:"releasedAt,omitzero"`
}

// SlotCard has the fields that rounds and items have in common.
type SlotCard struct {
	Plan  Span      `json:"plan"`
	Now   Span      `json:"now"`
	State SlotState `json:"state"`
}

// RoundCard is round/<round>, for everyone.
type RoundCard struct {
	No int `json:"no"`
	SlotCard
	Left int `json:"left,omitzero"`
}

// ItemCard is item/<item>, for everyone.
type ItemCard struct {
	Kind ItemKind `json:"kind"`
	Name Text     `json:"name"`
	SlotCard
	Place Text `json:"place,omitzero"`
}

// ZoneCard is zone/<zone>, for everyone.
type ZoneCard struct {
	Name Text `json:"name"`
}

// AnnouncementCard is announcement/<announcement>, for everyone.
type AnnouncementCard struct {
	Text  Text    `json:"text"`
	At    Instant `json:"at"`
	Until Instant `json:"until"`
}

// AttendeeSelfCard is me/<attendee>, for that attendee.
type AttendeeSelfCard struct {
	Name        Text      `json:"name"`
	Company     CompanyID `json:"company"`
	CompanyName Text      `json:"companyName"`
	CheckedIn   Instant   `json:"checkedIn,omitzero"`
}

// Representative is a person of a meeting's other side.
type Representative struct {
	Name  Text   `json:"name"`
	Title string `json:"title,omitzero"`
}

// PlaceCard is a round and a table, with the label that the table's sign shows.
type PlaceCard struct {
	Round RoundID `json:"round,omitzero"`
	Table TableID `json:"table,omitzero"`
	Label string  `json:"label,omitzero"` // what the table's sign says
	Zone  ZoneID  `json:"zone,omitzero"`
}

// OwnMeetingCard is meeting/<meeting>, for an attendee of it.
type OwnMeetingCard struct {
	Place       PlaceCard        `json:"place"`
	Side        Side             `json:"side"`
	Partner     Text             `json:"partner"`
	Country     string           `json:"country"`
	People      []Representative `json:"people"` // those of the partner
	Pair        Pair             `json:"pair,omitzero"`
	Interpreter Text             `json:"interpreter,omitzero"` // the name of the assigned one
	Mine        Presence         `json:"mine"`
	Theirs      Presence         `json:"theirs"`
	Cancelled   bool             `json:"cancelled,omitzero"`
}

// OwnRequestCard is request/<request>, for the attendees of its meeting while it is open.
type OwnRequestCard struct {
	Meeting     MeetingID    `json:"meeting"`
	Pair        Pair         `json:"pair"`
	Skill       string       `json:"skill,omitzero"`
	State       RequestState `json:"state"`
	Line        int          `json:"line,omitzero"`        // place in line while requested; 1 is next
	Interpreter Text         `json:"interpreter,omitzero"` // who claimed it
	At          Instant      `json:"at"`
}

// OwnNoticeCard is notice/<notice>, for each person it is for, until seen or expired.
type OwnNoticeCard struct {
	Kind    NoticeKind `json:"kind"`
	Round   RoundID    `json:"round,omitzero"`
	Meeting MeetingID  `json:"meeting,omitzero"`
	From    PlaceCard  `json:"from,omitzero"`
	To      PlaceCard  `json:"to,omitzero"`
	At      Instant    `json:"at"`
	Last    bool       `json:"last,omitzero"`
	Undo    bool       `json:"undo,omitzero"` // the move undoes a mistaken one
}

// InterpreterSelfCard is self/<interpreter>, for that interpreter.
type InterpreterSelfCard struct {
	Name   Text     `json:"name"`
	Pairs  []Pair   `json:"pairs"`
	Skills []string `json:"skills,omitempty"`
	Shifts []Span   `json:"shifts,omitempty"`
	Duty   Duty     `json:"duty"`
}

// AssignmentCard is assignment/<meeting>, for the interpreter who is assigned to it.
type AssignmentCard struct {
	Place     PlaceCard `json:"place"`
	Host      Text      `json:"host"`
	Guest     Text      `json:"guest"`
	Pair      Pair      `json:"pair"`
	Cancelled bool      `json:"cancelled,omitzero"`
}

// OfferCard is offer/<request>, for every interpreter on duty who speaks its pair and has
// its skill, until someone has arrived; and for its claimant until it ends.
type OfferCard struct {
	Place     PlaceCard    `json:"place"`
	Host      Text         `json:"host"`
	Guest     Text         `json:"guest"`
	Pair      Pair         `json:"pair"`
	Skill     string       `json:"skill,omitzero"`
	State     RequestState `json:"state"`
	Mine      bool         `json:"mine,omitzero"`
	Claimant  Text         `json:"claimant,omitzero"` // who took it
	At        Instant      `json:"at"`
	Escalated bool         `json:"escalated,omitzero"`
}

// CompanyCard is company/<company>, for moderators.
type CompanyCard struct {
	Name      Text    `json:"name"`
	Country   string  `json:"country"`
	HomeTable TableID `json:"homeTable,omitzero"`
	Standby   bool    `json:"standby,omitzero"`
}

// AttendeeCard is attendee/<attendee>, for moderators.
type AttendeeCard struct {
	Company   CompanyID `json:"company"`
	Name      Text      `json:"name"`
	Title     string    `json:"title,omitzero"`
	CheckedIn Instant   `json:"checkedIn,omitzero"`
}

// InterpreterCard is interpreter/<interpreter>, for moderators.
type InterpreterCard struct {
	Name    Text     `json:"name"`
	Pairs   []Pair   `json:"pairs"`
	Skills  []string `json:"skills,omitempty"`
	Shifts  []Span   `json:"shifts,omitempty"`
	Floater bool     `json:"floater,omitzero"`
	Duty    Duty     `json:"duty"`
}

// StaffCard is staff/<staff>, for moderators.
type StaffCard struct {
	Name  Text     `json:"name"`
	Role  Role     `json:"role"`
	Lead  bool     `json:"lead,omitzero"`
	Zones []ZoneID `json:"zones,omitempty"`
}

// DisplayCard is display/<display>, for moderators.
type DisplayCard struct {
	Name      string   `json:"name"`
	Zones     []ZoneID `json:"zones"`
	Languages []Lang   `json:"languages"`
}

// TableCard is table/<table>, for moderators.
type TableCard struct {
	Label    string    `json:"label"`
	Zone     ZoneID    `json:"zone"`
	Capacity int       `json:"capacity"`
	Home     CompanyID `json:"home,omitzero"`
	Closed   bool      `json:"closed,omitzero"`
	Reason   string    `json:"reason,omitzero"`
}

// MeetingCard is meeting/<meeting>, for moderators.
type MeetingCard struct {
	Place       Place         `json:"place"`
	Host        Party         `json:"host"`
	Guest       Party         `json:"guest"`
	Pair        Pair          `json:"pair,omitzero"`
	Interpreter InterpreterID `json:"interpreter,omitzero"`
	Locked      bool          `json:"locked,omitzero"`
	Cancelled   bool          `json:"cancelled,omitzero"`
	Reason      string        `json:"reason,omitzero"`
}

// RequestCard is request/<request>, for moderators, while it is open.
type RequestCard struct {
	Meeting     MeetingID     `json:"meeting"`
	Pair        Pair          `json:"pair"`
	Skill       string        `json:"skill,omitzero"`
	State       RequestState  `json:"state"`
	Interpreter InterpreterID `json:"interpreter,omitzero"`
	At          Instant       `json:"at"`
	ClaimedAt   Instant       `json:"claimedAt,omitzero"`
	ArrivedAt   Instant       `json:"arrivedAt,omitzero"`
	Escalated   bool          `json:"escalated,omitzero"`
	CanTake     int           `json:"canTake"` // interpreters on duty and free who could claim it
}

// NoticeCard is notice/<notice>, for moderators: how many of those it is for have seen it.
type NoticeCard struct {
	Kind    NoticeKind `json:"kind"`
	Round   RoundID    `json:"round,omitzero"`
	Meeting MeetingID  `json:"meeting,omitzero"`
	From    Place      `json:"from,omitzero"`
	To      Place      `json:"to,omitzero"`
	At      Instant    `json:"at"`
	Last    bool       `json:"last,omitzero"`
	For     int        `json:"for"`
	Seen    int        `json:"seen"`
}

// UnseenCard is unseen/<notice>:<role>:<id>, for moderators: one person who has not acknowledged it.
type UnseenCard struct {
	Notice NoticeID `json:"notice"`
	Who    ActorID  `json:"who"`
	ToldBy ActorID  `json:"toldBy,omitzero"` // who told them in person
}

// DeliveryCard is sent/<notice>, for moderators: the people to whom it has not been delivered. There is
// no such card once it was delivered to a screen of everyone it is for.
type DeliveryCard struct {
	Count int       `json:"count"`
	Who   []ActorID `json:"who,omitempty"` // sorted; absent if more than MaxNamedRecipients
}

// HistoryCard is done/<sequence>, for moderators: one of the last commands, newest by sequence.
type HistoryCard struct {
	Command CommandKey  `json:"command"`
	Kind    CommandKind `json:"kind"`
	By      ActorID     `json:"by"`
	At      Instant     `json:"at"`   // event time
	Of      []string    `json:"of"`   // what it changed: "meeting/m017", "table/T05", …
	Undo    bool        `json:"undo"` // it can be undone and has not been
}

// LostCard is lost/<lost>, for moderators, and for the attendee or interpreter whose command it was: a
// command that was accepted but is no longer in the log, until somebody dismisses it.
type LostCard struct {
	Command CommandKey  `json:"command"`
	Kind    CommandKind `json:"kind"`
	By      ActorID     `json:"by"`
	Wall    Instant     `json:"wall"`         // wall time at which it was accepted
	Of      []string    `json:"of,omitempty"` // what it had changed: "meeting/m017", "table/T05", …
}

// SeatCard is seat/<zone>:<meeting>, for the displays of a zone. It names no person.
type SeatCard struct {
	Round       RoundID `json:"round"`
	Table       TableID `json:"table"`
	Label       string  `json:"label"`
	Host        Text    `json:"host"`
	Guest       Text    `json:"guest"`
	Interpreted bool    `json:"interpreted,omitzero"`
	MovedAt     Instant `json:"movedAt,omitzero"` // event time; shown as changed for a minute
	Cancelled   bool    `json:"cancelled,omitzero"`
}

// BoardCard is board/<zone>:<table>, for the displays of a zone: a table in it.
type BoardCard struct {
	Label  string `json:"label"`
	Closed bool   `json:"closed,omitzero"`
}

// ClockCard is clock/clock, for everyone: the relation of event time to wall time.
type ClockCard struct {
	EventClock
}

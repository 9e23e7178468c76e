package floor

// Event is the forum as a whole.
type Event struct {
	ID          EventID `json:"id"`
	Name        Text    `json:"name"`
	TimeZone    string  `json:"timeZone"` // IANA name; pages show times in it
	Place       Text    `json:"place,omitzero"`
	GraceMin    int     `json:"graceMin"`    // minutes after a round's start until a missing side may be marked
	EscalateMin int     `json:"escalateMin"` // minutes until an unclaimed request is raised to the moderators
	Version     int     `json:"version"`     // 0 while the schedule is a draft, then 1, 2, …
	ReleasedAt  Instant `json:"releasedAt,omitzero"`
	PurgeAt     Instant `json:"purgeAt,omitzero"` // wall time at which all personal data is to be erased; 0: none
}

// Zone is a part of the hall.
type Zone struct {
	ID   ZoneID `json:"id"`
	Name Text   `json:"name"`
}

// Table is where meetings take place.
type Table struct {
	ID       TableID   `json:"id"`
	Label    string    `json:"label"` // what its sign says: "07"
	Zone     ZoneID    `json:"zone"`
	Capacity int       `json:"capacity"` // people seated, the interpreter not counted
	Home     CompanyID `json:"home,omitzero"`
	Closed   bool      `json:"closed,omitzero"`
	Reason   string    `json:"reason,omitzero"` // why it is closed
}

// SlotState is how far a round or an agenda item has come.
type SlotState string

// The states of a slot, in their order.
const (
	StatePlanned    SlotState = "planned"
	StateCalled     SlotState = "called"
	StateCalledLast SlotState = "calledLast"
	StateRunning    SlotState = "running"
	StateEnded      SlotState = "ended"
)

// Slot is a part of the timetable: what a round and an agenda item have in common.
type Slot struct {
	Plan  Span      `json:"plan"` // as imported
	Now   Span      `json:"now"`  // as expected, or as it was
	State SlotState `json:"state"`
	Extra Instant   `json:"extra,omitzero"` // the sum of its extensions
}

// Late returns by how many milliseconds the slot runs behind its plan; negative is early.
func (s Slot) Late() Instant { return s.Now.End - s.Plan.End }

// Round is one of the timed rounds of meetings.
type Round struct {
	ID RoundID `json:"id"`
	No int     `json:"no"`
	Slot
	Left int `json:"left,omitzero"` // the last "minutes left" that was announced
}

// ItemKind is the kind of an agenda item.
type ItemKind string

// The kinds of agenda items.
const (
	ItemTalk     ItemKind = "talk"
	ItemMatching ItemKind = "matching" // contains rounds; its times follow theirs
	ItemBreak    ItemKind = "break"
	ItemVisit    ItemKind = "visit"
)

// Item is an entry of the agenda.
type Item struct {
	ID   ItemID   `json:"id"`
	Kind ItemKind `json:"kind"`
	Name Text     `json:"name"`
	Slot
	AbsorbsMin int  `json:"absorbsMin,omitzero"` // minutes of delay that it can make up by being shorter
	Place      Text `json:"place,omitzero"`
}

// Side is one of a meeting's two companies.
type Side string

// The sides.
const (
	Host  Side = "host"
	Guest Side = "guest"
)

// Presence is whether a side is at its table.
type Presence string

// The values of Presence.
const (
	Expected Presence = "expected"
	Present  Presence = "present"
	NoShow   Presence = "noShow"
)

// Place is a round and a table. The zero Place is the tray: the meeting has no place.
type Place struct {
	Round RoundID `json:"round,omitzero"`
	Table TableID `json:"table,omitzero"`
}

// Party is one side of a meeting.
type Party struct {
	Company  CompanyID    `json:"company"`
	People   []AttendeeID `json:"people"`
	Presence Presence     `json:"presence"`
	GraceEnd bool         `json:"graceEnd,omitzero"` // the grace period ended before it was seen at the table
}

// Meeting is two companies at a table in a round.
type Meeting struct {
	ID          MeetingID     `json:"id"`
	Place       Place         `json:"place"`
	Host        Party         `json:"host"`
	Guest       Party         `json:"guest"`
	Pair        Pair          `json:"pair,omitzero"` // the languages to interpret between
	Interpreter InterpreterID `json:"interpreter,omitzero"`
	Locked      bool          `json:"locked,omitzero"`
	Cancelled   bool          `json:"cancelled,omitzero"`
	Reason      string        `json:"reason,omitzero"`  // why it was cancelled
	MovedAt     Instant       `json:"movedAt,omitzero"` // event time of its last move after release
}

// Party returns one side.
func (m Meeting) Party(s Side) Party {
	if s == Guest {
		return m.Guest
	}
	return m.Host
}

// RequestState is how far an interpreter request has come.
type RequestState string

// The states of a request, in their order; the last two end it.
const (
	Requested RequestState = "requested"
	Claimed   RequestState = "claimed"
	OnTheWay  RequestState = "onTheWay"
	Arrived   RequestState = "arrived"
	Released  RequestState = "released"
	Cancelled RequestState = "cancelled"
)

// Open reports whether the request has not ended.
func (s RequestState) Open() bool { return s != Released && s != Cancelled }

// Request asks for an interpreter at a meeting.
type Request struct {
	ID          RequestID     `json:"id"`
	Meeting     MeetingID     `json:"meeting"`
	By          ActorID       `json:"by"`
	Pair        Pair          `json:"pair"`
	Skill       string        `json:"skill,omitzero"`
	State       RequestState  `json:"state"`
	Interpreter InterpreterID `json:"interpreter,omitzero"`
	At          Instant       `json:"at"` // event time of the request
	ClaimedAt   Instant       `json:"claimedAt,omitzero"`
	ArrivedAt   Instant       `json:"arrivedAt,omitzero"`
	Escalated   bool          `json:"escalated,omitzero"`
}

// Announcement is a sentence to everyone.
type Announcement struct {
	ID    AnnouncementID `json:"id"`
	Text  Text           `json:"text"`
	At    Instant        `json:"at"`
	Until Instant        `json:"until"` // event time at which it is withdrawn by the clock
}

// NoticeKind is the reason of a notice.
type NoticeKind string

// The kinds of notices.
const (
	NoticeCall      NoticeKind = "call"      // come to your table: a round is called
	NoticeMoved     NoticeKind = "moved"     // your meeting has another place
	NoticeCancelled NoticeKind = "cancelled" // your meeting will not take place
)

// Notice must not be lost: it stays on the screens of everyone it is for until they acknowledge it
// ("Got it") or it expires.
type Notice struct {
	ID      NoticeID   `json:"id"`
	Kind    NoticeKind `json:"kind"`
	Round   RoundID    `json:"round,omitzero"`
	Meeting MeetingID  `json:"meeting,omitzero"`
	From    Place      `json:"from,omitzero"`
	To      Place      `json:"to,omitzero"`
	At      Instant    `json:"at"`
	Last    bool       `json:"last,omitzero"` // a call: the last one
	Undo    bool       `json:"undo,omitzero"` // the move undoes a mistaken one
	For     []ActorID  `json:"for"`           // sorted
}

// Wish is a company's wish to meet another. It is imported and stored for planning the schedule.
type Wish struct {
	From     CompanyID `json:"from"`
	To       CompanyID `json:"to"`
	Priority int       `json:"priority"` // 1 is the strongest
}

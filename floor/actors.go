package floor

import "strings"

// Text is a name or sentence in up to three languages; at least one is given.
type Text struct {
	Ko string `json:"ko,omitzero"`
	Zh string `json:"zh,omitzero"`
	En string `json:"en,omitzero"`
}

// Empty reports whether no language is given.
func (t Text) Empty() bool { return t == Text{} }

// Lang is a language code: two or three lower-case letters, as in ISO 639.
type Lang string

// Pair is a pair of languages that an interpreter works between. Its text form
// is "ko-zh"; the two stand in alphabetical order, so a pair equals its reverse.
type Pair string

// MakePair answers the pair of two languages.
func MakePair(a, b Lang) Pair {
	if b < a {
		a, b = b, a
	}
	return Pair(string(a) + "-" + string(b))
}

// Role is what a person or screen is on the floor.
type Role string

// The roles. A lead is a moderator whose Staff entry says so.
const (
	RoleOrganiser   Role = "organiser"
	RoleModerator   Role = "moderator"
	RoleRunner      Role = "runner"
	RoleInterpreter Role = "interpreter"
	RoleAttendee    Role = "attendee"
	RoleDisplay     Role = "display"
	RoleClock       Role = "clock"    // time itself: see State.Due
	RoleOperator    Role = "operator" // whoever runs the program: first set-up, imports from the command line
)

// ActorID names a person, a screen or the clock: "<role>:<id>", for example
// "attendee:k03a". It is opaque: no personal name is in it.
type ActorID string

// NewActorID joins a role and an id.
func NewActorID[ID ~string](role Role, id ID) ActorID {
	return ActorID(string(role) + ":" + string(id))
}

// Role answers the part before the colon.
func (w ActorID) Role() Role { role, _, _ := strings.Cut(string(w), ":"); return Role(role) }

// ID answers the part after the colon.
func (w ActorID) ID() string { _, id, _ := strings.Cut(string(w), ":"); return id }

// Link answers the name of the link that lets w sign in.
func (w ActorID) Link() LinkID { return LinkID(string(w.Role()) + "-" + w.ID()) }

// Clock is who gives the commands that time brings about.
const Clock ActorID = "clock:clock"

// Operator is who gives the commands of the command line.
const Operator ActorID = "operator:cli"

// Company is one of the two sides' firms.
type Company struct {
	ID        CompanyID `json:"id"`
	Name      Text      `json:"name"`
	Country   string    `json:"country"` // ISO 3166 alpha-2
	Languages []Lang    `json:"languages"`
	HomeTable TableID   `json:"homeTable,omitzero"`
	Standby   bool      `json:"standby,omitzero"`
}

// Attendee is a company's representative.
type Attendee struct {
	ID        AttendeeID `json:"id"`
	Company   CompanyID  `json:"company"`
	Name      Text       `json:"name"`
	Title     string     `json:"title,omitzero"`
	CheckedIn Instant    `json:"checkedIn,omitzero"`
}

// Staff is a moderator (lead, or of zones) or a runner.
type Staff struct {
	ID    StaffID  `json:"id"`
	Name  Text     `json:"name"`
	Role  Role     `json:"role"` // moderator or runner
	Lead  bool     `json:"lead,omitzero"`
	Zones []ZoneID `json:"zones,omitempty"` // a moderator's; none and not lead: no zone
}

// Who answers the staff member's name as an actor.
func (s Staff) Who() ActorID { return NewActorID(s.Role, s.ID) }

// Duty is whether an interpreter is working.
type Duty string

// The duties.
const (
	OffDuty Duty = "off"
	OnDuty  Duty = "on"
	OnBreak Duty = "break"
)

// Interpreter works between language pairs, in shifts.
type Interpreter struct {
	ID      InterpreterID `json:"id"`
	Name    Text          `json:"name"`
	Pairs   []Pair        `json:"pairs"`
	Skills  []string      `json:"skills,omitempty"`
	Shifts  []Span        `json:"shifts,omitempty"` // none: the whole event
	Floater bool          `json:"floater,omitzero"`
	Duty    Duty          `json:"duty"`
}

// Display is a screen on a wall.
type Display struct {
	ID        DisplayID `json:"id"`
	Name      string    `json:"name"`
	Zones     []ZoneID  `json:"zones"`
	Languages []Lang    `json:"languages"`
}

// Organiser may do everything in the events of an instance.
type Organiser struct {
	ID   OrganiserID `json:"id"`
	Name string      `json:"name"`
}

// Link lets one person or screen sign in. Its secret is not here: it is derived
// from the instance's key, the event, ID and Generation.
type Link struct {
	ID         LinkID  `json:"id"`
	Who        ActorID `json:"who"`
	Generation int     `json:"generation"` // 1 at first, one more at each rotation
}

package floor

import "strings"

// Text is a name or a sentence in up to three languages, at least one.
type Text struct {
	Ko string `json:"ko,omitzero"`
	Zh string `json:"zh,omitzero"`
	En string `json:"en,omitzero"`
}

// Empty reports whether no language is set.
func (t Text) Empty() bool { return t == Text{} }

// Lang is a language code: two or three lower-case letters, as in ISO 639.
type Lang string

// Pair is a pair of languages that an interpreter works between. Its text form is "ko-zh": the two are
// in alphabetical order, so that a pair equals its reverse.
type Pair string

// MakePair returns the pair of two languages.
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
	RoleOperator    Role = "operator" // the program itself: first set-up, imports from the command line
)

// ActorID identifies a person, a screen or the clock: "<role>:<id>", for example "attendee:k03a". No
// personal name is in it.
type ActorID string

// NewActorID joins a role and an id.
func NewActorID[ID ~string](role Role, id ID) ActorID {
	return ActorID(string(role) + ":" + string(id))
}

// Role returns the part before the colon.
func (w ActorID) Role() Role { role, _, _ := strings.Cut(string(w), ":"); return Role(role) }

// ID returns the part after the colon.
func (w ActorID) ID() string { _, id, _ := strings.Cut(string(w), ":"); return id }

// Link returns the id of the link with which w signs in.
func (w ActorID) Link() LinkID { return LinkID(string(w.Role()) + "-" + w.ID()) }

// Clock is the sender of commands that fall due with time.
const Clock ActorID = "clock:clock"

// Operator gives the commands of the command line.
const Operator ActorID = "operator:cli"

// Company is a company that takes part, as a host or a guest.
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
	Zones []ZoneID `json:"zones,omitempty"` // a moderator's; without any, and if not lead: no zone
}

// ActorID returns the staff member's actor id.
func (s Staff) ActorID() ActorID { return NewActorID(s.Role, s.ID) }

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

// Link lets one person or screen sign in. It does not have the secret, which is derived from the
// instance's key, the event, ID and Generation.
type Link struct {
	ID         LinkID  `json:"id"`
	Who        ActorID `json:"who"`
	Generation int     `json:"generation"` // 1 at first, one more at each rotation
}

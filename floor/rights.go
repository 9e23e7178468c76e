package floor

import "slices"

// right is how far a role may use a command. The zero value is: not at all.
type right uint8

const (
	nowhere    right = iota
	own              // for their own company's meetings, or for themselves
	inZone           // if every table concerned is in their zones
	everywhere       //
)

// rightsRow has the rights to a command by role: O organiser, L lead, M zone moderator, R runner,
// I interpreter, A attendee, C clock, P operator (the program itself). A display has none.
type rightsRow struct{ O, L, M, R, I, A, C, P right }

// rights is the only table of who may do what. What is not in it is refused.
var rights = map[CommandKind]rightsRow{
	"importForum":   {O: everywhere, P: everywhere},
	"release":       {O: everywhere, L: everywhere, P: everywhere},
	"setClock":      {O: everywhere, L: everywhere, P: everywhere},
	"rotateLink":    {O: everywhere, L: everywhere, P: everywhere},
	"announce":      {O: everywhere, L: everywhere, M: everywhere},
	"withdraw":      {O: everywhere, L: everywhere, M: everywhere},
	"undo":          {O: everywhere, L: everywhere, M: own, R: own},
	"call":          {O: everywhere, L: everywhere},
	"start":         {O: everywhere, L: everywhere},
	"extend":        {O: everywhere, L: everywhere},
	"end":           {O: everywhere, L: everywhere},
	"moveMeeting":   {O: everywhere, L: everywhere, M: inZone},
	"swapMeetings":  {O: everywhere, L: everywhere, M: inZone},
	"cancelMeeting": {O: everywhere, L: everywhere, M: inZone},
	"lockMeeting":   {O: everywhere, L: everywhere, M: inZone},
	"closeTable":    {O: everywhere, L: everywhere, M: inZone},
	"openTable":     {O: everywhere, L: everywhere, M: inZone},

	"checkIn":     {O: everywhere, L: everywhere, M: everywhere, R: everywhere, A: own},
	"markPresent": {O: everywhere, L: everywhere, M: inZone, R: everywhere, A: own},
	"markNoShow":  {O: everywhere, L: everywhere, M: inZone, R: everywhere},
	"markTold":    {O: everywhere, L: everywhere, M: everywhere, R: everywhere},
	"seen":        {I: own, A: own},

	"setDuty":            {O: everywhere, L: everywhere, M: everywhere, I: own},
	"requestInterpreter": {O: everywhere, L: everywhere, M: inZone, R: everywhere, A: own},
	"claimRequest":       {O: everywhere, L: everywhere, M: inZone, I: own},
	"setOut":             {O: everywhere, L: everywhere, M: inZone, I: own},
	"arrive":             {O: everywhere, L: everywhere, M: inZone, I: own},
	"releaseRequest":     {O: everywhere, L: everywhere, M: inZone, I: own},
	"cancelRequest":      {O: everywhere, L: everywhere, M: inZone, R: everywhere, A: own},

	"dismissLost": {O: everywhere, L: everywhere, M: own, R: own, I: own, A: own},

	"timePassed":    {C: everywhere},
	"nameLost":      {C: everywhere},
	"raiseVersion":  {P: everywhere},
	"markDelivered": {C: everywhere},
	"recordExport":  {O: everywhere, P: everywhere},
	"addOrganiser":  {O: everywhere, P: everywhere},
	"registerEvent": {O: everywhere, P: everywhere},
	"setPublicURL":  {O: everywhere, P: everywhere},

	"setInstanceKey": {P: everywhere},
}

func (r rightsRow) forRole(role Role, lead bool) right {
	switch role {
	case RoleOrganiser:
		return r.O
	case RoleModerator:
		if lead {
			return r.L
		}
		return r.M
	case RoleRunner:
		return r.R
	case RoleInterpreter:
		return r.I
	case RoleAttendee:
		return r.A
	case RoleClock:
		return r.C
	case RoleOperator:
		return r.P
	}
	return nowhere
}

// authorise finds the sender's right. A limited right must then be checked against what the command
// concerns, by one of the methods below; Decide refuses a command that does not call one.
func (d *decision) authorise() *Error {
	by := d.envelope.By
	kind := KindOf(d.envelope.Command)
	forbidden := newError(CodeForbidden, "command", string(kind))
	switch by.Role() {
	case RoleOrganiser, RoleClock, RoleOperator: // the caller has authenticated them
	default:
		if _, ok := d.Profile(by); !ok {
			return forbidden
		}
	}
	d.right = rights[kind].forRole(by.Role(), d.isLead(by))
	if d.right == nowhere {
		return forbidden
	}
	return nil
}

func (d *decision) isLead(w ActorID) bool {
	return w.Role() == RoleModerator && d.staff.At(StaffID(w.ID())).Lead
}

// checkZones refuses a zone moderator a table outside their zones. The empty table is the tray, which
// is in no zone.
func (d *decision) checkZones(tables ...TableID) *Error {
	if d.right != inZone {
		return nil
	}
	d.rightChecked = true
	zones := d.staff.At(StaffID(d.envelope.By.ID())).Zones
	for _, id := range tables {
		if zone := d.tables.At(id).Zone; id != "" && !slices.Contains(zones, zone) {
			return newError(CodeOtherZone, "zone", string(zone))
		}
	}
	return nil
}

// checkMeetingRight lets staff act by the zone of the meeting's table, and attendees if they take part.
func (d *decision) checkMeetingRight(m Meeting) *Error {
	if d.right != own || d.envelope.By.Role() != RoleAttendee {
		return d.checkZones(m.Place.Table)
	}
	d.rightChecked = true
	company := d.attendees.At(AttendeeID(d.envelope.By.ID())).Company
	if company != m.Host.Company && company != m.Guest.Company {
		return newError(CodeNotYours, "of", meetingRef(m.ID).String())
	}
	return nil
}

// checkInterpreterRight lets an interpreter act for themselves only.
func (d *decision) checkInterpreterRight(id InterpreterID, of Ref) *Error {
	if d.right != own {
		return nil
	}
	d.rightChecked = true
	if d.envelope.By != NewActorID(RoleInterpreter, id) {
		return newError(CodeNotYours, "of", of.String())
	}
	return nil
}

// checkOwner lets a limited right act only if the thing named of is the sender's own (mine).
func (d *decision) checkOwner(mine bool, of Ref) *Error {
	if d.right != own {
		return nil
	}
	d.rightChecked = true
	if !mine {
		return newError(CodeNotYours, "of", of.String())
	}
	return nil
}

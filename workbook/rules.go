package workbook

import (
	"strconv"
	"strings"

	"github.com/matchfloor/matchfloor/floor"
)

// sheetOfKind maps a kind of a forum's entries to its sheet.
var sheetOfKind = map[string]string{
	"event": sheetEvent, "item": sheetAgenda, "zone": sheetZones, "table": sheetTables, "round": sheetRounds,
	"company": sheetCompanies, "attendee": sheetAttendees, "staff": sheetStaff, "interpreter": sheetInterpreters,
	"display": sheetDisplays, "meeting": sheetMeetings, "wish": sheetWishes,
}

// columnOfField maps a field of an entry to its column, if that has another name.
var columnOfField = map[string]string{
	"name": "name_en", "timeZone": "time_zone", "graceMin": "grace_min", "escalateMin": "escalate_min", "purgeAt": "purge_after",
	"plan": "start", "state": "start", "absorbsMin": "absorbs_min", "homeTable": "home_table",
	"hostPeople": "host_people", "guestPeople": "guest_people",
}

// checkRules checks the whole forum against the floor's hard rules and gives each breach its
// row and column. An incomplete workbook is not checked: what is missing must be added
// first.
func (b *bookReader) checkRules() {
	if b.incomplete {
		return
	}
	b.readable = len(b.faults) == 0
	breaches := floor.CheckForum(b.forum)
	for len(breaches) > 0 {
		same := 1
		for same < len(breaches) && sameBreach(breaches[0], breaches[same]) {
			same++
		}
		b.addBreach(breaches[0], breachPeople(breaches[:same]))
		breaches = breaches[same:]
	}
}

// sameBreach reports whether two breaches differ only in the person, as when all people of a
// company are booked twice.
func sameBreach(a, b floor.ForumFault) bool {
	return a.Kind == b.Kind && a.Index == b.Index && a.Field == b.Field && a.Err.Code == b.Err.Code &&
		a.Err.Params["who"] != "" && a.Err.Params["meeting"] == b.Err.Params["meeting"]
}

// breachPeople returns the ids of the people of breaches.
func breachPeople(breaches []floor.ForumFault) string {
	ids := make([]string, len(breaches))
	for i, f := range breaches {
		ids[i] = floor.ActorID(f.Err.Params["who"]).ID()
	}
	return strings.Join(ids, ", ")
}

// addBreach records a broken rule. A breach that follows from an unreadable cell is left
// out: the cell has a fault already.
func (b *bookReader) addBreach(f floor.ForumFault, who string) {
	sheet := sheetOfKind[f.Kind]
	if f.Index >= len(b.entries[sheet]) {
		if b.readable { // there is no event, and no other fault that says so
			b.add(0, 0, Fault{Code: Rule, Params: params("error", f.Err.Error())})
		}
		return
	}
	r := b.entries[sheet][f.Index]
	p := f.Err.Params
	switch f.Err.Code {
	case floor.CodeTableTaken:
		r.fault("table", TableTwice, "table", p["table"], "round", p["round"], "meeting", p["meeting"], "row", b.rowOf(sheetMeetings, p["meeting"]))
	case floor.CodeTableSmall:
		if b.hasFault(sheetTables, p["table"], "capacity") {
			return
		}
		r.fault("table", TableSmall, "table", p["table"], "capacity", p["capacity"], "people", p["people"])
	case floor.CodePersonBusy:
		r.fault(f.Field, PersonTwice, "person", who, "round", p["round"], "meeting", p["meeting"], "row", b.rowOf(sheetMeetings, p["meeting"]))
	case floor.CodeInterpreterBusy:
		r.fault("interpreter", InterpreterTwice, "person", who, "round", p["round"], "meeting", p["meeting"], "row", b.rowOf(sheetMeetings, p["meeting"]))
	case floor.CodeWrongPair:
		if !r.bad["pair"] && !b.hasFault(sheetInterpreters, who, "pairs") {
			r.fault("interpreter", InterpreterPair, "person", who, "pair", p["pair"])
		}
	case floor.CodeOffShift:
		if round := normalize(r.cell("round")); !b.hasNoTimes(round) && !b.hasFault(sheetInterpreters, who, "shifts") {
			r.fault("interpreter", InterpreterShift, "person", who, "round", round)
		}
	case floor.CodeAlready:
		b.addSameSlot(r, f)
	case floor.CodeTooMany: // "of" is the name of the list, which is that of the sheet
		g := b.sheets[p["of"]]
		b.add(g.index, 0, Fault{Sheet: g.name, Code: TooManyRows, Params: params("limit", p["limit"])})
	default:
		r.addOtherBreach(f)
	}
}

// hasNoTimes reports whether a round's times have a fault, or the event's date or time zone.
func (b *bookReader) hasNoTimes(round string) bool {
	for _, event := range b.entries[sheetEvent] {
		if event.bad["date"] || event.bad["time_zone"] {
			return true
		}
	}
	return b.hasFault(sheetRounds, round, "day", "start", "end")
}

// addSameSlot records two rounds with the same number or with overlapping times.
func (b *bookReader) addSameSlot(r rowReader, f floor.ForumFault) {
	_, other, _ := strings.Cut(f.Err.Params["of"], "/")
	line := b.rowOf(sheetRounds, other)
	switch {
	case f.Kind == "round" && f.Field == "no":
		if b.hasFault(sheetRounds, other, "no") {
			return
		}
		r.fault("no", Duplicate, "value", strconv.Itoa(b.forum.Rounds[f.Index].No), "row", line)
	case f.Kind == "round" && f.Field == "plan":
		if b.hasNoTimes(f.ID) || b.hasNoTimes(other) {
			return
		}
		r.fault("start", RoundsOverlap, "round", f.ID, "other", other, "row", line)
	default:
		r.addOtherBreach(f)
	}
}

// addOtherBreach records a rule that has no sentence of its own here. Unreadable cells break
// such rules too, and so they are recorded only if every cell could be read.
func (r rowReader) addOtherBreach(f floor.ForumFault) {
	if !r.b.readable {
		return
	}
	column := f.Field
	if c, ok := columnOfField[column]; ok {
		column = c
	}
	if r.sheet.layout.column(column) == nil {
		column = r.sheet.layout.Columns[0].Name
	}
	r.fault(column, Rule, "error", f.Err.Error())
}

// rowOf returns the number of the row of an id, as text.
func (b *bookReader) rowOf(sheet, id string) string { return strconv.Itoa(b.rowByID[sheet][id]) }

package floor

import (
	"slices"

	"github.com/matchfloor/matchfloor/internal/hamt"
)

// changeableMeeting returns a meeting after checking the sender's zones and base, and that it is not
// cancelled.
func (d *decision) changeableMeeting(id MeetingID) (Meeting, *Error) {
	m, ok := d.meetings.Get(id)
	if !ok {
		return Meeting{}, unknown(meetingRef(id))
	}
	if err := d.checkZones(m.Place.Table); err != nil {
		return Meeting{}, err
	}
	if err := d.checkBase(meetingRef(id)); err != nil {
		return Meeting{}, err
	}
	if m.Cancelled {
		return Meeting{}, newError(CodeCancelled, "meeting", string(id))
	}
	return m, nil
}

func (c MoveMeeting) decide(d *decision) *Error {
	m, err := d.changeableMeeting(c.Meeting)
	if err != nil {
		return err
	}
	if m.Locked && !c.Override {
		return newError(CodeLocked, "meeting", string(m.ID))
	}
	to, err := d.moveTarget(m, c)
	if err != nil {
		return err
	}
	if to == m.Place {
		return newError(CodeNothingChanges)
	}
	if err := d.checkRoundOpen(m.Place); err != nil {
		return err
	}
	m, err = d.fitsWithoutInterpreter(m, to, c.WithoutInterpreter)
	if err != nil {
		return err
	}
	d.moveTo(m, to, false)
	return nil
}

// fitsWithoutInterpreter is fits for a meeting that may give up its interpreter, if without is set and
// the interpreter has another meeting in the round. It then notifies the interpreter that they are
// not needed, and notes for the sender that nobody interprets.
func (d *decision) fitsWithoutInterpreter(m Meeting, to Place, without bool) (Meeting, *Error) {
	err := d.fits(m, to)
	if err == nil || !without || err.Code != CodeInterpreterBusy {
		return m, err
	}
	alone := m
	alone.Interpreter = ""
	if err := d.fits(alone, to); err != nil {
		return m, err
	}
	d.emit(InterpreterAssigned{m.ID, m.Interpreter, ""})
	d.issueNotice(Notice{Kind: NoticeCancelled, Meeting: m.ID, From: m.Place}, []ActorID{NewActorID(RoleInterpreter, m.Interpreter)})
	d.addNote(NoteNoInterpreter, "meeting", string(m.ID))
	return alone, nil
}

// moveTarget returns the place that a move leads to.
func (d *decision) moveTarget(m Meeting, c MoveMeeting) (Place, *Error) {
	if c.Tray {
		if c.Table != "" || c.Round != "" {
			return Place{}, badValue("tray")
		}
		return Place{}, nil
	}
	to := m.Place
	if c.Table != "" {
		to.Table = c.Table
	}
	if c.Round != "" {
		to.Round = c.Round
	}
	if to.Table == "" || to.Round == "" {
		return Place{}, badValue("table")
	}
	return to, d.checkZones(to.Table)
}

// checkRoundOpen refuses a move out of a round that has ended.
func (d *decision) checkRoundOpen(p Place) *Error {
	if r, ok := d.rounds.Get(p.Round); ok && r.State == StateEnded {
		return newError(CodeRoundClosed, "round", string(p.Round))
	}
	return nil
}

// fits checks a meeting's new place against the hard rules: the round has not ended, the table is
// open, free and large enough, and nobody has two meetings at a time. The meeting's present place
// does not count.
func (d *decision) fits(m Meeting, to Place) *Error {
	if to == (Place{}) {
		return nil
	}
	round, ok := d.rounds.Get(to.Round)
	if !ok {
		return unknown(roundRef(to.Round))
	}
	if round.State == StateEnded {
		return newError(CodeRoundClosed, "round", string(to.Round))
	}
	table, ok := d.tables.Get(to.Table)
	if !ok {
		return unknown(tableRef(to.Table))
	}
	if table.Closed {
		return newError(CodeTableClosed, "table", string(to.Table))
	}
	if people := len(m.Host.People) + len(m.Guest.People); people > table.Capacity {
		return newError(CodeTableSmall, "table", string(table.ID), "capacity", itoa(table.Capacity), "people", itoa(people))
	}
	if other, ok := d.meetingAt(to); ok && other.ID != m.ID {
		return newError(CodeTableTaken, "table", string(to.Table), "round", string(to.Round), "meeting", string(other.ID))
	}
	return d.free(m, to.Round)
}

// free refuses a round in which somebody of the meeting has another one.
func (s State) free(m Meeting, round RoundID) *Error {
	for _, w := range m.participants() {
		for _, id := range s.meetingsOf.At(w) {
			other := s.meetings.At(id)
			if id == m.ID || !other.seated() || other.Place.Round != round {
				continue
			}
			code := CodePersonBusy
			if w.Role() == RoleInterpreter {
				code = CodeInterpreterBusy
			}
			return newError(code, "who", string(w), "round", string(round), "meeting", string(id))
		}
	}
	return s.interpretersFree(m, round)
}

// interpretersFree refuses a round in which the interpreter who has the meeting's open request, or the
// one who is assigned to it, has another meeting.
func (s State) interpretersFree(m Meeting, round RoundID) *Error {
	if r, ok := s.openRequest(m.ID); ok && r.Interpreter != "" {
		if err := s.interpreterFree(r.Interpreter, m.ID, round); err != nil {
			return err
		}
	}
	if m.Interpreter == "" {
		return nil
	}
	return s.interpreterFree(m.Interpreter, m.ID, round)
}

// interpreterFree refuses if an interpreter has another meeting than m in a round, by assignment or by
// a claimed request.
func (s State) interpreterFree(i InterpreterID, m MeetingID, round RoundID) *Error {
	w := NewActorID(RoleInterpreter, i)
	busy := func(id MeetingID) *Error {
		other := s.meetings.At(id)
		if id == m || !other.seated() || other.Place.Round != round {
			return nil
		}
		return newError(CodeInterpreterBusy, "who", string(w), "round", string(round), "meeting", string(id))
	}
	for _, id := range s.meetingsOf.At(w) {
		if err := busy(id); err != nil {
			return err
		}
	}
	for r := range s.openRequests() {
		if r.Interpreter == i {
			if err := busy(r.Meeting); err != nil {
				return err
			}
		}
	}
	return nil
}

// moveTo moves a meeting that fits, notifies its people, and adds notes about the new place.
func (d *decision) moveTo(m Meeting, to Place, undo bool) {
	d.emit(MeetingMoved{m.ID, m.Place, to, m.clearedMarks(to)})
	d.notifyMoved(m, to, undo)
	d.noteSoft(m, to)
}

func (c SwapMeetings) decide(d *decision) *Error {
	a, err := d.changeableMeeting(c.A)
	if err != nil {
		return err
	}
	b, err := d.changeableMeeting(c.B)
	if err != nil {
		return err
	}
	if a.ID == b.ID || a.Place == b.Place {
		return newError(CodeNothingChanges)
	}
	for _, m := range []Meeting{a, b} {
		if m.Locked {
			return newError(CodeLocked, "meeting", string(m.ID))
		}
		if m.Place == (Place{}) {
			return newError(CodeNoPlace, "meeting", string(m.ID))
		}
		if err := d.checkRoundOpen(m.Place); err != nil {
			return err
		}
	}
	return d.exchange(a, b, false)
}

// exchange gives two meetings each other's place. The rules are checked on a copy of the state in
// which both are off their places, so that neither is in the other's way.
func (d *decision) exchange(a, b Meeting, undo bool) *Error {
	lifted := *d.transaction
	lifted.edit = new(hamt.Edit)
	lifted.setMeeting(a.withPlace(Place{}))
	lifted.setMeeting(b.withPlace(Place{}))
	probe := &decision{transaction: &lifted}
	if err := probe.fits(a, b.Place); err != nil {
		return err
	}
	lifted.setMeeting(a.withPlace(b.Place))
	if err := probe.fits(b, a.Place); err != nil {
		return err
	}
	d.emit(MeetingsSwapped{a.ID, b.ID, a.Place, b.Place, a.clearedMarks(b.Place), b.clearedMarks(a.Place)})
	d.notifyMoved(a, b.Place, undo)
	d.notifyMoved(b, a.Place, undo)
	d.noteSoft(a, b.Place)
	d.noteSoft(b, a.Place)
	return nil
}

// withPlace returns the meeting with another place.
func (m Meeting) withPlace(p Place) Meeting { m.Place = p; return m }

// noteSoft adds notes about what a new place allows but does not recommend.
func (d *decision) noteSoft(m Meeting, to Place) {
	if to == (Place{}) {
		return
	}
	if home := d.companies.At(m.Host.Company).HomeTable; home != "" && home != to.Table && d.tables.At(home).Zone != d.tables.At(to.Table).Zone {
		d.addNote(NoteFarTable, "table", string(to.Table), "home", string(home))
	}
	for _, id := range d.meetingsBetween.At(m.companiesKey()) {
		if other := d.meetings.At(id); other.ID != m.ID && other.seated() {
			d.addNote(NoteMetBefore, "host", string(m.Host.Company), "guest", string(m.Guest.Company), "round", string(other.Place.Round))
			break
		}
	}
	if m.Interpreter != "" && !d.hasRest(m.Interpreter, to.Round) {
		d.addNote(NoteNoRest, "who", string(NewActorID(RoleInterpreter, m.Interpreter)), "round", string(to.Round))
	}
}

// maxWithoutRest is the number of rounds that an interpreter may work in a row before a note says so.
const maxWithoutRest = 4

// hasRest reports whether an interpreter who also works in round would still have a pause after at
// most maxWithoutRest rounds.
func (s State) hasRest(i InterpreterID, round RoundID) bool {
	busy := map[int]bool{s.rounds.At(round).No: true}
	for _, id := range s.meetingsOf.At(NewActorID(RoleInterpreter, i)) {
		if m := s.meetings.At(id); m.seated() {
			busy[s.rounds.At(m.Place.Round).No] = true
		}
	}
	row := 0
	for no := s.rounds.At(round).No - maxWithoutRest; no <= s.rounds.At(round).No+maxWithoutRest; no++ {
		if !busy[no] {
			row = 0
		} else if row++; row > maxWithoutRest {
			return false
		}
	}
	return true
}

func (c CancelMeeting) decide(d *decision) *Error {
	m, err := d.changeableMeeting(c.Meeting)
	if err != nil {
		return err
	}
	if !cleanText(c.Reason, MaxReason) {
		return badValue("reason")
	}
	if m.Locked {
		return newError(CodeLocked, "meeting", string(m.ID))
	}
	if err := d.checkRoundOpen(m.Place); err != nil {
		return err
	}
	if r, ok := d.openRequest(m.ID); ok {
		d.endRequest(r)
	}
	d.emit(MeetingCancelled{m.ID, true, c.Reason})
	d.withdrawMeetingNotices(m.ID)
	d.dropFromCall(m)
	d.issueNotice(Notice{Kind: NoticeCancelled, Meeting: m.ID, From: m.Place}, m.participants())
	return nil
}

func (c LockMeeting) decide(d *decision) *Error {
	m, err := d.changeableMeeting(c.Meeting)
	if err != nil {
		return err
	}
	if m.Locked == c.Locked {
		return newError(CodeNothingChanges)
	}
	d.emit(MeetingLocked{m.ID, c.Locked})
	return nil
}

// changeableTable returns a table after checking the sender's zones and base.
func (d *decision) changeableTable(id TableID) (Table, *Error) {
	t, ok := d.tables.Get(id)
	if !ok {
		return Table{}, unknown(tableRef(id))
	}
	if err := d.checkZones(id); err != nil {
		return Table{}, err
	}
	return t, d.checkBase(tableRef(id))
}

func (c CloseTable) decide(d *decision) *Error {
	t, err := d.changeableTable(c.Table)
	if err != nil {
		return err
	}
	if !cleanText(c.Reason, MaxReason) {
		return badValue("reason")
	}
	if t.Closed {
		return newError(CodeAlready, "of", tableRef(t.ID).String(), "state", "closed")
	}
	d.emit(TableClosed{t.ID, true, c.Reason})
	return nil
}

func (c OpenTable) decide(d *decision) *Error {
	t, err := d.changeableTable(c.Table)
	if err != nil {
		return err
	}
	if !t.Closed {
		return newError(CodeAlready, "of", tableRef(t.ID).String(), "state", "open")
	}
	d.emit(TableClosed{t.ID, false, t.Reason})
	return nil
}

// issueNotice issues a notice that people are to acknowledge. Before the release nobody is notified:
// nobody has been told anything that could change.
func (d *decision) issueNotice(n Notice, who []ActorID) {
	if !d.Released() || len(who) == 0 {
		return
	}
	slices.Sort(who)
	n.ID, n.At, n.For = NoticeID(d.newID("n")), d.now, slices.Compact(who)
	d.emit(NoticeIssued{n})
}

// notifyMoved replaces any earlier notice about a meeting's place.
func (d *decision) notifyMoved(m Meeting, to Place, undo bool) {
	d.withdrawMeetingNotices(m.ID, NoticeMoved)
	if m.Place.Round != to.Round {
		d.dropFromCall(m)
	}
	who := m.participants()
	if r, ok := d.openRequest(m.ID); ok && r.Interpreter != "" {
		who = append(who, NewActorID(RoleInterpreter, r.Interpreter))
	}
	d.issueNotice(Notice{Kind: NoticeMoved, Meeting: m.ID, From: m.Place, To: to, Undo: undo}, who)
}

// dropFromCall takes the people of a meeting that leaves its round out of the round's call.
func (d *decision) dropFromCall(m Meeting) {
	for _, w := range m.participants() {
		for _, id := range d.pending.At(w) {
			if n := d.notices.At(id); n.Kind == NoticeCall && n.Round == m.Place.Round {
				d.emit(NoticeDropped{id, w})
			}
		}
	}
}

// withdrawMeetingNotices withdraws the notices about a meeting: those of some kinds, or all.
func (d *decision) withdrawMeetingNotices(m MeetingID, kinds ...NoticeKind) {
	for _, id := range d.noticesOf.At(m) {
		if len(kinds) == 0 || slices.Contains(kinds, d.notices.At(id).Kind) {
			d.emit(NoticeWithdrawn{id})
		}
	}
}

func (d *decision) withdrawNotices(when func(Notice) bool) {
	for n := range d.notices.Values() {
		if when(n.Notice) {
			d.emit(NoticeWithdrawn{n.ID})
		}
	}
}

package floor

import (
	"cmp"
	"slices"
)

// MaxSkill is the greatest length of the name of a skill, in runes.
const MaxSkill = 40

func (c SetDuty) decide(d *decision) *Error {
	ref := interpreterRef(c.Interpreter)
	if err := d.checkInterpreterRight(c.Interpreter, ref); err != nil {
		return err
	}
	i, ok := d.interpreters.Get(c.Interpreter)
	if !ok {
		return unknown(ref)
	}
	switch c.Duty {
	case OnDuty, OffDuty, OnBreak:
	default:
		return badValue("duty")
	}
	if i.Duty == c.Duty {
		return newError(CodeAlready, "of", ref.String(), "state", string(c.Duty))
	}
	if c.Duty != OffDuty && len(i.Shifts) > 0 && d.now >= lastShiftEnd(i) {
		return newError(CodeOffShift, "who", string(NewActorID(RoleInterpreter, i.ID)))
	}
	d.emit(DutySet{i.ID, i.Duty, c.Duty})
	return nil
}

// lastShiftEnd returns when the last of an interpreter's shifts ends. There must be one.
func lastShiftEnd(i Interpreter) Instant {
	return slices.MaxFunc(i.Shifts, func(a, b Span) int { return cmp.Compare(a.End, b.End) }).End
}

func (c RequestInterpreter) decide(d *decision) *Error {
	m, ok := d.meetings.Get(c.Meeting)
	if !ok {
		return unknown(meetingRef(c.Meeting))
	}
	if err := d.checkMeetingRight(m); err != nil {
		return err
	}
	if err := d.checkReleased(); err != nil {
		return err
	}
	if m.Cancelled {
		return newError(CodeCancelled, "meeting", string(m.ID))
	}
	if !m.seated() {
		return newError(CodeNoPlace, "meeting", string(m.ID))
	}
	if err := d.checkRoundOpen(m.Place); err != nil {
		return err
	}
	if r, ok := d.openRequest(m.ID); ok {
		return newError(CodeRequestOpen, "request", string(r.ID))
	}
	pair, err := d.requestPair(c, m)
	if err != nil {
		return err
	}
	d.emit(InterpreterRequested{Request{
		ID: RequestID(d.newID("r")), Meeting: m.ID, By: d.envelope.By, Pair: pair, Skill: c.Skill, State: Requested, At: d.now,
	}})
	return nil
}

// requestPair returns the language pair of a request. Some interpreter of the event must speak it, and
// have the skill if one is asked for.
func (d *decision) requestPair(c RequestInterpreter, m Meeting) (Pair, *Error) {
	pair := c.Pair
	if pair == "" {
		pair = m.Pair
	}
	if pair == "" {
		pair = d.commonPair(m)
	}
	if !cleanText(c.Skill, MaxSkill) {
		return "", badValue("skill")
	}
	for i := range d.interpreters.Values() {
		if slices.Contains(i.Pairs, pair) && (c.Skill == "" || slices.Contains(i.Skills, c.Skill)) {
			return pair, nil
		}
	}
	if c.Skill != "" {
		return "", badValue("skill")
	}
	return "", badValue("pair")
}

// commonPair returns the pair of the two companies' first languages, as a guess.
func (d *decision) commonPair(m Meeting) Pair {
	host, guest := d.companies.At(m.Host.Company).Languages, d.companies.At(m.Guest.Company).Languages
	if len(host) == 0 || len(guest) == 0 {
		return ""
	}
	return MakePair(host[0], guest[0])
}

func (d *decision) requestByID(id RequestID) (Request, *Error) {
	r, ok := d.requests.Get(id)
	if !ok {
		return Request{}, unknown(requestRef(id))
	}
	return r, nil
}

func (c ClaimRequest) decide(d *decision) *Error {
	id := c.Interpreter
	if id == "" && d.envelope.By.Role() == RoleInterpreter {
		id = InterpreterID(d.envelope.By.ID())
	}
	if err := d.checkInterpreterRight(id, requestRef(c.Request)); err != nil {
		return err
	}
	r, err := d.requestByID(c.Request)
	if err != nil {
		return err
	}
	if err := d.checkZones(d.meetings.At(r.Meeting).Place.Table); err != nil {
		return err
	}
	if r.Interpreter != "" && r.State.Open() {
		return newError(CodeClaimed, "by", string(NewActorID(RoleInterpreter, r.Interpreter)))
	}
	if r.State != Requested {
		return newError(CodeAlready, "of", requestRef(r.ID).String(), "state", string(r.State))
	}
	i, ok := d.interpreters.Get(id)
	if !ok {
		return unknown(interpreterRef(id))
	}
	if err := d.checkCanServe(i, r); err != nil {
		return err
	}
	d.emit(RequestProgressed{r.ID, r.State, Claimed, i.ID})
	return nil
}

// checkCanServe refuses an interpreter who cannot serve a request now.
func (d *decision) checkCanServe(i Interpreter, r Request) *Error {
	who := string(NewActorID(RoleInterpreter, i.ID))
	if i.Duty != OnDuty {
		return newError(CodeOffDuty, "who", who)
	}
	if !onShift(i, d.now) {
		return newError(CodeOffShift, "who", who)
	}
	if !slices.Contains(i.Pairs, r.Pair) {
		return newError(CodeWrongPair, "who", who, "pair", string(r.Pair))
	}
	if r.Skill != "" && !slices.Contains(i.Skills, r.Skill) {
		return newError(CodeMissingSkill, "who", who, "skill", r.Skill)
	}
	return d.freeForRequest(i.ID, r)
}

func onShift(i Interpreter, now Instant) bool {
	return len(i.Shifts) == 0 || slices.ContainsFunc(i.Shifts, func(s Span) bool { return s.Contains(now) })
}

// freeForRequest refuses an interpreter who has another open request, or another meeting in the round
// of the request.
func (s State) freeForRequest(i InterpreterID, r Request) *Error {
	for o := range s.openRequests() {
		if o.Interpreter == i && o.ID != r.ID {
			return newError(CodeInterpreterBusy, "who", string(NewActorID(RoleInterpreter, i)),
				"round", string(s.meetings.At(o.Meeting).Place.Round), "meeting", string(o.Meeting))
		}
	}
	return s.interpreterFree(i, r.Meeting, s.meetings.At(r.Meeting).Place.Round)
}

func (c MarkInterpreterDeparted) decide(d *decision) *Error {
	return d.advanceRequest(c.Request, OnTheWay, Claimed)
}

func (c MarkInterpreterArrived) decide(d *decision) *Error {
	return d.advanceRequest(c.Request, Arrived, Claimed, OnTheWay)
}

func (c ReleaseRequest) decide(d *decision) *Error {
	r, err := d.requestByID(c.Request)
	if err != nil {
		return err
	}
	// The command ends a request that was served, and gives back one that was not. Which of the two
	// the sender meant depends on what the screen showed.
	if err := d.checkBase(requestRef(r.ID)); err != nil {
		return err
	}
	if r.State == Arrived {
		return d.advanceRequest(c.Request, Released, Arrived)
	}
	return d.advanceRequest(c.Request, Requested, Claimed, OnTheWay)
}

// advanceRequest brings a request from one of some states to the next, for its claimant or for staff.
func (d *decision) advanceRequest(id RequestID, to RequestState, from ...RequestState) *Error {
	r, err := d.requestByID(id)
	if err != nil {
		return err
	}
	if err := d.checkInterpreterRight(r.Interpreter, requestRef(id)); err != nil {
		return err
	}
	if err := d.checkZones(d.meetings.At(r.Meeting).Place.Table); err != nil {
		return err
	}
	if !slices.Contains(from, r.State) {
		return newError(CodeAlready, "of", requestRef(id).String(), "state", string(r.State))
	}
	keep := r.Interpreter
	if to == Requested {
		keep = ""
	}
	d.emit(RequestProgressed{r.ID, r.State, to, keep})
	return nil
}

func (c CancelRequest) decide(d *decision) *Error {
	r, err := d.requestByID(c.Request)
	if err != nil {
		return err
	}
	if err := d.checkMeetingRight(d.meetings.At(r.Meeting)); err != nil {
		return err
	}
	if !r.State.Open() {
		return newError(CodeAlready, "of", requestRef(r.ID).String(), "state", string(r.State))
	}
	if err := d.checkBase(requestRef(r.ID)); err != nil {
		return err
	}
	d.emit(RequestProgressed{r.ID, r.State, Cancelled, r.Interpreter})
	return nil
}

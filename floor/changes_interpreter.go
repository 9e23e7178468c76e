package floor

import "slices"

// The changes of interpreters, their requests, and notices.
type (
	// DutySet put an interpreter on or off duty, or on a break.
	DutySet struct {
		Interpreter InterpreterID `json:"interpreter"`
		From        Duty          `json:"from"`
		To          Duty          `json:"to"`
	}
	// InterpreterRequested called for an interpreter.
	InterpreterRequested struct {
		Request Request `json:"request"`
	}
	// RequestProgressed brought a request to another state. Interpreter is who has it then.
	RequestProgressed struct {
		Request     RequestID     `json:"request"`
		From        RequestState  `json:"from"`
		To          RequestState  `json:"to"`
		Interpreter InterpreterID `json:"interpreter,omitzero"`
	}
	// RequestEscalated raised a request that nobody took in time.
	RequestEscalated struct {
		Request RequestID `json:"request"`
	}
	// RequestsFiled lets go of a round's requests that have ended: the log keeps them.
	RequestsFiled struct {
		Round RoundID `json:"round"`
	}
	// NoticeIssued told people something that they are to confirm.
	NoticeIssued struct {
		Notice Notice `json:"notice"`
	}
	// NoticeSeen says that a person has confirmed it.
	NoticeSeen struct {
		Notice NoticeID `json:"notice"`
		Who    ActorID  `json:"who"`
	}
	// NoticeDropped took one person out of a notice that no longer concerns them.
	NoticeDropped struct {
		Notice NoticeID `json:"notice"`
		Who    ActorID  `json:"who"`
	}
	// NoticeWithdrawn ended a notice: what it said is past, or was replaced.
	NoticeWithdrawn struct {
		Notice NoticeID `json:"notice"`
	}
)

func (c DutySet) apply(d *draft) {
	i := d.interpreters.At(c.Interpreter)
	i.Duty = c.To
	d.interpreters = d.interpreters.With(d.edit, c.Interpreter, i)
	d.change(interpreterRef(c.Interpreter))
	d.subjectWhole(Subject(NewActorID(RoleInterpreter, c.Interpreter)))
}

func (c InterpreterRequested) apply(d *draft) {
	d.setRequest(c.Request)
	d.change(requestRef(c.Request.ID))
}

func (c RequestProgressed) apply(d *draft) {
	r := d.requests.At(c.Request)
	r.State, r.Interpreter = c.To, c.Interpreter
	switch c.To {
	case Claimed:
		r.ClaimedAt = d.now
	case Arrived:
		r.ArrivedAt = d.now
	case Requested:
		r.ClaimedAt, r.ArrivedAt = 0, 0
	}
	d.setRequest(r)
	d.change(requestRef(c.Request))
}

func (c RequestEscalated) apply(d *draft) {
	r := d.requests.At(c.Request)
	r.Escalated = true
	d.setRequest(r)
	d.touch(requestRef(c.Request))
}

func (c RequestsFiled) apply(d *draft) {
	for r := range d.ended(c.Round) {
		d.requests = d.requests.Without(d.edit, r.ID)
		d.revs = d.revs.without(d.edit, requestRef(r.ID))
	}
}

// ended yields the ended requests of a round's meetings.
func (s State) ended(round RoundID) func(yield func(Request) bool) {
	return func(yield func(Request) bool) {
		for r := range s.requests.Values() {
			if !r.State.Open() && s.meetings.At(r.Meeting).Place.Round == round && !yield(r) {
				return
			}
		}
	}
}

func (c NoticeIssued) apply(d *draft) {
	d.notices = d.notices.With(d.edit, c.Notice.ID, told{Notice: c.Notice, Issued: d.seq, Waiting: c.Notice.For})
	d.nowAbout(c.Notice)
	for _, w := range c.Notice.For {
		d.pending = d.pending.With(d.edit, w, withItem(d.pending.At(w), c.Notice.ID))
	}
	d.touch(noticeRef(c.Notice.ID))
}

func (c NoticeSeen) apply(d *draft) {
	n, ok := d.notices.Get(c.Notice)
	if !ok || !slices.Contains(d.pending.At(c.Who), c.Notice) {
		return
	}
	n.Seen++
	d.setWaiting(n, withoutItem(n.Waiting, c.Who))
	d.setPending(c.Who, withoutItem(d.pending.At(c.Who), c.Notice))
	d.touch(seenRef(c.Notice, c.Who))
}

func (c NoticeDropped) apply(d *draft) {
	n, ok := d.notices.Get(c.Notice)
	if !ok {
		return
	}
	d.touch(seenRef(c.Notice, c.Who))
	n.For = withoutItem(n.For, c.Who)
	d.setWaiting(n, withoutItem(n.Waiting, c.Who))
	d.setPending(c.Who, withoutItem(d.pending.At(c.Who), c.Notice))
}

func (c NoticeWithdrawn) apply(d *draft) {
	n, ok := d.notices.Get(c.Notice)
	if !ok {
		return
	}
	d.touch(noticeRef(c.Notice))
	for _, w := range n.For {
		d.setPending(w, withoutItem(d.pending.At(w), c.Notice))
	}
	d.notices = d.notices.Without(d.edit, c.Notice)
	if rest := withoutItem(d.about.At(n.Meeting), c.Notice); len(rest) > 0 {
		d.about = d.about.With(d.edit, n.Meeting, rest)
	} else {
		d.about = d.about.Without(d.edit, n.Meeting)
	}
}

// nowAbout notes of which meeting a notice tells.
func (d *draft) nowAbout(n Notice) {
	if n.Meeting == "" {
		return
	}
	ids := withItem(d.about.At(n.Meeting), n.ID)
	slices.Sort(ids)
	d.about = d.about.With(d.edit, n.Meeting, ids)
}

func (d *draft) setPending(w ActorID, list []NoticeID) {
	if len(list) == 0 {
		d.pending = d.pending.Without(d.edit, w)
		return
	}
	d.pending = d.pending.With(d.edit, w, list)
}

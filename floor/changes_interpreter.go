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
	// InterpreterRequested asked for an interpreter at a meeting.
	InterpreterRequested struct {
		Request Request `json:"request"`
	}
	// RequestProgressed brought a request to another state. Interpreter has it from then on.
	RequestProgressed struct {
		Request     RequestID     `json:"request"`
		From        RequestState  `json:"from"`
		To          RequestState  `json:"to"`
		Interpreter InterpreterID `json:"interpreter,omitzero"`
	}
	// RequestEscalated raised a request that nobody took in time to the moderators.
	RequestEscalated struct {
		Request RequestID `json:"request"`
	}
	// RequestsFiled removed a round's ended requests from the state.
	RequestsFiled struct {
		Round RoundID `json:"round"`
	}
	// NoticeIssued sent people a notice that they are to acknowledge.
	NoticeIssued struct {
		Notice Notice `json:"notice"`
	}
	// NoticeSeen says that a person has acknowledged a notice.
	NoticeSeen struct {
		Notice NoticeID `json:"notice"`
		Who    ActorID  `json:"who"`
	}
	// NoticeDropped took one person, whom it no longer concerns, out of a notice.
	NoticeDropped struct {
		Notice NoticeID `json:"notice"`
		Who    ActorID  `json:"who"`
	}
	// NoticeWithdrawn ended a notice: what it says is past or was replaced.
	NoticeWithdrawn struct {
		Notice NoticeID `json:"notice"`
	}
)

func (c DutySet) apply(tx *transaction) {
	i := tx.interpreters.At(c.Interpreter)
	i.Duty = c.To
	tx.interpreters = tx.interpreters.With(tx.edit, c.Interpreter, i)
	tx.markChanged(interpreterRef(c.Interpreter))
	tx.markWhole(Subject(NewActorID(RoleInterpreter, c.Interpreter)))
}

func (c InterpreterRequested) apply(tx *transaction) {
	tx.setRequest(c.Request)
	tx.markChanged(requestRef(c.Request.ID))
}

func (c RequestProgressed) apply(tx *transaction) {
	r := tx.requests.At(c.Request)
	r.State, r.Interpreter = c.To, c.Interpreter
	switch c.To {
	case Claimed:
		r.ClaimedAt = tx.now
	case Arrived:
		r.ArrivedAt = tx.now
	case Requested:
		r.ClaimedAt, r.ArrivedAt = 0, 0
	}
	tx.setRequest(r)
	tx.markChanged(requestRef(c.Request))
}

func (c RequestEscalated) apply(tx *transaction) {
	r := tx.requests.At(c.Request)
	r.Escalated = true
	tx.setRequest(r)
	tx.markAffected(requestRef(c.Request))
}

func (c RequestsFiled) apply(tx *transaction) {
	for r := range tx.endedRequests(c.Round) {
		tx.requests = tx.requests.Without(tx.edit, r.ID)
		tx.revisions = tx.revisions.without(tx.edit, requestRef(r.ID))
	}
}

func (c NoticeIssued) apply(tx *transaction) {
	tx.notices = tx.notices.With(tx.edit, c.Notice.ID, noticeStatus{Notice: c.Notice, Issued: tx.seq, Undelivered: c.Notice.For})
	tx.indexNotice(c.Notice)
	for _, w := range c.Notice.For {
		tx.pending = tx.pending.With(tx.edit, w, withItem(tx.pending.At(w), c.Notice.ID))
	}
	tx.markAffected(noticeRef(c.Notice.ID))
}

func (c NoticeSeen) apply(tx *transaction) {
	n, ok := tx.notices.Get(c.Notice)
	if !ok || !slices.Contains(tx.pending.At(c.Who), c.Notice) {
		return
	}
	n.Seen++
	tx.setUndelivered(n, withoutItem(n.Undelivered, c.Who))
	tx.setPending(c.Who, withoutItem(tx.pending.At(c.Who), c.Notice))
	tx.markAffected(seenRef(c.Notice, c.Who))
}

func (c NoticeDropped) apply(tx *transaction) {
	n, ok := tx.notices.Get(c.Notice)
	if !ok {
		return
	}
	tx.markAffected(seenRef(c.Notice, c.Who))
	n.For = withoutItem(n.For, c.Who)
	tx.setUndelivered(n, withoutItem(n.Undelivered, c.Who))
	tx.setPending(c.Who, withoutItem(tx.pending.At(c.Who), c.Notice))
}

func (c NoticeWithdrawn) apply(tx *transaction) {
	n, ok := tx.notices.Get(c.Notice)
	if !ok {
		return
	}
	tx.markAffected(noticeRef(c.Notice))
	for _, w := range n.For {
		tx.setPending(w, withoutItem(tx.pending.At(w), c.Notice))
	}
	tx.notices = tx.notices.Without(tx.edit, c.Notice)
	if rest := withoutItem(tx.noticesOf.At(n.Meeting), c.Notice); len(rest) > 0 {
		tx.noticesOf = tx.noticesOf.With(tx.edit, n.Meeting, rest)
	} else {
		tx.noticesOf = tx.noticesOf.Without(tx.edit, n.Meeting)
	}
}

// indexNotice adds a notice to the notices of its meeting.
func (tx *transaction) indexNotice(n Notice) {
	if n.Meeting == "" {
		return
	}
	ids := withItem(tx.noticesOf.At(n.Meeting), n.ID)
	slices.Sort(ids)
	tx.noticesOf = tx.noticesOf.With(tx.edit, n.Meeting, ids)
}

func (tx *transaction) setPending(w ActorID, list []NoticeID) {
	if len(list) == 0 {
		tx.pending = tx.pending.Without(tx.edit, w)
		return
	}
	tx.pending = tx.pending.With(tx.edit, w, list)
}

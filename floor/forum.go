package floor

import (
	"slices"
	"strings"
)

// ForumFault is a fault in a forum, and where it is.
type ForumFault struct {
	Kind  string // "event", "item", "zone", "table", "round", "company", "attendee", "staff", "interpreter", "display", "meeting" or "wish"
	ID    string // of the entry; of a wish: "<from>:<to>"
	Index int    // of the entry in its list
	Field string // the JSON name of the field, or ""
	Err   *Error
}

// The greatest numbers of entries of a forum, so that one node can work with its state.
const (
	MaxAttendees = 20_000
	MaxMeetings  = 20_000
	MaxTables    = 1_000
	MaxRounds    = 100
)

// CheckForum returns everything in a forum that breaks a hard rule, in the order of its lists. A forum
// can be imported if there is nothing.
func CheckForum(f Forum) []ForumFault {
	c := &forumCheck{forum: f, ids: map[string]map[string]bool{}}
	c.event()
	c.zonesAndTables()
	c.slots()
	c.companies()
	c.people()
	c.meetings()
	c.wishes()
	return c.faults
}

type forumCheck struct {
	forum  Forum
	faults []ForumFault
	ids    map[string]map[string]bool // by kind: the ids so far
	kind   string
	id     string
	index  int

	companyOf map[AttendeeID]CompanyID
	peopleOf  map[CompanyID][]AttendeeID
}

func (c *forumCheck) addFault(field string, err *Error) {
	c.faults = append(c.faults, ForumFault{c.kind, c.id, c.index, field, err})
}

// beginEntry begins an entry. Its id must be valid, and no other entry of its kind may have it.
func (c *forumCheck) beginEntry(kind, id string, index int) {
	c.kind, c.id, c.index = kind, id, index
	if c.ids[kind] == nil {
		c.ids[kind] = map[string]bool{}
	}
	switch {
	case !ValidID(id):
		c.addFault("id", badValue("id"))
	case c.ids[kind][id]:
		c.addFault("id", newError(CodeAlready, "of", Ref{RefKind(kind), id}.String(), "state", "listed"))
	}
	c.ids[kind][id] = true
}

// checkRef reports whether the entry that a field refers to is in the forum, and adds a fault if not.
// An empty id refers to nothing, and is no fault.
func (c *forumCheck) checkRef(field, kind, id string) bool {
	if id == "" || c.ids[kind][id] {
		return true
	}
	c.addFault(field, unknown(Ref{RefKind(kind), id}))
	return false
}

func (c *forumCheck) text(field string, t Text) {
	if t.Empty() || !t.Clean(MaxReason) {
		c.addFault(field, badValue(field))
	}
}

func (c *forumCheck) plain(field, s string) {
	if !cleanText(s, MaxReason) {
		c.addFault(field, badValue(field))
	}
}

func (c *forumCheck) atMost(field string, n, limit int) {
	if n > limit {
		c.addFault(field, newError(CodeTooMany, "of", field, "limit", itoa(limit)))
	}
}

func (c *forumCheck) event() {
	e := c.forum.Event
	c.beginEntry("event", string(e.ID), 0)
	c.text("name", e.Name)
	if e.TimeZone == "" {
		c.addFault("timeZone", badValue("timeZone"))
	}
	if e.GraceMin < 0 || e.GraceMin > 60 {
		c.addFault("graceMin", badValue("graceMin"))
	}
	if e.EscalateMin < 0 || e.EscalateMin > 60 {
		c.addFault("escalateMin", badValue("escalateMin"))
	}
	if e.PurgeAt != 0 && (e.PurgeAt < c.forum.end() || e.PurgeAt > lastInstant) {
		c.addFault("purgeAt", badValue("purgeAt"))
	}
	c.atMost("attendees", len(c.forum.Attendees), MaxAttendees)
	c.atMost("meetings", len(c.forum.Meetings), MaxMeetings)
	c.atMost("tables", len(c.forum.Tables), MaxTables)
	c.atMost("rounds", len(c.forum.Rounds), MaxRounds)
}

// end returns when the last slot of a forum is planned to end.
func (f Forum) end() (last Instant) {
	for _, i := range f.Items {
		last = max(last, i.Plan.End)
	}
	for _, r := range f.Rounds {
		last = max(last, r.Plan.End)
	}
	return last
}

func (c *forumCheck) zonesAndTables() {
	for i, z := range c.forum.Zones {
		c.beginEntry("zone", string(z.ID), i)
		c.text("name", z.Name)
	}
	for i, t := range c.forum.Tables {
		c.beginEntry("table", string(t.ID), i)
		c.checkRef("zone", "zone", string(t.Zone))
		c.plain("label", t.Label)
		if t.Label == "" {
			c.addFault("label", badValue("label"))
		}
		if t.Zone == "" {
			c.addFault("zone", badValue("zone"))
		}
		if t.Capacity < 1 || t.Capacity > 100 {
			c.addFault("capacity", badValue("capacity"))
		}
	}
}

func (c *forumCheck) slots() {
	span := func(s Slot) {
		if s.Plan.Start <= 0 || s.Plan.Length() < Minute {
			c.addFault("plan", badValue("plan"))
		}
		if s.State != StatePlanned || s.Now != s.Plan {
			c.addFault("state", badValue("state"))
		}
	}
	for i, it := range c.forum.Items {
		c.beginEntry("item", string(it.ID), i)
		c.text("name", it.Name)
		span(it.Slot)
		if !slices.Contains([]ItemKind{ItemTalk, ItemMatching, ItemBreak, ItemVisit}, it.Kind) {
			c.addFault("kind", badValue("kind"))
		}
		if it.AbsorbsMin < 0 || Instant(it.AbsorbsMin)*Minute >= it.Plan.Length() {
			c.addFault("absorbsMin", badValue("absorbsMin"))
		}
	}
	for i, r := range c.forum.Rounds {
		c.beginEntry("round", string(r.ID), i)
		span(r.Slot)
		for _, o := range c.forum.Rounds[:i] {
			if o.No == r.No {
				c.addFault("no", newError(CodeAlready, "of", roundRef(o.ID).String(), "state", "listed"))
			}
			if r.Plan.Start < o.Plan.End && o.Plan.Start < r.Plan.End {
				c.addFault("plan", newError(CodeAlready, "of", roundRef(o.ID).String(), "state", "listed"))
			}
		}
	}
}

func (c *forumCheck) companies() {
	for i, v := range c.forum.Companies {
		c.beginEntry("company", string(v.ID), i)
		c.text("name", v.Name)
		c.checkRef("homeTable", "table", string(v.HomeTable))
		if len(v.Country) != 2 {
			c.addFault("country", badValue("country"))
		}
		for _, l := range v.Languages {
			c.lang("languages", l)
		}
	}
	for i, t := range c.forum.Tables {
		c.kind, c.id, c.index = "table", string(t.ID), i
		c.checkRef("home", "company", string(t.Home))
	}
}

func (c *forumCheck) lang(field string, l Lang) {
	if len(l) < 2 || len(l) > 3 || strings.Trim(string(l), "abcdefghijklmnopqrstuvwxyz") != "" {
		c.addFault(field, badValue(field))
	}
}

func (c *forumCheck) people() {
	for i, v := range c.forum.Attendees {
		c.beginEntry("attendee", string(v.ID), i)
		c.text("name", v.Name)
		c.plain("title", v.Title)
		if c.checkRef("company", "company", string(v.Company)) && v.Company == "" {
			c.addFault("company", badValue("company"))
		}
	}
	for i, v := range c.forum.Staff {
		c.beginEntry("staff", string(v.ID), i)
		c.text("name", v.Name)
		if v.Role != RoleModerator && (v.Role != RoleRunner || v.Lead) {
			c.addFault("role", badValue("role"))
		}
		c.zones(v.Zones)
	}
	for i, v := range c.forum.Interpreters {
		c.beginEntry("interpreter", string(v.ID), i)
		c.interpreter(v)
	}
	for i, v := range c.forum.Displays {
		c.beginEntry("display", string(v.ID), i)
		c.plain("name", v.Name)
		c.zones(v.Zones)
		for _, l := range v.Languages {
			c.lang("languages", l)
		}
	}
}

func (c *forumCheck) zones(zones []ZoneID) {
	for _, z := range zones {
		c.checkRef("zones", "zone", string(z))
	}
}

func (c *forumCheck) interpreter(v Interpreter) {
	c.text("name", v.Name)
	if len(v.Pairs) == 0 {
		c.addFault("pairs", badValue("pairs"))
	}
	for _, p := range v.Pairs {
		c.pair("pairs", p)
	}
	for _, s := range v.Shifts {
		if s.Length() < Minute {
			c.addFault("shifts", badValue("shifts"))
		}
	}
	for _, s := range v.Skills {
		if s == "" || !cleanText(s, MaxSkill) {
			c.addFault("skills", badValue("skills"))
		}
	}
}

func (c *forumCheck) pair(field string, p Pair) {
	a, b, ok := strings.Cut(string(p), "-")
	if !ok || a == b || MakePair(Lang(a), Lang(b)) != p {
		c.addFault(field, badValue(field))
		return
	}
	c.lang(field, Lang(a))
	c.lang(field, Lang(b))
}

func (c *forumCheck) wishes() {
	for i, w := range c.forum.Wishes {
		c.kind, c.id, c.index = "wish", string(w.From)+":"+string(w.To), i
		c.checkRef("from", "company", string(w.From))
		c.checkRef("to", "company", string(w.To))
		if w.From == w.To || w.From == "" || w.To == "" {
			c.addFault("to", badValue("to"))
		}
		if w.Priority < 1 || w.Priority > 9 {
			c.addFault("priority", badValue("priority"))
		}
	}
}

package floor

import "github.com/matchfloor/matchfloor/internal/hamt"

// The changes of the event as a whole.
type (
	// ForumImported has the whole floor as it was imported.
	ForumImported struct {
		Forum Forum `json:"forum"`
	}
	// ScheduleReleased published a version of the schedule.
	ScheduleReleased struct {
		Version int `json:"version"`
	}
	// ClockSet gave the event another clock.
	ClockSet struct {
		Clock EventClock `json:"clock"`
	}
	// LinkRotated made a link's earlier secrets invalid.
	LinkRotated struct {
		Link       LinkID `json:"link"`
		Generation int    `json:"generation"`
	}
	// Announced showed everyone a text.
	Announced struct {
		Announcement Announcement `json:"announcement"`
	}
	// AnnouncementWithdrawn removed an announcement, by a command or because its time was over.
	AnnouncementWithdrawn struct {
		Announcement Announcement `json:"announcement"` // complete, so that an undo can restore it
		Expired      bool         `json:"expired,omitzero"`
	}
	// CommandUndone marks the command whose changes this record reverses.
	CommandUndone struct {
		Command CommandKey `json:"command"`
	}
)

func (c ForumImported) apply(tx *transaction) {
	f := c.Forum
	links, merging := tx.links, new(hamt.Edit)
	for id, l := range tx.retired.Each() {
		links = links.With(merging, id, l)
	}
	tx.State = State{
		seq: tx.seq, clock: tx.clock, version: tx.version, event: f.Event, history: tx.history, lost: tx.lost, exports: tx.exports, retired: links,
		secondaryIndexes: secondaryIndexes{otherWindow: tx.otherWindow, staffWindow: tx.staffWindow, shown: tx.shown},
	}
	tx.disableEarlierUndo()
	tx.markChanged(importRef)
	for _, v := range f.Items {
		tx.items = tx.items.With(tx.edit, v.ID, v)
	}
	for _, v := range f.Zones {
		tx.zones = tx.zones.With(tx.edit, v.ID, v)
	}
	for _, v := range f.Tables {
		tx.tables = tx.tables.With(tx.edit, v.ID, v)
	}
	for _, v := range f.Rounds {
		tx.rounds = tx.rounds.With(tx.edit, v.ID, v)
	}
	for _, v := range f.Companies {
		tx.companies = tx.companies.With(tx.edit, v.ID, v)
	}
	for _, v := range f.Wishes {
		tx.wishes = tx.wishes.With(tx.edit, string(v.From)+":"+string(v.To), v)
	}
	tx.importPeople(f, links)
	for _, m := range f.Meetings {
		tx.meetings = tx.meetings.With(tx.edit, m.ID, tx.completeMeeting(m))
	}
	tx.buildIndexes()
	tx.everySubject = true
}

// disableEarlierUndo removes what an undo would need from commands before an import: they changed
// another floor.
func (tx *transaction) disableEarlierUndo() {
	for key, e := range tx.history.All() {
		if len(e.Changes) > 0 {
			e.Changes = nil
			tx.history = tx.history.With(tx.edit, key, e)
		}
	}
}

// importPeople adds everyone who signs in. Each keeps the link of any earlier import, so that a secret
// that was rotated away stays invalid.
func (tx *transaction) importPeople(f Forum, old hamt.Map[LinkID, Link]) {
	link := func(w ActorID) {
		l, ok := old.Get(w.Link())
		if !ok {
			l = Link{ID: w.Link(), Who: w, Generation: 1}
		}
		tx.links = tx.links.With(tx.edit, l.ID, l)
		tx.retired = tx.retired.Without(tx.edit, l.ID)
	}
	for _, v := range f.Attendees {
		tx.attendees = tx.attendees.With(tx.edit, v.ID, v)
		tx.peopleOf = tx.peopleOf.With(tx.edit, v.Company, append(tx.peopleOf.At(v.Company), v.ID))
		link(NewActorID(RoleAttendee, v.ID))
	}
	for _, v := range f.Staff {
		tx.staff = tx.staff.With(tx.edit, v.ID, v)
		link(v.ActorID())
	}
	for _, v := range f.Interpreters {
		v.Duty = OffDuty
		tx.interpreters = tx.interpreters.With(tx.edit, v.ID, v)
		link(NewActorID(RoleInterpreter, v.ID))
	}
	for _, v := range f.Displays {
		tx.displays = tx.displays.With(tx.edit, v.ID, v)
		link(NewActorID(RoleDisplay, v.ID))
	}
}

// completeMeeting fills in what a workbook may omit: by default everyone of a company takes part.
func (tx *transaction) completeMeeting(m Meeting) Meeting {
	for _, p := range []*Party{&m.Host, &m.Guest} {
		if len(p.People) == 0 {
			p.People = tx.peopleOf.At(p.Company)
		}
		if p.Presence == "" {
			p.Presence = Expected
		}
	}
	return m
}

func (c ScheduleReleased) apply(tx *transaction) {
	tx.event.Version, tx.event.ReleasedAt = c.Version, tx.now
	tx.markChanged(eventRef(tx.event.ID))
	tx.everySubject = true
}

func (c ClockSet) apply(tx *transaction) {
	tx.clock = c.Clock
	tx.markChanged(Ref{RefClock, "clock"})
}

func (c LinkRotated) apply(tx *transaction) {
	l := tx.links.At(c.Link)
	l.Generation = c.Generation
	tx.links = tx.links.With(tx.edit, c.Link, l)
	tx.markChanged(linkRef(c.Link))
	tx.rotatedLinks = append(tx.rotatedLinks, c.Link)
}

func (c Announced) apply(tx *transaction) {
	tx.announcements = tx.announcements.With(tx.edit, c.Announcement.ID, c.Announcement)
	tx.markChanged(announcementRef(c.Announcement.ID))
}

func (c Announced) inverse() Change { return AnnouncementWithdrawn{Announcement: c.Announcement} }

func (c AnnouncementWithdrawn) apply(tx *transaction) {
	tx.announcements = tx.announcements.Without(tx.edit, c.Announcement.ID)
	tx.markChanged(announcementRef(c.Announcement.ID))
}

func (c AnnouncementWithdrawn) inverse() Change { return Announced{c.Announcement} }

func (c CommandUndone) apply(tx *transaction) {
	e, ok := tx.history.Get(c.Command)
	if !ok {
		return
	}
	e.UndoneBy = tx.record.By
	tx.history = tx.history.With(tx.edit, c.Command, e)
	for i, ref := range e.Changed { // it is now as before the command, so an earlier command can be undone too
		if r := tx.revisions.at(ref); r.Seq == tx.seq {
			r.Undo, r.As = true, e.AsOf[i]
			tx.revisions = tx.revisions.with(tx.edit, ref, r)
		}
	}
	tx.markAffected(doneRef(e.Seq))
}

// The changes of the instance's own log.
type (
	// OrganiserAdded added an organiser.
	OrganiserAdded struct {
		Organiser Organiser `json:"organiser"`
	}
	// EventRegistered added an event to the list.
	EventRegistered struct {
		Event EventEntry `json:"event"`
	}
	// PublicURLSet set the address at which phones reach the instance.
	PublicURLSet struct {
		URL string `json:"url"`
	}
	// InstanceKeySet named the instance key that links are made with, by its id.
	InstanceKeySet struct {
		Key string `json:"key"`
	}
)

func (c OrganiserAdded) apply(tx *transaction) {
	tx.organisers = tx.organisers.With(tx.edit, c.Organiser.ID, c.Organiser)
	w := NewActorID(RoleOrganiser, c.Organiser.ID)
	if !tx.links.Has(w.Link()) {
		tx.links = tx.links.With(tx.edit, w.Link(), Link{ID: w.Link(), Who: w, Generation: 1})
	}
	tx.markChanged(organiserRef(c.Organiser.ID))
}

func (c EventRegistered) apply(tx *transaction) {
	tx.events = tx.events.With(tx.edit, c.Event.ID, c.Event)
	tx.markChanged(eventRef(c.Event.ID))
}

func (c PublicURLSet) apply(tx *transaction) {
	tx.publicURL = c.URL
	tx.markChanged(Ref{RefInstance, "url"})
}

func (c InstanceKeySet) apply(tx *transaction) {
	tx.keyID = c.Key
	tx.markChanged(Ref{RefInstance, "key"})
}

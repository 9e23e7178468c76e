package floor

import "github.com/matchfloor/matchfloor/internal/hamt"

// The changes of the event as a whole.
type (
	// ForumImported holds the whole floor as it was imported.
	ForumImported struct {
		Forum Forum `json:"forum"`
	}
	// ScheduleReleased made a version of the schedule public.
	ScheduleReleased struct {
		Version int `json:"version"`
	}
	// ClockSet gave the event another clock.
	ClockSet struct {
		Clock EventClock `json:"clock"`
	}
	// LinkRotated made a link's earlier secrets void.
	LinkRotated struct {
		Link       LinkID `json:"link"`
		Generation int    `json:"generation"`
	}
	// Announced told everyone a sentence.
	Announced struct {
		Announcement Announcement `json:"announcement"`
	}
	// AnnouncementWithdrawn took it back, or time did.
	AnnouncementWithdrawn struct {
		Announcement Announcement `json:"announcement"` // whole, so that an undo can restore it
		Expired      bool         `json:"expired,omitzero"`
	}
	// CommandUndone marks a command whose changes this record compensates.
	CommandUndone struct {
		Command CommandKey `json:"command"`
	}
)

func (c ForumImported) apply(d *draft) {
	f := c.Forum
	links, merging := d.links, new(hamt.Edit)
	for id, l := range d.retired.Each() {
		links = links.With(merging, id, l)
	}
	d.State = State{
		seq: d.seq, clock: d.clock, version: d.version, event: f.Event, done: d.done, lost: d.lost, exports: d.exports, retired: links,
		derived: derived{doneAt: d.doneAt, staffAt: d.staffAt, recent: d.recent},
	}
	d.settleDone()
	d.change(importRef)
	for _, v := range f.Items {
		d.items = d.items.With(d.edit, v.ID, v)
	}
	for _, v := range f.Zones {
		d.zones = d.zones.With(d.edit, v.ID, v)
	}
	for _, v := range f.Tables {
		d.tables = d.tables.With(d.edit, v.ID, v)
	}
	for _, v := range f.Rounds {
		d.rounds = d.rounds.With(d.edit, v.ID, v)
	}
	for _, v := range f.Companies {
		d.companies = d.companies.With(d.edit, v.ID, v)
	}
	for _, v := range f.Wishes {
		d.wishes = d.wishes.With(d.edit, string(v.From)+":"+string(v.To), v)
	}
	d.importPeople(f, links)
	for _, m := range f.Meetings {
		d.meetings = d.meetings.With(d.edit, m.ID, d.completeMeeting(m))
	}
	d.derive()
	d.all = true
}

// settleDone makes what was done before an import no longer undoable: it was done
// to another floor.
func (d *draft) settleDone() {
	for key, e := range d.done.All() {
		if len(e.Changes) > 0 {
			e.Changes = nil
			d.done = d.done.With(d.edit, key, e)
		}
	}
}

// importPeople adds everyone who signs in, each with the link that they had at
// any import before, so that a secret that was rotated away stays void.
func (d *draft) importPeople(f Forum, old hamt.Map[LinkID, Link]) {
	link := func(w ActorID) {
		l, ok := old.Get(w.Link())
		if !ok {
			l = Link{ID: w.Link(), Who: w, Generation: 1}
		}
		d.links = d.links.With(d.edit, l.ID, l)
		d.retired = d.retired.Without(d.edit, l.ID)
	}
	for _, v := range f.Attendees {
		d.attendees = d.attendees.With(d.edit, v.ID, v)
		d.peopleOf = d.peopleOf.With(d.edit, v.Company, append(d.peopleOf.At(v.Company), v.ID))
		link(NewActorID(RoleAttendee, v.ID))
	}
	for _, v := range f.Staff {
		d.staff = d.staff.With(d.edit, v.ID, v)
		link(v.Who())
	}
	for _, v := range f.Interpreters {
		v.Duty = OffDuty
		d.interpreters = d.interpreters.With(d.edit, v.ID, v)
		link(NewActorID(RoleInterpreter, v.ID))
	}
	for _, v := range f.Displays {
		d.displays = d.displays.With(d.edit, v.ID, v)
		link(NewActorID(RoleDisplay, v.ID))
	}
}

// completeMeeting fills in what a workbook may leave out: everyone of a company comes.
func (d *draft) completeMeeting(m Meeting) Meeting {
	for _, p := range []*Party{&m.Host, &m.Guest} {
		if len(p.People) == 0 {
			p.People = d.peopleOf.At(p.Company)
		}
		if p.Presence == "" {
			p.Presence = Expected
		}
	}
	return m
}

func (c ScheduleReleased) apply(d *draft) {
	d.event.Version, d.event.ReleasedAt = c.Version, d.now
	d.change(eventRef(d.event.ID))
	d.all = true
}

func (c ClockSet) apply(d *draft) {
	d.clock = c.Clock
	d.change(Ref{RefClock, "clock"})
}

func (c LinkRotated) apply(d *draft) {
	l := d.links.At(c.Link)
	l.Generation = c.Generation
	d.links = d.links.With(d.edit, c.Link, l)
	d.change(linkRef(c.Link))
	d.rotated = append(d.rotated, c.Link)
}

func (c Announced) apply(d *draft) {
	d.announcements = d.announcements.With(d.edit, c.Announcement.ID, c.Announcement)
	d.change(announcementRef(c.Announcement.ID))
}

func (c Announced) inverse() Change { return AnnouncementWithdrawn{Announcement: c.Announcement} }

func (c AnnouncementWithdrawn) apply(d *draft) {
	d.announcements = d.announcements.Without(d.edit, c.Announcement.ID)
	d.change(announcementRef(c.Announcement.ID))
}

func (c AnnouncementWithdrawn) inverse() Change { return Announced{c.Announcement} }

func (c CommandUndone) apply(d *draft) {
	e, ok := d.done.Get(c.Command)
	if !ok {
		return
	}
	e.UndoneBy = d.rec.By
	d.done = d.done.With(d.edit, c.Command, e)
	for i, ref := range e.Of { // it stands as before the command, so that an earlier one can be undone too
		if r := d.revs.at(ref); r.Seq == d.seq {
			r.Undo, r.As = true, e.Was[i]
			d.revs = d.revs.with(d.edit, ref, r)
		}
	}
	d.touch(doneRef(e.Seq))
}

// The changes of the instance's own log.
type (
	// OrganiserAdded lets a person organise.
	OrganiserAdded struct {
		Organiser Organiser `json:"organiser"`
	}
	// EventRegistered lists an event.
	EventRegistered struct {
		Event EventEntry `json:"event"`
	}
	// PublicURLSet says where phones reach the instance.
	PublicURLSet struct {
		URL string `json:"url"`
	}
)

func (c OrganiserAdded) apply(d *draft) {
	d.organisers = d.organisers.With(d.edit, c.Organiser.ID, c.Organiser)
	w := NewActorID(RoleOrganiser, c.Organiser.ID)
	if !d.links.Has(w.Link()) {
		d.links = d.links.With(d.edit, w.Link(), Link{ID: w.Link(), Who: w, Generation: 1})
	}
	d.change(organiserRef(c.Organiser.ID))
}

func (c EventRegistered) apply(d *draft) {
	d.events = d.events.With(d.edit, c.Event.ID, c.Event)
	d.change(eventRef(c.Event.ID))
}

func (c PublicURLSet) apply(d *draft) {
	d.publicURL = c.URL
	d.change(Ref{RefInstance, "url"})
}

package floor

import (
	"slices"
	"strings"
)

// Erased is what an erasure makes of a log's records.
type Erased struct {
	Records []Record // all of them, in order; those that are not changed are the ones given
	Changed []int    // indexes of those that say less than before, ascending
	Known   int      // people who were to be erased and of whom the log tells, erased before or not
	People  int      // those of them who had a name, or a title, until now
	Texts   int      // texts that somebody typed and that were taken out
	Left    int      // texts that were left, and in which a name of somebody erased stands
}

// ErasePerson answers a log's records without what they say of one attendee,
// interpreter, moderator, runner or, in the instance's log, organiser: an id stands
// where the name was. What they did stays, under that id. Texts that people typed
// stay too, and are counted where the name stands in one.
//
// Like everything about erasing it changes nothing that it is given, and doing it
// again changes nothing: folding what it answers makes the state that folding the
// records does, but for what was taken out.
func ErasePerson(records []Record, who ActorID) Erased {
	if who.Role() == RoleRunner { // staff have one list, and may have changed their role
		who = NewActorID(RoleModerator, who.ID())
	}
	return (&eraser{who: who}).records(records)
}

// EraseEveryone answers a log's records without what they say of anybody, and
// without what anybody typed: announcements, reasons, skills. Companies, the agenda
// and the names of rooms and screens stay.
func EraseEveryone(records []Record) Erased { return (&eraser{everyone: true}).records(records) }

// blankSentence stands where an announcement was.
const blankSentence = "—"

// eraser goes through the records of one log.
type eraser struct {
	everyone bool
	who      ActorID // who is erased where not everyone is
	changed  bool

	known, people map[ActorID]bool
	erasedNames   []string // of those erased, as they were
	leftTexts     []string // texts that were left
	removedTexts  int
}

func (e *eraser) records(records []Record) Erased {
	e.known, e.people = map[ActorID]bool{}, map[ActorID]bool{}
	out := Erased{Records: slices.Clone(records)}
	for i, r := range records {
		e.changed = false
		changes := mapSlice(r.Changes, e.change)
		if e.changed {
			out.Records[i].Changes = changes
			out.Changed = append(out.Changed, i)
		}
	}
	for _, text := range e.leftTexts {
		if slices.ContainsFunc(e.erasedNames, func(name string) bool { return strings.Contains(text, name) }) {
			out.Left++
		}
	}
	out.Known, out.People, out.Texts = len(e.known), len(e.people), e.removedTexts
	return out
}

// change answers a change without what is to be erased. A kind that is not named here
// holds nothing of a person but ids; a test holds every kind to that.
func (e *eraser) change(c Change) Change {
	switch c := c.(type) {
	case ForumImported:
		return ForumImported{e.forum(c.Forum)}
	case OrganiserAdded:
		name, _ := e.person(NewActorID(RoleOrganiser, c.Organiser.ID), Text{En: c.Organiser.Name}, "")
		c.Organiser.Name = name.En
		return c
	case Announced:
		c.Announcement.Text = e.announcementText(c.Announcement.Text)
		return c
	case AnnouncementWithdrawn:
		c.Announcement.Text = e.announcementText(c.Announcement.Text)
		return c
	case MeetingCancelled:
		c.Reason = e.typedText(c.Reason)
		return c
	case TableClosed:
		c.Reason = e.typedText(c.Reason)
		return c
	case InterpreterRequested:
		c.Request.Skill = e.typedText(c.Request.Skill)
		return c
	}
	return c
}

func (e *eraser) forum(f Forum) Forum {
	f.Attendees = mapSlice(f.Attendees, func(a Attendee) Attendee {
		a.Name, a.Title = e.person(NewActorID(RoleAttendee, a.ID), a.Name, a.Title)
		return a
	})
	f.Staff = mapSlice(f.Staff, func(s Staff) Staff {
		s.Name, _ = e.person(NewActorID(RoleModerator, s.ID), s.Name, "")
		return s
	})
	f.Interpreters = mapSlice(f.Interpreters, func(i Interpreter) Interpreter {
		i.Name, _ = e.person(NewActorID(RoleInterpreter, i.ID), i.Name, "")
		i.Skills = slices.DeleteFunc(mapSlice(i.Skills, e.typedText), func(s string) bool { return s == "" })
		return i
	})
	f.Tables = mapSlice(f.Tables, func(t Table) Table { t.Reason = e.typedText(t.Reason); return t })
	f.Meetings = mapSlice(f.Meetings, func(m Meeting) Meeting { m.Reason = e.typedText(m.Reason); return m })
	return f
}

// person answers the name and title that somebody has from now on: their id, because
// every screen shows some name, and none.
func (e *eraser) person(w ActorID, name Text, title string) (Text, string) {
	if !e.everyone && w != e.who {
		return name, title
	}
	e.known[w] = true
	blank := Text{En: w.ID()}
	if name == blank && title == "" {
		return name, title
	}
	e.people[w], e.changed = true, true
	for _, n := range []string{name.Ko, name.Zh, name.En} {
		if n != "" && n != blank.En {
			e.erasedNames = append(e.erasedNames, n)
		}
	}
	return blank, ""
}

// typedText answers what is left of a text that somebody typed.
func (e *eraser) typedText(s string) string {
	if s == "" || !e.removes(s) {
		return s
	}
	return ""
}

func (e *eraser) announcementText(t Text) Text {
	if blank := (Text{En: blankSentence}); t != blank && e.removes(strings.Join([]string{t.Ko, t.Zh, t.En}, "\n")) {
		return blank
	}
	return t
}

// removes reports whether a text goes, and notes that it did or did not.
func (e *eraser) removes(text string) bool {
	if !e.everyone {
		e.leftTexts = append(e.leftTexts, text)
		return false
	}
	e.changed = true
	e.removedTexts++
	return true
}

// mapSlice answers another list; that which is given is a record's, and stays as it is.
func mapSlice[T any](list []T, of func(T) T) []T {
	if list == nil {
		return nil
	}
	out := make([]T, len(list))
	for i, v := range list {
		out[i] = of(v)
	}
	return out
}

package floor

import (
	"slices"
	"strings"
)

// Erased is the result of an erasure.
type Erased struct {
	Records []Record // all records, in order; unchanged ones are those that were given
	Changed []int    // indexes of the records that were changed, ascending
	Known   int      // people to be erased whom the log names or named, erased before or not
	People  int      // those of them who had a name or a title until now
	Texts   int      // typed texts that were removed
	Left    int      // typed texts that were left although the name of an erased person is in them
}

// ErasePerson returns a log's records without the personal data of one attendee, interpreter,
// moderator, runner or, in the instance's log, organiser. Their id takes the place of the name. What
// they did stays, under that id. Texts that people typed stay too; Left counts those that have the
// name in them.
//
// The functions of erasing do not change what they are given, and erasing twice has the same result
// as once. Applying the returned records makes the same state as applying those that were given, but
// without what was erased.
func ErasePerson(records []Record, who ActorID) Erased {
	if who.Role() == RoleRunner { // staff are one list, and a person's role may have changed
		who = NewActorID(RoleModerator, who.ID())
	}
	return (&eraser{who: who}).records(records)
}

// EraseEveryone returns a log's records without the personal data of everybody, and without the texts
// that people typed: announcements, reasons, skills. The names of companies, agenda items, zones and
// displays stay.
func EraseEveryone(records []Record) Erased { return (&eraser{everyone: true}).records(records) }

// blankSentence takes the place of an announcement.
const blankSentence = "—"

// eraser works through the records of one log.
type eraser struct {
	everyone bool
	who      ActorID // unless everyone
	changed  bool

	known, people map[ActorID]bool
	erasedNames   []string // the names before they were erased
	leftTexts     []string // typed texts that were left
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

// change returns a change without what must be erased. The kinds that are not listed have no personal
// data but ids; a test checks that for every kind.
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

// person returns the name and title that somebody has from now on: the id as the name, because every
// screen shows some name, and no title.
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

// typedText returns what is left of a text that somebody typed.
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

// removes reports whether a text must be removed, and counts it.
func (e *eraser) removes(text string) bool {
	if !e.everyone {
		e.leftTexts = append(e.leftTexts, text)
		return false
	}
	e.changed = true
	e.removedTexts++
	return true
}

// mapSlice returns a new slice: the one that is given belongs to a record, and must not change.
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

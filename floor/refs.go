package floor

import (
	"slices"
	"strings"

	"github.com/matchfloor/matchfloor/internal/hamt"
)

// Ref names a thing that changes: a meeting, a table, one side of a meeting. A [CardRef] names a
// card, which shows one or several things to one audience.
//
// The text form "<kind>/<id>" is data: it stands in stored states, in cards and records (Of), and
// in the parameter "of" of errors.
type Ref struct {
	Kind RefKind
	ID   string
}

// RefKind is the kind of thing that a [Ref] names.
type RefKind string

// The kinds of things. Most are named as their card is.
const (
	RefForum        RefKind = "forum"    // only "forum/import": the whole floor; see importRef
	RefInstance     RefKind = "instance" // only "instance/url" and "instance/key"
	RefEvent        RefKind = "event"
	RefClock        RefKind = "clock" // only "clock/clock"
	RefLink         RefKind = "link"
	RefOrganiser    RefKind = "organiser"
	RefRound        RefKind = "round"
	RefItem         RefKind = "item"
	RefAnnouncement RefKind = "announcement"
	RefMeeting      RefKind = "meeting"
	RefSide         RefKind = "side" // "<meeting>:<side>"
	RefTable        RefKind = "table"
	RefAttendee     RefKind = "attendee"
	RefInterpreter  RefKind = "interpreter"
	RefRequest      RefKind = "request"
	RefNotice       RefKind = "notice"
	RefLost         RefKind = "lost"
	RefDone         RefKind = "done" // a command, by the sequence number of its record

	// Parts of a notice: they are affected, and never have a revision.
	RefSeen   RefKind = "seen"   // "<notice>:<role>:<id>": that a person has seen it
	RefUnseen RefKind = "unseen" // "<notice>:<role>:<id>": that a person was told of it in person
	RefSent   RefKind = "sent"   // "<notice>": whom it has reached
)

// String returns the text form.
func (r Ref) String() string { return string(r.Kind) + "/" + r.ID }

// ParseRef returns the ref of a text form. It accepts any text: what has no slash becomes a kind.
func ParseRef(text string) Ref {
	kind, id, _ := strings.Cut(text, "/")
	return Ref{RefKind(kind), id}
}

func eventRef(id EventID) Ref               { return Ref{RefEvent, string(id)} }
func linkRef(id LinkID) Ref                 { return Ref{RefLink, string(id)} }
func organiserRef(id OrganiserID) Ref       { return Ref{RefOrganiser, string(id)} }
func roundRef(id RoundID) Ref               { return Ref{RefRound, string(id)} }
func itemRef(id ItemID) Ref                 { return Ref{RefItem, string(id)} }
func announcementRef(id AnnouncementID) Ref { return Ref{RefAnnouncement, string(id)} }
func meetingRef(id MeetingID) Ref           { return Ref{RefMeeting, string(id)} }
func sideRef(id MeetingID, side Side) Ref   { return Ref{RefSide, string(id) + ":" + string(side)} }
func tableRef(id TableID) Ref               { return Ref{RefTable, string(id)} }
func attendeeRef(id AttendeeID) Ref         { return Ref{RefAttendee, string(id)} }
func interpreterRef(id InterpreterID) Ref   { return Ref{RefInterpreter, string(id)} }
func requestRef(id RequestID) Ref           { return Ref{RefRequest, string(id)} }
func noticeRef(id NoticeID) Ref             { return Ref{RefNotice, string(id)} }
func sentRef(id NoticeID) Ref               { return Ref{RefSent, string(id)} }
func lostRef(id LostID) Ref                 { return Ref{RefLost, string(id)} }
func doneRef(seq uint64) Ref                { return Ref{RefDone, seqID(seq)} }

func seenRef(id NoticeID, w ActorID) Ref   { return Ref{RefSeen, string(id) + ":" + string(w)} }
func unseenRef(id NoticeID, w ActorID) Ref { return Ref{RefUnseen, string(id) + ":" + string(w)} }

// importRef stands for the whole floor. Every import changes it, and every command that checks a
// base checks it too, so that a command decided on the floor before an import is stale.
var importRef = Ref{RefForum, "import"}

// card returns the ref of the thing whose card shows r: a side is shown with its meeting.
func (r Ref) card() Ref {
	if r.Kind == RefSide {
		meeting, _, _ := strings.Cut(r.ID, ":")
		return Ref{RefMeeting, meeting}
	}
	return r
}

// cardTexts returns the text forms of the things whose cards show refs, each once.
func cardTexts(refs []Ref) []string {
	out := make([]string, 0, len(refs))
	for _, ref := range refs {
		if text := ref.card().String(); !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// revisions holds the revision of each thing that has changed, by the text form of its ref.
type revisions struct {
	byText hamt.Map[string, revision]
}

func (r revisions) at(ref Ref) revision { return r.byText.At(ref.String()) }

func (r revisions) with(edit *hamt.Edit, ref Ref, of revision) revisions {
	return revisions{r.byText.With(edit, ref.String(), of)}
}

func (r revisions) without(edit *hamt.Edit, ref Ref) revisions {
	return revisions{r.byText.Without(edit, ref.String())}
}

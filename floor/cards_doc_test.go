package floor

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/matchfloor/matchfloor/internal/golden"
)

// cardKinds lists every kind of card: its subject, key and fields, and when there is one. docs/CARDS.md is
// written from it, and every view is checked against it.
var cardKinds = []struct {
	subject, key string
	card         Card
	when         string
}{
	{"everyone", "clock/clock", ClockCard{}, "always; wall time and event time"},
	{"everyone", "event/<event>", EventCard{}, "after the import"},
	{"everyone", "round/<round>", RoundCard{}, "after the import"},
	{"everyone", "item/<item>", ItemCard{}, "after the import; a matching session's state and times are its rounds'"},
	{"everyone", "zone/<zone>", ZoneCard{}, "after the import"},
	{"everyone", "announcement/<announcement>", AnnouncementCard{}, "until withdrawn or `until`"},
	{"attendee:<id>", "me/<attendee>", AttendeeSelfCard{}, "always; the attendee's own"},
	{"attendee:<id>", "meeting/<meeting>", OwnMeetingCard{}, "released; the attendee takes part"},
	{"attendee:<id>", "request/<request>", OwnRequestCard{}, "the meeting's request is open"},
	{"attendee:<id>", "notice/<notice>", OwnNoticeCard{}, "until acknowledged, expired or withdrawn"},
	{"attendee:<id>", "lost/<lost>", LostCard{}, "a command of the attendee was lost, until dismissed; wall time"},
	{"interpreter:<id>", "self/<interpreter>", InterpreterSelfCard{}, "always; the interpreter's own"},
	{"interpreter:<id>", "assignment/<meeting>", AssignmentCard{}, "released; the interpreter is assigned"},
	{"interpreter:<id>", "offer/<request>", OfferCard{}, "open, and: claimed by the interpreter, or not yet served and the interpreter is on duty, speaks its pair and has its skill"},
	{"interpreter:<id>", "notice/<notice>", OwnNoticeCard{}, "until acknowledged, expired or withdrawn"},
	{"interpreter:<id>", "lost/<lost>", LostCard{}, "a command of the interpreter was lost, until dismissed; wall time"},
	{"moderator", "company/<company>", CompanyCard{}, "always"},
	{"moderator", "attendee/<attendee>", AttendeeCard{}, "always"},
	{"moderator", "interpreter/<interpreter>", InterpreterCard{}, "always"},
	{"moderator", "staff/<staff>", StaffCard{}, "always"},
	{"moderator", "display/<display>", DisplayCard{}, "always"},
	{"moderator", "table/<table>", TableCard{}, "always"},
	{"moderator", "meeting/<meeting>", MeetingCard{}, "always; a place without round and table is the tray"},
	{"moderator", "request/<request>", RequestCard{}, "while open"},
	{"moderator", "notice/<notice>", NoticeCard{}, "until expired or withdrawn"},
	{"moderator", "sent/<notice>", DeliveryCard{}, "until it has been delivered to everyone"},
	{"moderator", "unseen/<notice>:<role>:<id>", UnseenCard{}, "until that person acknowledges it"},
	{"moderator", "lost/<lost>", LostCard{}, "a command of anybody was lost, until dismissed; wall time"},
	{"moderator", "done/<sequence>", HistoryCard{}, "the last 40 commands of organisers, moderators and runners"},
	{"display:<zone>", "board/<zone>:<table>", BoardCard{}, "always; a table of the zone"},
	{"display:<zone>", "seat/<zone>:<meeting>", SeatCard{}, "released; the meeting's table is in the zone"},
}

const cardsDoc = "../docs/CARDS.md"

// TestCardsDoc_IsCurrent compares docs/CARDS.md with cardKinds, and so with the code.
func TestCardsDoc_IsCurrent(t *testing.T) {
	data, err := os.ReadFile(cardsDoc)
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(string(data), "<!-- table -->\n")
	if !ok {
		t.Fatal("docs/CARDS.md has no <!-- table --> mark")
	}
	golden.Compare(t, cardsDoc, head+"<!-- table -->\n"+cardTable())
}

func cardTable() string {
	var b strings.Builder
	subject := ""
	for _, k := range cardKinds {
		if k.subject != subject {
			subject = k.subject
			fmt.Fprintf(&b, "\n## %s\n\n| key | when | fields |\n|---|---|---|\n", strings.NewReplacer("<", "‹", ">", "›").Replace(subject))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.key, k.when, strings.Join(fieldsOf(reflect.TypeOf(k.card)), ", "))
	}
	return b.String()
}

// fieldsOf returns the JSON names and types of a struct's fields. Those that may be absent end with "?".
func fieldsOf(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			out = append(out, fieldsOf(f.Type)...)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if options != "" {
			name += "?"
		}
		out = append(out, fmt.Sprintf("`%s` %s", name, typeName(f.Type)))
	}
	return out
}

func typeName(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Slice:
		return "list of " + typeName(t.Elem())
	case t == reflect.TypeFor[Instant]():
		return "instant"
	case t == reflect.TypeFor[Text]():
		return "text"
	case t == reflect.TypeFor[ActorID]():
		return "who"
	case t.Kind() == reflect.Struct:
		return "{" + strings.Join(fieldsOf(t), ", ") + "}"
	case t.Kind() == reflect.String && t.Name() != "string":
		return strings.ToLower(strings.TrimSuffix(t.Name(), "ID"))
	}
	return t.Kind().String()
}

// TestViews_HaveOnlyDocumentedCards also shows that every documented kind appears in some transcript.
func TestViews_HaveOnlyDocumentedCards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.play(t)
		for _, subject := range w.subjects() {
			for key, card := range w.now().View(subject) {
				checkKind(t, subject, key, card)
			}
		}
	})
	seen := map[string]bool{}
	for _, file := range transcripts(t) {
		s := newScript(t)
		s.each = func(now State) {
			for _, subject := range everySubject(now) {
				for key, card := range now.View(subject) {
					seen[checkKind(t, subject, key, card)] = true
				}
			}
		}
		s.play(file.text)
	}
	for _, k := range cardKinds {
		if name := k.subject + " " + k.key; !seen[name] {
			t.Errorf("%s never appeared", name)
		}
	}
}

func everySubject(s State) []Subject {
	all := []Subject{Everyone, Moderator}
	for z := range s.zones.All() {
		all = append(all, displaySubject(z))
	}
	for a := range s.attendees.All() {
		all = append(all, Subject(NewActorID(RoleAttendee, a)))
	}
	for i := range s.interpreters.All() {
		all = append(all, Subject(NewActorID(RoleInterpreter, i)))
	}
	return all
}

func checkKind(t interface{ Fatalf(string, ...any) }, subject Subject, key CardKey, card Card) string {
	role, _, _ := strings.Cut(string(subject), ":")
	kind, _, _ := strings.Cut(string(key), "/")
	for _, k := range cardKinds {
		if strings.HasPrefix(k.subject, role) && strings.HasPrefix(k.key, kind+"/") {
			if reflect.TypeOf(card) != reflect.TypeOf(k.card) {
				t.Fatalf("%s %s is a %T", subject, key, card)
			}
			return k.subject + " " + k.key
		}
	}
	t.Fatalf("%s has a card %s, which docs/CARDS.md does not list", subject, key)
	return ""
}

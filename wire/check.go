package wire

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/matchfloor/matchfloor/floor"
)

// checkBody returns a problem for a value that no command of its kind may have in any
// state of the floor: an invalid id, a text with control characters, a number out of
// range. It returns nil for a valid body.
func checkBody(body floor.Command) *Problem {
	if p := checkFields(reflect.ValueOf(body)); p != nil {
		return p
	}
	switch c := body.(type) {
	case floor.CallSlot:
		return checkSlot(c.SlotRef)
	case floor.StartSlot:
		return checkSlot(c.SlotRef)
	case floor.EndSlot:
		return checkSlot(c.SlotRef)
	case floor.ExtendSlot:
		return firstOf(checkSlot(c.SlotRef), require("minutes", c.Minutes != 0 && -30 <= c.Minutes && c.Minutes <= 120))
	case floor.SetClock:
		return firstOf(require("event", c.Event >= 1 && c.Event <= MaxInteger), require("rate", 1 <= c.Rate && c.Rate <= 60))
	case floor.Announce:
		return firstOf(require("text", !c.Text.Empty()), require("minutes", 0 <= c.Minutes && c.Minutes <= 240))
	case floor.MoveMeeting:
		return checkMove(c)
	case floor.RequestInterpreter:
		return require("skill", utf8.RuneCountInString(c.Skill) <= MaxSkill)
	case floor.DismissLost:
		return require("lost", 1 <= len(c.Lost) && len(c.Lost) <= MaxDismiss)
	case floor.MarkTold:
		return require("who", 1 <= len(c.Who) && len(c.Who) <= MaxTold)
	case floor.AcknowledgeNotices:
		return require("notices", 1 <= len(c.Notices) && len(c.Notices) <= MaxNotices)
	}
	return nil
}

func checkSlot(ref floor.SlotRef) *Problem {
	return require("round", (ref.Round == "") != (ref.Item == ""))
}

func checkMove(c floor.MoveMeeting) *Problem {
	somewhere := c.Table != "" || c.Round != ""
	return require("table", c.Tray != somewhere)
}

// checkFields checks every field of a command by its type, so that a new command
// cannot have an unchecked id or text.
func checkFields(v reflect.Value) *Problem {
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		if field.Anonymous {
			if p := checkFields(value); p != nil {
				return p
			}
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		mayLack := strings.Contains(options, "omit")
		if !validValue(value, mayLack) {
			return badValue(name)
		}
	}
	return nil
}

// validValue reports whether one field of a command is valid; mayLack permits its zero
// value.
func validValue(v reflect.Value, mayLack bool) bool {
	if v.Kind() == reflect.Slice {
		for i := range v.Len() {
			if !validValue(v.Index(i), false) {
				return false
			}
		}
		return true
	}
	if mayLack && v.IsZero() {
		return true
	}
	switch x := v.Interface().(type) {
	case floor.Text:
		return isPlainText(x.Ko, MaxSentence) && isPlainText(x.Zh, MaxSentence) && isPlainText(x.En, MaxSentence)
	case floor.LinkID:
		return validLink(string(x))
	case floor.ActorID:
		return floor.ValidID(x.ID()) && (x.Role() == floor.RoleAttendee || x.Role() == floor.RoleInterpreter)
	case floor.CommandKey:
		link, id, ok := strings.Cut(string(x), "/")
		return ok && validLink(link) && floor.ValidID(id)
	case floor.Pair:
		return validPair.MatchString(string(x))
	case floor.Side:
		return x == floor.Host || x == floor.Guest
	case floor.Duty:
		return x == floor.OffDuty || x == floor.OnDuty || x == floor.OnBreak
	case string:
		return isPlainText(x, MaxReason)
	}
	if v.Kind() == reflect.String {
		return floor.ValidID(v.String()) // every other string type of floor's commands is an id
	}
	return true
}

var validPair = regexp.MustCompile(`^[a-z]{2,3}-[a-z]{2,3}$`)

// linkRoles are the roles that have links.
var linkRoles = []floor.Role{
	floor.RoleOrganiser, floor.RoleModerator, floor.RoleRunner, floor.RoleInterpreter, floor.RoleAttendee, floor.RoleDisplay,
}

// validLink reports whether s is "<role>-<id>".
func validLink(s string) bool {
	role, id, ok := strings.Cut(s, "-")
	return ok && slices.Contains(linkRoles, floor.Role(role)) && floor.ValidID(id)
}

// isPlainText reports whether s has at most limit characters, all of which are displayed
// as they are stored: no control characters, no line or paragraph separators, and no
// bidirectional controls, which would reorder the text around them.
func isPlainText(s string, limit int) bool {
	return utf8.RuneCountInString(s) <= limit && !strings.ContainsFunc(s, isMisleading)
}

func isMisleading(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) ||
		r == '\uFEFF' || r == utf8.RuneError
}

func require(field string, ok bool) *Problem {
	if ok {
		return nil
	}
	return badValue(field)
}

func firstOf(problems ...*Problem) *Problem {
	for _, p := range problems {
		if p != nil {
			return p
		}
	}
	return nil
}

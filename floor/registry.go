package floor

import (
	"maps"
	"reflect"
	"slices"
	"unicode"
	"unicode/utf8"
)

// changeTypes is every change by its name in the log. A name is never reused.
var changeTypes = byName[ChangeKind, Change](
	ForumImported{}, ScheduleReleased{}, ClockSet{}, LinkRotated{},
	Announced{}, AnnouncementWithdrawn{}, CommandUndone{},
	SlotCalled{}, SlotStarted{}, SlotExtended{}, SlotEnded{}, SlotsShifted{}, MinutesAnnounced{},
	MeetingMoved{}, MeetingsSwapped{}, MeetingCancelled{}, MeetingLocked{}, InterpreterAssigned{}, TableClosed{},
	AttendeeCheckedIn{}, SideMarked{}, GraceEnded{},
	NoticeIssued{}, NoticeSeen{}, NoticeDropped{}, NoticeWithdrawn{}, NoticeDelivered{}, NoticeTold{},
	DutySet{}, InterpreterRequested{}, RequestProgressed{}, RequestEscalated{}, RequestsFiled{},
	OrganiserAdded{}, EventRegistered{}, PublicURLSet{},
	VersionRaised{}, CommandLost{}, LostDismissed{}, Exported{}, // a later kind also stands in kindVersions
)

// commandTypes is every command by its name on the wire.
var commandTypes = byName[CommandKind, Command](
	ImportForum{}, Release{}, SetClock{}, RotateLink{}, Announce{}, Withdraw{}, Undo{},
	Call{}, Start{}, Extend{}, End{},
	MoveMeeting{}, SwapMeetings{}, CancelMeeting{}, LockMeeting{}, CloseTable{}, OpenTable{},
	CheckIn{}, MarkPresent{}, MarkNoShow{}, Seen{}, MarkDelivered{}, MarkTold{},
	SetDuty{}, RequestInterpreter{}, ClaimRequest{}, SetOut{}, Arrive{}, ReleaseRequest{}, CancelRequest{},
	TimePassed{}, AddOrganiser{}, RegisterEvent{}, SetPublicURL{},
	RaiseVersion{}, NameLost{}, DismissLost{}, RecordExport{},
)

func byName[K ~string, T any](values ...T) map[K]reflect.Type {
	m := make(map[K]reflect.Type, len(values))
	for _, v := range values {
		t := reflect.TypeOf(v)
		m[K(lowerFirst(t.Name()))] = t
	}
	return m
}

func lowerFirst(name string) string {
	r, n := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(r)) + name[n:]
}

func changeKind(c Change) ChangeKind { return ChangeKind(lowerFirst(reflect.TypeOf(c).Name())) }

// KindOf answers a command's name.
func KindOf(c Command) CommandKind { return CommandKind(lowerFirst(reflect.TypeOf(c).Name())) }

// CommandKinds answers the names of all commands, sorted.
func CommandKinds() []CommandKind { return slices.Sorted(maps.Keys(commandTypes)) }

// NewCommand answers a pointer to a zero command of a kind, for a decoder to fill;
// CommandOf then answers the command itself.
func NewCommand(k CommandKind) (pointer any, ok bool) {
	t, ok := commandTypes[k]
	if !ok {
		return nil, false
	}
	return reflect.New(t).Interface(), true
}

// CommandOf answers the command that a pointer of NewCommand points to.
func CommandOf(pointer any) Command { return reflect.ValueOf(pointer).Elem().Interface().(Command) }

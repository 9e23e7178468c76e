package floor

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// changeTypes holds the type of every change by its name in the log. The names are data: they
// stand in stored records and stay when a type is renamed. A name is never reused. A kind that is
// added also needs an entry in kindVersions.
var changeTypes = map[ChangeKind]reflect.Type{
	"forumImported":    reflect.TypeFor[ForumImported](),
	"scheduleReleased": reflect.TypeFor[ScheduleReleased](),
	"clockSet":         reflect.TypeFor[ClockSet](),
	"linkRotated":      reflect.TypeFor[LinkRotated](),

	"announced":             reflect.TypeFor[Announced](),
	"announcementWithdrawn": reflect.TypeFor[AnnouncementWithdrawn](),
	"commandUndone":         reflect.TypeFor[CommandUndone](),

	"slotCalled":       reflect.TypeFor[SlotCalled](),
	"slotStarted":      reflect.TypeFor[SlotStarted](),
	"slotExtended":     reflect.TypeFor[SlotExtended](),
	"slotEnded":        reflect.TypeFor[SlotEnded](),
	"slotsShifted":     reflect.TypeFor[SlotsShifted](),
	"minutesAnnounced": reflect.TypeFor[MinutesAnnounced](),

	"meetingMoved":        reflect.TypeFor[MeetingMoved](),
	"meetingsSwapped":     reflect.TypeFor[MeetingsSwapped](),
	"meetingCancelled":    reflect.TypeFor[MeetingCancelled](),
	"meetingLocked":       reflect.TypeFor[MeetingLocked](),
	"interpreterAssigned": reflect.TypeFor[InterpreterAssigned](),
	"tableClosed":         reflect.TypeFor[TableClosed](),

	"attendeeCheckedIn": reflect.TypeFor[AttendeeCheckedIn](),
	"sideMarked":        reflect.TypeFor[SideMarked](),
	"graceEnded":        reflect.TypeFor[GraceEnded](),

	"noticeIssued":    reflect.TypeFor[NoticeIssued](),
	"noticeSeen":      reflect.TypeFor[NoticeSeen](),
	"noticeDropped":   reflect.TypeFor[NoticeDropped](),
	"noticeWithdrawn": reflect.TypeFor[NoticeWithdrawn](),
	"noticeDelivered": reflect.TypeFor[NoticeDelivered](),
	"noticeTold":      reflect.TypeFor[NoticeTold](),

	"dutySet":              reflect.TypeFor[DutySet](),
	"interpreterRequested": reflect.TypeFor[InterpreterRequested](),
	"requestProgressed":    reflect.TypeFor[RequestProgressed](),
	"requestEscalated":     reflect.TypeFor[RequestEscalated](),
	"requestsFiled":        reflect.TypeFor[RequestsFiled](),

	"organiserAdded":  reflect.TypeFor[OrganiserAdded](),
	"eventRegistered": reflect.TypeFor[EventRegistered](),
	"publicURLSet":    reflect.TypeFor[PublicURLSet](),
	"instanceKeySet":  reflect.TypeFor[InstanceKeySet](),

	"versionRaised": reflect.TypeFor[VersionRaised](),
	"commandLost":   reflect.TypeFor[LostReported](),
	"lostDismissed": reflect.TypeFor[LostDismissed](),
	"exported":      reflect.TypeFor[Exported](),
}

// commandTypes holds the type of every command by its name on the wire, in records and in
// metrics. The names are data: they stay when a type is renamed. The pages' types are generated
// from this literal too (see static/bundle).
var commandTypes = map[CommandKind]reflect.Type{
	"importForum": reflect.TypeFor[ImportForum](),
	"release":     reflect.TypeFor[ReleaseSchedule](),
	"setClock":    reflect.TypeFor[SetClock](),
	"rotateLink":  reflect.TypeFor[RotateLink](),
	"announce":    reflect.TypeFor[Announce](),
	"withdraw":    reflect.TypeFor[WithdrawAnnouncement](),
	"undo":        reflect.TypeFor[Undo](),

	"call":   reflect.TypeFor[CallSlot](),
	"start":  reflect.TypeFor[StartSlot](),
	"extend": reflect.TypeFor[ExtendSlot](),
	"end":    reflect.TypeFor[EndSlot](),

	"moveMeeting":   reflect.TypeFor[MoveMeeting](),
	"swapMeetings":  reflect.TypeFor[SwapMeetings](),
	"cancelMeeting": reflect.TypeFor[CancelMeeting](),
	"lockMeeting":   reflect.TypeFor[LockMeeting](),
	"closeTable":    reflect.TypeFor[CloseTable](),
	"openTable":     reflect.TypeFor[OpenTable](),

	"checkIn":       reflect.TypeFor[CheckIn](),
	"markPresent":   reflect.TypeFor[MarkPresent](),
	"markNoShow":    reflect.TypeFor[MarkNoShow](),
	"seen":          reflect.TypeFor[AcknowledgeNotices](),
	"markDelivered": reflect.TypeFor[MarkDelivered](),
	"markTold":      reflect.TypeFor[MarkTold](),

	"setDuty":            reflect.TypeFor[SetDuty](),
	"requestInterpreter": reflect.TypeFor[RequestInterpreter](),
	"claimRequest":       reflect.TypeFor[ClaimRequest](),
	"setOut":             reflect.TypeFor[MarkInterpreterDeparted](),
	"arrive":             reflect.TypeFor[MarkInterpreterArrived](),
	"releaseRequest":     reflect.TypeFor[ReleaseRequest](),
	"cancelRequest":      reflect.TypeFor[CancelRequest](),

	"timePassed":    reflect.TypeFor[ApplyDue](),
	"addOrganiser":  reflect.TypeFor[AddOrganiser](),
	"registerEvent": reflect.TypeFor[RegisterEvent](),
	"setPublicURL":  reflect.TypeFor[SetPublicURL](),

	"setInstanceKey": reflect.TypeFor[SetInstanceKey](),

	"raiseVersion": reflect.TypeFor[RaiseVersion](),
	"nameLost":     reflect.TypeFor[ReportLost](),
	"dismissLost":  reflect.TypeFor[DismissLost](),
	"recordExport": reflect.TypeFor[RecordExport](),
}

// changeKinds and commandKinds are the same tables the other way round.
var (
	changeKinds  = namesByType(changeTypes)
	commandKinds = namesByType(commandTypes)
)

// namesByType returns the name of each type. It panics if a type has two names.
func namesByType[K ~string](types map[K]reflect.Type) map[reflect.Type]K {
	names := make(map[reflect.Type]K, len(types))
	for name, t := range types {
		if other, ok := names[t]; ok {
			panic(fmt.Sprintf("floor: %v has two names, %q and %q", t, name, other))
		}
		names[t] = name
	}
	return names
}

// kindIn returns the name of v's type. It panics if the table does not hold the type: that is a
// mistake in the program, and a record without a kind could not be read back.
func kindIn[K ~string](names map[reflect.Type]K, v any) K {
	name, ok := names[reflect.TypeOf(v)]
	if !ok {
		panic(fmt.Sprintf("floor: %T has no name in the registry", v))
	}
	return name
}

func changeKind(c Change) ChangeKind { return kindIn(changeKinds, c) }

// KindOf returns a command's name on the wire.
func KindOf(c Command) CommandKind { return kindIn(commandKinds, c) }

// CommandKinds returns the names of all commands, sorted.
func CommandKinds() []CommandKind { return slices.Sorted(maps.Keys(commandTypes)) }

// NewCommand returns a pointer to a zero command of a kind, for a decoder to fill.
// CommandOf then returns the command itself.
func NewCommand(k CommandKind) (pointer any, ok bool) {
	t, ok := commandTypes[k]
	if !ok {
		return nil, false
	}
	return reflect.New(t).Interface(), true
}

// CommandOf returns the command that a pointer of NewCommand points to.
func CommandOf(pointer any) Command { return reflect.ValueOf(pointer).Elem().Interface().(Command) }

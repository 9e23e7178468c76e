package floor

// Command is something that a person, or the clock, asks of the floor. Each
// concrete type below is one; KindOf answers its name.
type Command interface {
	decide(*decision) *Error
}

// CommandKind is a command's name on the wire and in the rights table.
type CommandKind string

// Envelope is a command with what came around it.
type Envelope struct {
	Key           CommandKey
	By            ActorID
	BaseSeq       uint64       // the sequence that the sender's screen showed; 0 with Unconditional
	Unconditional bool         // the sender claims no base: staleness is not checked (clock, import, programs)
	DependsOn     []CommandKey // earlier commands of the same outbox whose changes are no staleness
	NotAfter      Instant      // wall time after which the command must not be applied; 0: never
	ReceivedAt    Instant      // the node's wall time, corrected by the journal's clock
	Version       int          // that a log begins at whose first order this is; 0: FormatVersion
	Command       Command
}

// SlotRef names a round or an agenda item: exactly one of the two.
type SlotRef struct {
	Round RoundID `json:"round,omitzero"`
	Item  ItemID  `json:"item,omitzero"`
}

// The commands about the event as a whole.
type (
	// ImportForum sets the whole floor; it is refused after the first release.
	ImportForum struct {
		Forum Forum `json:"forum"`
	}
	// ReleaseSchedule publishes the schedule to everyone.
	ReleaseSchedule struct{}
	// SetClock sets the event's clock: it shows Event now, and runs at Rate.
	SetClock struct {
		Event Instant `json:"event"`
		Rate  int     `json:"rate"`
	}
	// RotateLink makes a link's secret void and derives a new one.
	RotateLink struct {
		Link LinkID `json:"link"`
	}
	// Announce tells everyone a sentence for Minutes (default 15).
	Announce struct {
		Text    Text `json:"text"`
		Minutes int  `json:"minutes,omitzero"`
	}
	// WithdrawAnnouncement takes an announcement back.
	WithdrawAnnouncement struct {
		Announcement AnnouncementID `json:"announcement"`
	}
	// Undo makes the changes that compensate a command of before.
	Undo struct {
		Command CommandKey `json:"command"`
	}
)

// The commands about rounds and agenda items.
type (
	// CallSlot asks everyone of a round to their tables, or into an item.
	CallSlot struct {
		SlotRef
		Last bool `json:"last,omitzero"`
	}
	// StartSlot begins a slot now.
	StartSlot struct{ SlotRef }
	// ExtendSlot gives a slot Minutes more, or fewer where negative; what follows it moves along.
	ExtendSlot struct {
		SlotRef
		Minutes int `json:"minutes"`
	}
	// EndSlot ends a running slot now.
	EndSlot struct{ SlotRef }
)

// The commands about meetings and tables.
type (
	// MoveMeeting gives a meeting another table, another round, or both; what is left out stays.
	// Tray takes it off its place instead.
	MoveMeeting struct {
		Meeting  MeetingID `json:"meeting"`
		Table    TableID   `json:"table,omitzero"`
		Round    RoundID   `json:"round,omitzero"`
		Tray     bool      `json:"tray,omitzero"`
		Override bool      `json:"override,omitzero"` // moves a locked one too
		// WithoutInterpreter gives up the assigned interpreter where they sit elsewhere in that round.
		WithoutInterpreter bool `json:"withoutInterpreter,omitzero"`
	}
	// SwapMeetings exchanges the places of two meetings.
	SwapMeetings struct {
		A MeetingID `json:"a"`
		B MeetingID `json:"b"`
	}
	// CancelMeeting takes a meeting out of the schedule.
	CancelMeeting struct {
		Meeting MeetingID `json:"meeting"`
		Reason  string    `json:"reason,omitzero"`
	}
	// LockMeeting fixes a meeting to its place, or frees it.
	LockMeeting struct {
		Meeting MeetingID `json:"meeting"`
		Locked  bool      `json:"locked"`
	}
	// CloseTable lets no further meeting be put at a table.
	CloseTable struct {
		Table  TableID `json:"table"`
		Reason string  `json:"reason,omitzero"`
	}
	// OpenTable makes a closed table usable again.
	OpenTable struct {
		Table TableID `json:"table"`
	}
)

// The commands about presence.
type (
	// CheckIn says that an attendee has arrived at the event.
	CheckIn struct {
		Attendee AttendeeID `json:"attendee"`
	}
	// MarkPresent says that one side of a meeting sits at its table.
	MarkPresent struct {
		Meeting MeetingID `json:"meeting"`
		Side    Side      `json:"side"`
	}
	// MarkNoShow says that one side of a meeting has not come.
	MarkNoShow struct {
		Meeting MeetingID `json:"meeting"`
		Side    Side      `json:"side"`
	}
	// AcknowledgeNotices says that the sender has read notices.
	AcknowledgeNotices struct {
		Notices []NoticeID `json:"notices"`
	}
)

// The commands about interpreters.
type (
	// SetDuty puts an interpreter on or off duty, or on a break.
	SetDuty struct {
		Interpreter InterpreterID `json:"interpreter"`
		Duty        Duty          `json:"duty"`
	}
	// RequestInterpreter calls for an interpreter to a meeting; Pair defaults to the meeting's own.
	RequestInterpreter struct {
		Meeting MeetingID `json:"meeting"`
		Pair    Pair      `json:"pair,omitzero"`
		Skill   string    `json:"skill,omitzero"`
	}
	// ClaimRequest takes a request. Interpreter is whom it is for: themselves, unless staff say another.
	ClaimRequest struct {
		Request     RequestID     `json:"request"`
		Interpreter InterpreterID `json:"interpreter,omitzero"`
	}
	// MarkInterpreterDeparted says that the claimant is on the way.
	MarkInterpreterDeparted struct {
		Request RequestID `json:"request"`
	}
	// MarkInterpreterArrived says that the claimant is at the table.
	MarkInterpreterArrived struct {
		Request RequestID `json:"request"`
	}
	// ReleaseRequest ends a request that was served; from before arrival it gives it back to the others.
	ReleaseRequest struct {
		Request RequestID `json:"request"`
	}
	// CancelRequest ends a request that is no longer wanted.
	CancelRequest struct {
		Request RequestID `json:"request"`
	}
)

// ApplyDue is given by the clock for one thing that fell due: see State.Due.
type ApplyDue struct {
	What  DueKind `json:"what"`
	Of    string  `json:"of"`    // the id of what it concerns
	Since uint64  `json:"since"` // the sequence of the change that set it
}

// The commands of the instance's own log.
type (
	// AddOrganiser lets another person organise.
	AddOrganiser struct {
		Organiser OrganiserID `json:"organiser"`
		Name      string      `json:"name"`
	}
	// RegisterEvent lists an event that has a log of its own.
	RegisterEvent struct {
		Event EventID `json:"event"`
		Name  Text    `json:"name"`
	}
	// SetPublicURL says under which address phones reach the instance.
	SetPublicURL struct {
		URL string `json:"url"`
	}
)

// Forum is a whole floor as a workbook describes it; times are absolute.
type Forum struct {
	Event        Event         `json:"event"`
	Items        []Item        `json:"items"`
	Zones        []Zone        `json:"zones"`
	Tables       []Table       `json:"tables"`
	Rounds       []Round       `json:"rounds"`
	Companies    []Company     `json:"companies"`
	Attendees    []Attendee    `json:"attendees"`
	Staff        []Staff       `json:"staff"`
	Interpreters []Interpreter `json:"interpreters"`
	Displays     []Display     `json:"displays"`
	Meetings     []Meeting     `json:"meetings"`
	Wishes       []Wish        `json:"wishes"`
}
